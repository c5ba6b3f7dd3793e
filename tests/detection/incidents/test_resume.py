"""Detection that is stopped after a day and goes on from its kept state, elsewhere, as if it had not been stopped."""

from __future__ import annotations

import dataclasses
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seawall.pipeline.scan
from seawall import scan
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.ranker import load
from seawall.events.array_state import RestoredState, State, StateInvalid, nest_states
from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool, pack, unpack
from seawall.storage.files.incident_documents import incident_line
from tests.logs import recorded, world
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

DAY = 86_400_000_000
PARTS = ("engine", "coder", "meter")


class Detection:
    """Scores days as they arrive; what it knows is a state."""

    def __init__(self, kept: bytes | None = None) -> None:
        self.engine, self.coder, self.meter = DetectionEngine(load()), Coder(), CoverageMeter()
        if kept is not None:
            state = unpack(kept)
            engine, coder, meter = (
                {name.removeprefix(f"{part}."): array for name, array in state.items() if name.startswith(f"{part}.")}
                for part in PARTS
            )  # fmt: skip
            self.engine.restore(engine)
            self.coder.restore(coder)
            self.meter.restore(RestoredState(meter))

    def kept(self) -> bytes:
        return pack(
            nest_states(engine=self.engine.state(), coder=self.coder.state(), meter=self.meter.state())
        )

    def observe(self, *tables: pa.Table) -> tuple[ScoredCandidate, ...]:
        """Score a day that came as one table or more, in any order."""
        coded = [self.coder.encode(events) for events in tables]
        with tempfile.TemporaryDirectory() as folder:
            spool = Spool(Path(folder), self.coder.actors)
            for one in coded:
                spool.add(one)
            spool.settle(*self.coder.meanings())
            (day,) = spool.days()
            batch, _ = spool.load(day)
            self.meter.observe(batch)
            return self.engine.observe(batch, day).candidates


def goes_on(kept: bytes, days: Sequence[Path]) -> tuple[list[ScoredCandidate], list[CoverageNote], bytes]:
    """Run in a process of its own: it has read nothing but the state and the days that are left."""
    detection = Detection(kept)
    candidates = [one for day in days for one in detection.observe(pq.read_table(day))]
    return candidates, detection.meter.notes(), detection.kept()


def days_of(logs: Path, folder: Path) -> list[Path]:
    """The events of logs, a file a day."""
    networks = Networks.load()
    parts = [enrich(one.events, networks) for one in read([logs]) if one.events.num_rows]
    events = pa.concat_tables([one.unify_dictionaries() for one in parts])
    day_of = events["time"].cast(pa.int64()).to_numpy() // DAY
    days = []
    for day in np.unique(day_of):
        days.append(folder / f"{day}.parquet")
        pq.write_table(events.filter(pa.array(day_of == day)), days[-1])
    return days


def lines(candidates: Sequence[ScoredCandidate], notes: Sequence[CoverageNote]) -> list[bytes]:
    cases = group(candidates)
    return [incident_line(incident(case, notes, raised=True, threshold=case.top.score)) for case in cases]


LOGS = {"one": world(31), "two": world(32, tenants=2), "recorded": recorded}


