"""Score the parts of shelves that were cut, within tasks that run at the same time and exchange what accounts share.

A task holds some of the parts: all of them if it is the only one. Results do not depend on that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np

from seawall.detection.incidents.rule_results import collect_hits
from seawall.detection.parts.rounds import ROUNDS, ScoredPart, run_part
from seawall.detection.parts.states import separate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.tallies import Exchange, count_rows
from seawall.events.array_state import State
from seawall.events.coded_batch import CodedBatch
from seawall.pipeline.live.candidates import pack_candidate
from seawall.spark.cutting import read_state
from seawall.spark.day_hits import pack_hits
from seawall.spark.event_files import EventFiles
from seawall.spark.part_exchange import FileExchange
from seawall.spark.rows import ALWAYS, BEGINNING, LakeRow
from seawall.spark.scoring import (
    CANDIDATES,
    FILE,
    HITS,
    STATE,
    ScoringTask,
    compress,
    count_state_bytes,
    make_standing,
)
from seawall.storage import pack

_encode = msgspec.json.Encoder().encode


def score_parts(number: int, tasks: int, shelves: Sequence[int], task: ScoringTask) -> Iterator[LakeRow]:
    """Yield what became of the parts that this task holds, shelf after shelf. `number` is its place among so many tasks."""
    for shelf in shelves:
        with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch, ExitStack() as open_files:
            scorer = PartScorer(shelf, task, number, tasks)
            if scorer.engines:
                yield from scorer.score(scorer.open_files(Path(scratch), open_files))


class PartScorer:
    """Score the days of some parts of a shelf. `engines` are those of the parts, by number: none if there are more tasks."""

    def __init__(self, shelf: int, task: ScoringTask, number: int, tasks: int) -> None:
        """Read the plan of a shelf that was cut, and the states of the parts of this task. Raises `StateInvalid`."""
        self._shelf, self._task, self._number = shelf, task, number
        self._files = task.find_files(shelf)
        self._plan = self._files.read_plan()
        parts = self._plan.parts
        self._exchange = FileExchange(self._files.folder / "exchange", number, min(tasks, parts))
        self.engines = {part: task.make_engine() for part in range(number, parts, tasks)}
        if self._plan.since != BEGINNING:
            for part, engine in self.engines.items():
                engine.restore(read_state(self._files, part, parts))
        self._vocabularies = self._files.read_vocabularies() if self.engines else {}

    def open_files(self, scratch: Path, stack: ExitStack) -> dict[int, EventFiles]:
        """Return the files of the table of events by part, none if there is no table. They end with the stack."""
        if self._task.events is None:
            return {}
        found = {}
        for part in self.engines:
            place = scratch / str(part)
            place.mkdir()
            held = self._plan.files[part]
            one = EventFiles(Path(self._task.events), place, self._shelf, held, self._plan.since)
            found[part] = stack.enter_context(one)
        return found

    def score(self, files: Mapping[int, EventFiles]) -> Iterator[LakeRow]:
        """Score the days in order, and yield candidates, hits and kept states, then what stands for the shelf."""
        kept = set(self._plan.kept)
        for day in self._plan.days:
            for part, (batch, scored) in self._score_day(day).items():
                if part in files:
                    files[part].write(day, batch, scored.scored.event_scores())
                yield from self._describe_day(part, day, scored)
            if day in kept:
                yield from self._keep_states(day)
        for part, one in files.items():
            for name, month, count in one.finish():
                yield LakeRow(FILE, self._shelf, ALWAYS, place=part, rows=count, names=(name, month))
        yield from self._describe_standing()

    def _score_day(self, day: int) -> dict[int, tuple[CodedBatch, ScoredPart]]:
        read = {part: self._files.read_day(part, day, self._vocabularies) for part in self.engines}
        rounds = {
            part: run_part(self.engines[part], batch, day, order) for part, (batch, order) in read.items()
        }
        said = [next(one) for one in rounds.values()]
        for step in range(ROUNDS - 1):
            told = self._exchange.merge(f"{day}-{step}", said)
            said = [one.send(told) for one in rounds.values()]
        told = self._exchange.merge(f"{day}-{ROUNDS - 1}", said)
        found = {}
        for part, one in rounds.items():
            try:
                one.send(told)
            except StopIteration as end:
                found[part] = read[part][0], end.value
        return found

    def _describe_day(self, part: int, day: int, found: ScoredPart) -> Iterator[LakeRow]:
        """Yield the candidates of a part, with their places among those of all parts, and its hits."""
        packed = [pack_candidate(one) for one in found.scored.candidates]
        if packed:
            content, places = compress(msgspec.msgpack.encode(packed)), _encode(found.places).decode()
            yield LakeRow(
                CANDIDATES, self._shelf, day, place=part, rows=len(packed), names=(places,), content=content
            )
        hits = collect_hits(found.scored)
        if hits.counts:
            yield LakeRow(HITS, self._shelf, day, place=part, content=pack_hits(hits))

    def _keep_states(self, day: int) -> Iterator[LakeRow]:
        """Yield the states of the parts; the task of the first part adds what all have in common."""
        for part, engine in self.engines.items():
            own, shared = separate(engine.state())
            yield self._make_state(day, part + 1, own)
            if part == 0:
                yield self._make_state(day, self._plan.parts + 1, shared)

    def _make_state(self, day: int, place: int, state: State) -> LakeRow:
        return LakeRow(STATE, self._shelf, day, place=place, content=compress(pack(state)))

    def _describe_standing(self) -> Iterator[LakeRow]:
        """Yield what stands for the shelf, once: its task knows the sizes of all parts."""
        sizes = self._exchange.merge("sizes", [_count_sizes(one) for one in self.engines.values()])
        if self._number == 0:
            accounts, size = sizes.tally("sizes", 1).find(np.arange(2)).tolist()
            plan, names = self._plan, self._vocabularies["org_uid"]
            yield make_standing(
                self._shelf, self.engines[0], names, (accounts, size), plan.joined, plan.notes
            )


def _count_sizes(engine: DetectionEngine) -> Exchange:
    sizes = np.array([engine.behaviour.accounts(), count_state_bytes(engine)])
    return Exchange({"sizes": count_rows(np.arange(2), counts=sizes)})
