"""Detection of what arrives gives what a scan of the same events gives, however they arrive."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from seawall import scan
from seawall.enrich import Networks, enrich
from seawall.incidents.candidates import Candidate
from seawall.incidents.coverage import CoverageMeter
from seawall.incidents.engine import Engine
from seawall.incidents.ranker import load
from seawall.lab import WorldSettings, make_world
from seawall.live.detection import DayResult, Detection, Scoring
from seawall.live.ruling import CANDIDATE_DAYS, RULED_DAYS, rule
from seawall.report.documents import incident_line
from seawall.schema.coverage import CoverageNote
from seawall.sources import read
from seawall.store import Coder, Spool, pack, unpack
from seawall.store.lake import Lake

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


class Watch:
    """As a watch does: keeps in the lake, takes, scores, and keeps what changed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.states, self.days = folder, dict[str, bytes](), dict[int, DayResult]()
        self.notes: list[CoverageNote] = []
        self.marked: set[int] = set()
        self.lake = Lake.create(folder / "lake")
        self.detection = Detection(self.lake)

    def take(self, events: pa.Table) -> None:
        self.lake.append(events)
        self.marked |= self.detection.take(events)
        self.states["ledger"] = pack(self.detection.ledger())

    def score(self, deadline: Callable[[], bool] | None = None) -> Scoring:
        scoring = self.detection.score(deadline)
        self.states |= {name: pack(state) for name, state in scoring.kept_snapshots.items()}
        for name in scoring.dropped_snapshots:
            self.states.pop(name, None)
        self.days |= scoring.days
        self.notes = scoring.notes
        self.marked = set(self.detection.dirty)
        return scoring

    def restart(self) -> None:
        """Be killed and started again: what was kept is all that is known."""
        self.lake = Lake.open(self.folder / "lake")
        self.detection = Detection(self.lake)
        self.detection.restore({name: unpack(state) for name, state in self.states.items()})
        self.detection.mark(self.marked)

    def candidates(self) -> list[Candidate]:
        return [one for _, day in sorted(self.days.items()) for one in day.candidates]

    def lines(self, budget: float | None = None) -> list[bytes]:
        ruling = rule(
            self.candidates(),
            notes=self.notes,
            accounts_by_tenant=self.days[max(self.days)].tenants,
            first_day=min(self.days),
            last_day=max(self.days),
            budget=budget,
        )
        return [incident_line(incident) for incident in ruling.incidents]


def scanned(
    tables: Sequence[pa.Table], folder: Path
) -> tuple[list[Candidate], list[CoverageNote], list[int]]:
    """What a scan finds in the same events: candidates, notes, and [events, duplicates] of all days."""
    coder, spool, engine, meter = Coder(), Spool(folder), Engine(load()), CoverageMeter()
    for one in tables:
        spool.add(coder.encode(one))
    spool.settle(*coder.settled())
    candidates: list[Candidate] = []
    counts = [0, 0]
    for day in spool.days():
        batch, duplicates = spool.load(day)
        candidates += engine.observe(batch, day).kept
        meter.observe(batch)
        counts = [counts[0] + len(batch), counts[1] + duplicates]
    return candidates, meter.notes(), counts


def events_of(logs: Path) -> list[pa.Table]:
    networks = Networks.load()
    return [enrich(one.events, networks) for one in read([logs]) if one.events.num_rows]


def world(seed: int, **changes: Any) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        wanted = {"accounts": 25, "days": 16, "attacks": 4, "density": 0.5, **changes}
        make_world(WorldSettings(seed=seed, **wanted), folder)
        return folder / "logs"

    return made


def recorded(_: Path) -> Path:
    logs = SHARED / "m365-tenant-2021"
    if not logs.exists():
        pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
    return logs


LOGS = {"one": world(31), "two": world(32, tenants=2), "recorded": recorded}


@pytest.mark.parametrize("logs", list(LOGS.values()), ids=list(LOGS))
def test_day_by_day_it_finds_what_a_scan_finds(tmp_path: Path, logs: Callable[[Path], Path]) -> None:
    place = logs(tmp_path / "world")
    tables = events_of(place)
    (tmp_path / "spool").mkdir()
    candidates, notes, counts = scanned(tables, tmp_path / "spool")
    dice = random.Random(1)
    parts = [one.slice(start, 700) for one in tables for start in range(0, one.num_rows, 700)]
    dice.shuffle(parts)
    watch = Watch(tmp_path)
    for number, part in enumerate(parts):
        watch.take(part)
        if number % max(len(parts) // 4, 1) == 0:
            watch.score()
        if number == len(parts) // 2:
            watch.restart()
    watch.score()
    assert repr(watch.candidates()) == repr(candidates)
    if max(watch.days) - min(watch.days) < CANDIDATE_DAYS:
        assert watch.notes == notes
    assert [
        sum(day.events for day in watch.days.values()),
        sum(day.duplicates for day in watch.days.values()),
    ] == counts
    if max(watch.days) - min(watch.days) < RULED_DAYS:
        scan(place, tmp_path / "scan")
        written = (tmp_path / "scan" / "incidents.jsonl").read_bytes()
        assert b"".join(watch.lines()) == written
