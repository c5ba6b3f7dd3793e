"""Score the organisations of one shelf within a task: the unchanged engine, day after day, from the state before them.

The place where large organisations are cut: `ShelfScorer.score_day` calls `DetectionEngine.observe`, which takes all accounts
of an organisation at once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.incidents.rule_results import collect_hits
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.events.array_state import RestoredState, StateInvalid, nest_states, pack_texts
from seawall.events.coded_batch import CodedBatch
from seawall.events.coder import UNSEEN, Coder
from seawall.events.object_ids import Joins
from seawall.pipeline.live.candidates import pack_candidate
from seawall.pipeline.live.snapshots import ladder
from seawall.pipeline.scan import ScanSettings
from seawall.spark.day_hits import pack_hits
from seawall.spark.event_files import EventFiles
from seawall.spark.event_parts import find_days, take_events, unpack_events
from seawall.spark.reading import EVENTS
from seawall.spark.rows import ALWAYS, BEGINNING, LakeRow
from seawall.spark.worker import get_ranker, get_rules
from seawall.storage import Spool, pack, unpack

STATE, CANDIDATES, HITS, DAY, STANDING, FROM, REPLAY, FILE = (
    "state", "candidates", "hits", "day", "standing", "from", "replay", "file",
)  # fmt: skip
"""Kinds of rows that scoring makes.