@pytest.mark.parametrize(
    "logs",
    [pytest.param(LOGS["one"], marks=pytest.mark.soak), LOGS["two"], LOGS["recorded"]],
    ids=list(LOGS),
)
def test_stopped_after_a_day_and_gone_on_with_in_another_process(
    tmp_path: Path, logs: Callable[[Path], Path]
) -> None:
    days = days_of(logs(tmp_path / "world"), tmp_path)
    stops = {len(days) // 5: b"", len(days) // 2: b"", len(days) - 1: b""}
    whole, found = Detection(), list[tuple[ScoredCandidate, ...]]()
    for number, day in enumerate(days):
        if number in stops:
            stops[number] = whole.kept()
        found.append(whole.observe(pq.read_table(day)))
    undisturbed = [one for kept in found for one in kept]
    notes = whole.meter.notes()
    assert undisturbed
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        for stop, kept in stops.items():
            later, noted, end = elsewhere.submit(goes_on, kept, days[stop:]).result()
            earlier = [one for before in found[:stop] for one in before]
            assert repr([*earlier, *later]) == repr(undisturbed)
            assert noted == notes
            assert lines([*earlier, *later], noted) == lines(undisturbed, notes)
            assert end == whole.kept()


class Restless(DetectionEngine):
    """An engine that is stopped and gone on with after every day."""

    def observe(self, batch: CodedBatch, number: int, *, keep: bool = True) -> ScoredDay:
        scored = super().observe(batch, number, keep=keep)
        self.restore(unpack(pack(self.state())))
        return scored


class RestlessMeter(CoverageMeter):
    """A meter that is stopped and gone on with after every day."""

    def observe(self, batch: CodedBatch) -> None:
        super().observe(batch)
        self.restore(RestoredState(unpack(pack(self.state()))))


def test_a_scan_that_is_stopped_every_night_writes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = world(33, tenants=2)(tmp_path / "world")
    scan(logs, tmp_path / "once")
    monkeypatch.setattr(seawall.pipeline.scan, "DetectionEngine", Restless)
    monkeypatch.setattr(seawall.pipeline.scan, "CoverageMeter", RestlessMeter)
    scan(logs, tmp_path / "nightly")
    for name in ("incidents.jsonl", "coverage.json"):
        assert (tmp_path / "nightly" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()
    assert (tmp_path / "once" / "incidents.jsonl").stat().st_size


ACTS = st.tuples(
    st.integers(0, 6),
    st.integers(0, 1400),
    st.sampled_from(("ann@x.example", "bob@x.example", "cy@y.example")),
    st.sampled_from(("own", "away", "nowhere")),
    st.sampled_from(("read", "sign_in", "fail", "revoke", "consent", "throttled", "orphan", "rule")),
)
PLACES: dict[str, dict[str, Any]] = {
    "own": {},
    "away": {"src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
             "client": "python/rest", "app_uid": "odd", "app_name": "Öd\u0000d"},
    "nowhere": {"src_ip": None, "src_prefix": None, "src_asn": None, "src_asn_name": None, "src_location": None},
}  # fmt: skip
DOINGS: dict[str, dict[str, Any]] = {
    "read": {"session_uid": "s1"},
    "sign_in": {"session_uid": "s1", "token_uid": "t1"},
    "fail": {"status": "failure", "status_code": "500121"},
    "revoke": {"kind": "directory", "activity_name": "Reset user password.", "resource_uid": "ann@x.example"},
    "consent": {"kind": "directory", "activity_name": "Consent to application."},
    "throttled": {"is_throttled": True, "item_count": 900},
    "orphan": {"session_uid": "s2", "token_uid": "t2", "org_uid": None},
    "rule": {"kind": "mail_rule", "activity_name": "New-InboxRule", "mailbox": "bob@x.example"},
}


def rows_of(acts: Sequence[tuple[int, int, str, str, str]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, (day, minute, who, place, doing) in enumerate(acts):
        make = sign_in if doing in ("sign_in", "fail") else event
        columns = {"account": who, "mailbox": who, "org_uid": who[-9:], **PLACES[place], **DOINGS[doing]}
        yield day, make(f"e{number}", day, minute - 540, **columns)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, min_size=2, max_size=40), st.data())
def test_stopped_after_any_day_of_any_history(
    acts: list[tuple[int, int, str, str, str]], data: st.DataObject
) -> None:
    days: dict[int, list[dict[str, Any]]] = {}
    for day, row in rows_of(acts):
        days.setdefault(day, []).append(row)
    tables = [table(days[day]) for day in sorted(days)]
    stop = data.draw(st.integers(0, len(tables)))
    whole, first = Detection(), Detection()
    undisturbed = [one for events in tables for one in whole.observe(events)]
    earlier = [one for events in tables[:stop] for one in first.observe(events)]
    second = Detection(first.kept())
    later = [one for events in tables[stop:] for one in second.observe(events)]
    assert repr([*earlier, *later]) == repr(undisturbed)
    assert second.meter.notes() == whole.meter.notes()
    assert second.kept() == whole.kept()


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, min_size=1, max_size=30), st.lists(ACTS, min_size=1, max_size=30), st.data())
def test_a_day_scored_again_from_the_state_before_it_is_the_same_however_it_arrived(
    before: list[tuple[int, int, str, str, str]],
    today: list[tuple[int, int, str, str, str]],
    data: st.DataObject,
) -> None:
    first = Detection()
    first.observe(table([row for _, row in rows_of([(0, *act[1:]) for act in before])]))
    kept = first.kept()
    rows = [
        {**row, "metadata_uid": f"t{n}"}
        for n, (_, row) in enumerate(rows_of([(1, *act[1:]) for act in today]))
    ]
    once = Detection(kept)
    undisturbed = once.observe(table(rows))
    arriving = data.draw(st.permutations([*rows, *data.draw(st.lists(st.sampled_from(rows), max_size=5))]))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(arriving)), max_size=3)))
    parts = [table(arriving[low:high]) for low, high in zip([0, *cuts], [*cuts, len(arriving)], strict=True)]
    arrived = [part for part in parts if part.num_rows]
    for count in range(1, len(arrived) + 1):  # as a stream would: again after each batch
        again = Detection(kept)
        candidates = again.observe(*arrived[:count])
    assert repr(candidates) == repr(undisturbed)
    assert again.meter.notes() == once.meter.notes()
    tomorrow = table([row for _, row in rows_of([(2, *act[1:]) for act in before])])
    assert repr(again.observe(tomorrow)) == repr(once.observe(tomorrow))


