"""Score the organisations of one shelf within a task: the unchanged engine, day after day, from the state before them.

A shelf with very many accounts is only coded here, and cut by account. `part_scoring` scores the parts.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.incidents.rule_results import collect_hits
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.events.array_state import RestoredState, State, StateInvalid, nest_states, pack_texts
from seawall.events.coded_batch import CodedBatch, Vocabulary
from seawall.events.coder import UNSEEN, Coder
from seawall.events.object_ids import Joins
from seawall.pipeline.live.candidates import pack_candidate
from seawall.pipeline.live.snapshots import ladder
from seawall.pipeline.scan import ScanSettings
from seawall.spark.cutting import copy_states, write_parts
from seawall.spark.day_hits import pack_hits
from seawall.spark.event_files import EventFiles
from seawall.spark.event_parts import find_days, take_events, unpack_events
from seawall.spark.part_files import CutPlan, PartFiles
from seawall.spark.reading import EVENTS
from seawall.spark.rows import ALWAYS, BEGINNING, LakeRow
from seawall.spark.settings import CUT_ABOVE, PARTS
from seawall.spark.worker import get_ranker, get_rules
from seawall.storage import Spool, pack, unpack

STATE, CANDIDATES, HITS, DAY, STANDING, FROM, REPLAY, FILE, CUT = (
    "state", "candidates", "hits", "day", "standing", "from", "replay", "file", "cut",
)  # fmt: skip
"""Kinds of rows that scoring makes.

State after a day, candidates, rule hits and counts of a day, and what stands for the shelf as a whole; the day after which it
was scored anew, a demand to score it anew from the beginning, a file of scored events, and word that the parts of the shelf
have yet to be scored (`rows` of them). The state of a shelf that is cut has several rows: at place 0 what belongs to coding,
then the parts, then what these have in common.
"""

_encode = msgspec.json.Encoder(enc_hook=lambda number: number.item()).encode
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class ScoringTask:
    """What all tasks of scoring share.

    `homes` are the organisations that are another one's domain; `full_files` the files with as many records as an export can
    have. `since` are the shelves to score, and after which day. `events` is the folder of the table of events. A shelf with more
    than `cut_above` accounts is cut into `parts`; `coded` is the folder for what is coded of it, None to cut none.
    """

    scan: ScanSettings
    homes: Mapping[str, str]
    full_files: frozenset[str]
    since: Mapping[int, int]
    events: str | None = None
    coded: str | None = None
    cut_above: int = CUT_ABOVE
    parts: int = PARTS

    def make_engine(self) -> DetectionEngine:
        """Return an engine without state."""
        rules = get_rules(self.scan.rules, with_pack=self.scan.pack)
        return DetectionEngine(get_ranker() if self.scan.learnt else None, rules)

    def find_files(self, shelf: int) -> PartFiles:
        """Return the folder of a shelf that is cut."""
        return PartFiles(Path(self.coded or "") / f"{shelf:05d}")


def score_shelf(shelf: int, rows: Iterable[LakeRow], task: ScoringTask) -> Iterator[LakeRow]:
    """Yield what became of a shelf. `rows` are its events and files, and its state, in any order."""
    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch, ExitStack() as open_files:
        place = Path(scratch)
        received = _receive(rows, place)
        scorer = ShelfScorer(shelf, task, place)
        if received.state:
            scorer.restore(received.state, received.states)
        if not scorer.read(received.parts(place)):
            yield LakeRow(REPLAY, shelf)
            return
        yield LakeRow(FROM, shelf, scorer.since)
        if scorer.parts:
            yield from scorer.cut(received.files, received.joined)
            return
        files = None
        if task.events is not None:
            held = received.files.get(0, [])
            files = open_files.enter_context(EventFiles(Path(task.events), place, shelf, held, scorer.since))
        yield from scorer.score(files)
        yield scorer.describe_standing(received.joined)
        if files is not None:
            for name, month, count in files.finish():
                yield LakeRow(FILE, shelf, ALWAYS, rows=count, names=(name, month))


@dataclass(slots=True)
class _Received:
    """Hold what came for a shelf: the state and those of its parts, the table's files by part, and how long events are."""

    state: bytes = b""
    states: dict[int, Path] = field(default_factory=dict)
    files: dict[int, list[tuple[str, str, int]]] = field(default_factory=lambda: defaultdict(list))
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
            elif row.kind == STATE and row.place:
                received.states[row.place] = place / f"state-{row.place}"
                received.states[row.place].write_bytes(row.content)
            elif row.kind == STATE:
                received.state = row.content
            elif row.kind == FILE:
                received.files[row.place].append((row.names[0], row.names[1], row.rows))
            elif row.kind == STANDING:
                received.joined = msgspec.json.decode(row.content)["joined"]
    return received