State after a day, candidates, rule hits and counts of a day, and what stands for the shelf as a whole; the day after which it
was scored anew, a demand to score it anew from the beginning, and a file of scored events.
"""

_encode = msgspec.json.Encoder(enc_hook=lambda number: number.item()).encode
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class ScoringTask:
    """What all tasks of scoring share.

    `homes` are the organisations that are another one's domain; `full_files` the files with as many records as an export can
    have. `since` are the shelves to score, and after which day. `events` is the folder of the table of events.
    """

    scan: ScanSettings
    homes: Mapping[str, str]
    full_files: frozenset[str]
    since: Mapping[int, int]
    events: str | None = None


def score_shelf(shelf: int, rows: Iterable[LakeRow], task: ScoringTask) -> Iterator[LakeRow]:
    """Yield what became of a shelf. `rows` are its events and files, and its state, in any order."""
    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch, ExitStack() as open_files:
        place = Path(scratch)
        received = _receive(rows, place)
        scorer = ShelfScorer(shelf, task, place)
        if received.state:
            scorer.restore(received.state)
        if not scorer.read(received.parts(place)):
            yield LakeRow(REPLAY, shelf)
            return
        yield LakeRow(FROM, shelf, scorer.since)
        files = None
        if task.events is not None:
            files = open_files.enter_context(
                EventFiles(Path(task.events), place, shelf, received.files, scorer.since)
            )
        yield from scorer.score(files)
        yield scorer.describe_standing(received.joined)
        if files is not None:
            for name, month, count in files.finish():
                yield LakeRow(FILE, shelf, ALWAYS, rows=count, names=(name, month))


@dataclass(slots=True)
class _Received:
    """Hold what came for a shelf: the state, the table's files, and how long each part of events is."""

    state: bytes = b""
    files: list[tuple[str, str, int]] = field(default_factory=list)
    joined: list[list[Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def parts(self, place: Path) -> Iterator[bytes]:
        """Yield the parts of events."""
        with (place / "received").open("rb") as source:
            for size in self.sizes:
                yield source.read(size)


def _receive(rows: Iterable[LakeRow], place: Path) -> _Received:
    """Write events to disk as they come: they follow in no order, and the state must be there first."""
    received = _Received()
    with (place / "received").open("wb") as sink:
        for row in rows:
            if row.kind == EVENTS:
                sink.write(row.content)
                received.sizes.append(len(row.content))
            elif row.kind == STATE:
                received.state = row.content
            elif row.kind == FILE:
                received.files.append((row.names[0], row.names[1], row.rows))
            elif row.kind == STANDING:
                received.joined = msgspec.json.decode(row.content)["joined"]
    return received


class ShelfScorer:
    """Score the days of a shelf after `since`, the day of its state."""

    def __init__(self, shelf: int, task: ScoringTask, place: Path) -> None:
        settings = task.scan
        self.shelf, self.since = shelf, task.since[shelf]
        self._rules = get_rules(settings.rules, with_pack=settings.pack)
        self._engine = DetectionEngine(get_ranker() if settings.learnt else None, self._rules)
        self._coder = Coder(marks=self._rules.mark, homes=task.homes)
        self._meter = CoverageMeter(task.full_files)
        folder = place / "spool"
        folder.mkdir()
        self._folder = folder
        self._spool = Spool(folder)
        self._restored = False

    def restore(self, content: bytes) -> None:
        """Restore a state. One that is damaged or of another version leads to scoring from the beginning."""
        try:
            saved = RestoredState(unpack(zstandard.ZstdDecompressor().decompress(content)))
            self._coder.restore(saved.part("coder").arrays())
            self._engine.restore(saved.part("engine").arrays())
            self._meter.restore(saved.part("meter"))
        except (StateInvalid, zstandard.ZstdError):
            return
        self._restored = True

    def read(self, parts: Iterable[bytes]) -> bool:
        """Code the events after the state. Return whether scoring may go on: no, if an earlier day would now be another."""
        if self.since != BEGINNING and not self._restored:
            return False
        before, sizes = self._coder.meanings()[2], self._sizes()
        self._spool = Spool(self._folder, self._coder.actors)
        for content in parts:
            events = unpack_events(content)
            is_later = find_days(events) > self.since
            if not is_later.all():
                events = take_events(events, np.flatnonzero(is_later))
            if events.num_rows:
                self._spool.add(self._coder.encode(events))
        meanings = self._coder.meanings()
        self._spool.settle(*meanings)
        return self.since == BEGINNING or not _is_past_changed(before, meanings[2], sizes)

    def _sizes(self) -> tuple[int, int]:
        return len(self._coder.vocabularies["account"]), len(self._coder.vocabularies["mailbox"])

    def score(self, files: EventFiles | None) -> Iterator[LakeRow]:
        """Score the days in order, and yield candidates, hits, counts and kept states."""
        days = self._spool.days()
        kept = ladder(set(days), days[-1]) | {days[-1]} if days else set()
        for day in days:
            batch, duplicates = self._spool.load(day)
            scored = self.score_day(batch, day)
            if files is not None:
                files.write(day, batch, scored.event_scores())
            yield from self._describe_day(day, batch, duplicates, scored)
            if day in kept:
                yield LakeRow(STATE, self.shelf, day, content=self._pack_state())

    def score_day(self, batch: CodedBatch, day: int) -> ScoredDay:
        """Score the events of one day, then learn them."""
        scored = self._engine.observe(batch, day)
        self._meter.observe(batch)
        return scored

    def _describe_day(
        self, day: int, batch: CodedBatch, duplicates: int, scored: ScoredDay
    ) -> Iterator[LakeRow]:
        found = [pack_candidate(one) for one in scored.candidates]
        if found:
            content = _compress(msgspec.msgpack.encode(found))
            yield LakeRow(CANDIDATES, self.shelf, day, rows=len(found), content=content)
        hits = collect_hits(scored)
        if hits.counts:
            yield LakeRow(HITS, self.shelf, day, content=pack_hits(hits))
        counts = {
            "events": len(batch),
            "duplicates": duplicates,
            "first": int(batch.time[0]),
            "last": int(batch.time[-1]),
        }
        yield LakeRow(DAY, self.shelf, day, rows=len(batch), content=_encode(counts))

    def _pack_state(self) -> bytes:
        """Return the state as bytes, without the names that no detector uses: these are only for people."""
        coder = self._coder.state()
        for name in UNSEEN:
            coder |= pack_texts(f"vocabularies.{name}", ())
        state = nest_states(coder=coder, engine=self._engine.state(), meter=self._meter.state())
        return _compress(pack(state))

    def describe_standing(self, joined: Iterable[Iterable[Any]]) -> LakeRow:
        """Return what holds for the shelf after its last day. `joined` are the joins that were used before."""
        behaviour, engine = self._engine.behaviour, self._engine
        vocabularies = self._coder.vocabularies
        used = {(tenant, name): (tenant, name, *rest) for tenant, name, *rest in joined}
        used |= {(one[0], one[1]): one for one in self._spool.list_used_joins()}
        state_bytes = behaviour.state_bytes() + engine.lineage.state_bytes() + engine.orphans.nbytes()
        fired = engine.sigma.state()
        document = {
            "active": behaviour.accounts_of(vocabularies["org_uid"]),
            "accounts": behaviour.accounts(),
            "tenants": behaviour.tenants(),
            "joined": sorted(used.values()),
            "notes": self._meter.notes(),
            "state_bytes": state_bytes,
            "fired": fired["fired"].sum(axis=0).tolist(),
            "days": float(fired["days"].sum()),
            "silenced": engine.sigma.count_silenced().tolist(),
        }
        return LakeRow(STANDING, self.shelf, ALWAYS, content=_encode(document))


def _compress(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(_LEVEL).compress(content)


def _is_past_changed(before: Joins, after: Joins, sizes: tuple[int, int]) -> bool:
    """Return whether joins that days before may have used differ now. `sizes` were the numbers of accounts and mailboxes."""
    for old, new, size in (
        (before, after, sizes[0]),
        (before.mailboxes, after.mailboxes, sizes[1]),
    ):
        first = dict(zip(old.keys.tolist(), old.names.tolist(), strict=True))
        second = dict(zip(new.keys.tolist(), new.names.tolist(), strict=True))
        changed = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
        if any(key & 0xFFFFFFFF < size for key in changed):
            return True
    return False