def learnt() -> Detection:
    detection = Detection()
    acts = [(0, 9 * n, who, place, doing) for n, (who, place, doing) in enumerate(
        (who, place, doing) for who in ("ann@x.example", "cy@y.example") for place in PLACES for doing in DOINGS
    )]  # fmt: skip
    detection.observe(table([row for _, row in rows_of(acts)]))
    return detection


LEARNT = learnt()
KEPT: dict[str, tuple[Any, State]] = {
    "engine": (LEARNT.engine, LEARNT.engine.state()),
    "coder": (LEARNT.coder, LEARNT.coder.state()),
}


@pytest.mark.parametrize("of", list(KEPT))
def test_every_array_that_is_missing_or_does_not_fit_is_refused_and_changes_nothing(of: str) -> None:
    part, state = KEPT[of]
    before = pack(part.state())
    for name, array in state.items():
        rest = {other: one for other, one in state.items() if other != name}
        for unfit in ({}, {name: np.zeros(array.shape, np.float16)}, {name: array[None]}):
            changed = {**rest, **unfit}
            with pytest.raises(StateInvalid, match=name):
                part.restore(changed)
    assert pack(part.state()) == before


def test_numbers_that_are_none_are_refused() -> None:
    engine, state = DetectionEngine(LEARNT.engine._ranker), LEARNT.engine.state()
    held = [name for name, array in state.items() if array.dtype.kind == "f" and array.size]
    assert len(held) > 20
    for name in held:
        broken = state[name].copy()
        broken.flat[0] = np.nan
        with pytest.raises(StateInvalid, match=name):
            engine.restore({**state, name: broken})


def test_a_state_of_other_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    state = LEARNT.engine.state()
    rules = list(seawall.detection.ranking.engine.RULES)
    rules[0] = dataclasses.replace(rules[0], name="another")
    monkeypatch.setattr(seawall.detection.ranking.engine, "RULES", tuple(rules))
    with pytest.raises(StateInvalid, match="other fields, rules or patterns"):
        DetectionEngine(None).restore(state)


def test_a_vocabulary_with_a_text_twice_is_refused() -> None:
    state = LEARNT.coder.state()
    state["vocabularies.kind.bytes"] = np.frombuffer(b"aa", np.uint8)
    state["vocabularies.kind.ends"] = np.array([1, 2])
    with pytest.raises(StateInvalid, match="twice"):
        Coder().restore(state)


def test_a_meter_without_the_names_that_it_needs_is_refused() -> None:
    state = LEARNT.meter.state()
    for name in ("tenants", "accounts", "kinds"):
        lacking = {f"{name}.codes": np.empty(0, np.int64), f"{name}.ends": np.empty(0, np.int64)}
        lacking[f"{name}.bytes"] = np.empty(0, np.uint8)
        with pytest.raises(StateInvalid, match="lacks a name"):
            CoverageMeter().restore(RestoredState({**state, **lacking}))


def test_a_state_is_not_changed_by_what_is_learnt_later() -> None:
    detection = learnt()
    kept = detection.engine.state()
    before = pack(kept)
    detection.observe(table([event("later", 1), sign_in("later too", 1, 9)]))
    assert pack(kept) == before
    assert pack(detection.engine.state()) != before