class ShelfScorer:
    """Score the days of a shelf after `since`, the day of its state. `parts` is their number if it is cut, else 0."""

    def __init__(self, shelf: int, task: ScoringTask, place: Path) -> None:
        self.shelf, self.since, self.parts = shelf, task.since[shelf], 0
        self._task, self._files = task, task.find_files(shelf)
        rules = get_rules(task.scan.rules, with_pack=task.scan.pack)
        self._engine = task.make_engine()
        self._coder = Coder(marks=rules.mark, homes=task.homes)
        self._meter = CoverageMeter(task.full_files)
        folder = place / "spool"
        folder.mkdir()
        self._folder = folder
        self._spool = Spool(folder)
        self._restored = False

    def restore(self, content: bytes, states: Mapping[int, Path]) -> None:
        """Restore a state; `states` are the files of those of its parts, by place.

        One that is damaged or of another version leads to scoring from the beginning.
        """
        try:
            saved = RestoredState(unpack(zstandard.ZstdDecompressor().decompress(content)))
            self._coder.restore(saved.part("coder").arrays())
            self._meter.restore(saved.part("meter"))
            if states:
                self.parts = copy_states(self._files, states, self._task.make_engine)
            else:
                self._engine.restore(saved.part("engine").arrays())
        except (StateInvalid, zstandard.ZstdError):
            return
        self._restored = True

    def read(self, parts: Iterable[bytes]) -> bool:
        """Code the events after the state. Return whether scoring may go on.

        No, if an earlier day would now be another, or if the shelf was in one piece and is now too large.
        """
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
        is_large = self._task.coded is not None and self._sizes()[0] > self._task.cut_above
        if self.since == BEGINNING:
            self.parts = self._task.parts if is_large else 0
            return True
        return bool(self.parts or not is_large) and not _is_past_changed(before, meanings[2], sizes)

    def _sizes(self) -> tuple[int, int]:
        return len(self._coder.vocabularies["account"]), len(self._coder.vocabularies["mailbox"])

    def score(self, files: EventFiles | None) -> Iterator[LakeRow]:
        """Score the days in order, and yield candidates, hits, counts and kept states."""
        days, kept = self._list_days()
        for day in days:
            batch, duplicates = self._spool.load(day)
            scored = self.score_day(batch, day)
            if files is not None:
                files.write(day, batch, scored.event_scores())
            yield from self._describe_day(day, batch, duplicates, scored)
            if day in kept:
                yield LakeRow(STATE, self.shelf, day, content=self._pack_state())

    def _list_days(self) -> tuple[list[int], set[int]]:
        """Return the days to score, and those after which the state is kept."""
        days = self._spool.days()
        return days, ladder(set(days), days[-1]) | {days[-1]} if days else set()

    def cut(
        self, held: Mapping[int, list[tuple[str, str, int]]], joined: Iterable[Iterable[Any]]
    ) -> Iterator[LakeRow]:
        """Write the days for the tasks that score the parts, and yield counts, and of each kept state what belongs to coding.

        `held` are the present files of the table of events by part, `joined` the joins that were used before.
        """
        days, kept = self._list_days()
        self._files.write_vocabularies(self._spool.vocabularies)
        for day in days:
            batch, duplicates = self._spool.load(day)
            write_parts(self._files, batch, day, self.parts)
            self._meter.observe(batch)
            yield self._count_day(day, batch, duplicates)
            if day in kept:
                yield LakeRow(STATE, self.shelf, day, content=compress(pack(self._code_state())))
        files = [held.get(part, []) for part in range(self.parts)]
        known, notes = self._list_joined(joined), self._meter.notes()
        self._files.write_plan(CutPlan(self.parts, self.since, days, sorted(kept), files, known, notes))
        yield LakeRow(CUT, self.shelf, rows=self.parts)

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
            content = compress(msgspec.msgpack.encode(found))
            yield LakeRow(CANDIDATES, self.shelf, day, rows=len(found), content=content)
        hits = collect_hits(scored)
        if hits.counts:
            yield LakeRow(HITS, self.shelf, day, content=pack_hits(hits))
        yield self._count_day(day, batch, duplicates)

    def _count_day(self, day: int, batch: CodedBatch, duplicates: int) -> LakeRow:
        counts = {
            "events": len(batch),
            "duplicates": duplicates,
            "first": int(batch.time[0]),
            "last": int(batch.time[-1]),
        }
        return LakeRow(DAY, self.shelf, day, rows=len(batch), content=_encode(counts))

    def _pack_state(self) -> bytes:
        return compress(pack(self._code_state() | nest_states(engine=self._engine.state())))

    def _code_state(self) -> State:
        """Return the state of coding, without the names that no detector uses: these are only for people."""
        coder = self._coder.state()
        for name in UNSEEN:
            coder |= pack_texts(f"vocabularies.{name}", ())
        return nest_states(coder=coder, meter=self._meter.state())

    def _list_joined(self, before: Iterable[Iterable[Any]]) -> list[Any]:
        used = {(tenant, name): (tenant, name, *rest) for tenant, name, *rest in before}
        used |= {(one[0], one[1]): one for one in self._spool.list_used_joins()}
        return sorted(used.values())

    def describe_standing(self, joined: Iterable[Iterable[Any]]) -> LakeRow:
        """Return what holds for the shelf after its last day. `joined` are the joins that were used before."""
        engine = self._engine
        sizes = engine.behaviour.accounts(), count_state_bytes(engine)
        names = self._coder.vocabularies["org_uid"]
        known, notes = self._list_joined(joined), self._meter.notes()
        return make_standing(self.shelf, engine, names, sizes, known, notes)


def make_standing(
    shelf: int,
    engine: DetectionEngine,
    organisations: Vocabulary,
    sizes: tuple[int, int],
    joined: Sequence[Any],
    notes: Sequence[CoverageNote],
) -> LakeRow:
    """Return what holds for a shelf after its last day. `sizes` are its accounts, and the bytes of its state."""
    behaviour, fired = engine.behaviour, engine.sigma.state()
    document = {
        "active": behaviour.accounts_of(organisations),
        "accounts": sizes[0],
        "tenants": behaviour.tenants(),
        "joined": joined,
        "notes": notes,
        "state_bytes": sizes[1],
        "fired": fired["fired"].sum(axis=0).tolist(),
        "days": float(fired["days"].sum()),
        "silenced": engine.sigma.count_silenced().tolist(),
    }
    return LakeRow(STANDING, shelf, ALWAYS, content=_encode(document))


def count_state_bytes(engine: DetectionEngine) -> int:
    """Return the bytes of what an engine has learnt of accounts."""
    return engine.behaviour.state_bytes() + engine.lineage.state_bytes() + engine.orphans.nbytes()


def compress(content: bytes) -> bytes:
    """Return bytes in the form in which rows hold them."""
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
