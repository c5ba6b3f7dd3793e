"""Add up what the tasks of a scan counted: records, problems, files, days, rule hits and organisations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec
import numpy as np

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.rule_results import RuleBook
from seawall.detection.incidents.unjudged_files import UnjudgedFiles
from seawall.detection.rules.sigma.detector import PRIOR_DAYS, PRIOR_RATE
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.batches import FileTally
from seawall.events.coded_batch import Codes, Floats
from seawall.events.problem import Problem
from seawall.pipeline.scan import PROBLEMS_SHOWN
from seawall.spark.day_hits import join_hits, unpack_hits
from seawall.spark.event_parts import DAY as MICROSECONDS
from seawall.spark.rows import LakeRow


class _Counted(msgspec.Struct):
    files: dict[str, FileTally]
    problems: list[Problem]


_DECODER = msgspec.json.Decoder(_Counted)


@dataclass(slots=True)
class ReadTally:
    """Count what was read, in the order of the input."""

    records: int = 0
    counted_problems: int = 0
    problem_counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    unjudged: UnjudgedFiles = field(default_factory=UnjudgedFiles)

    def add(self, row: LakeRow) -> list[Problem]:
        """Add a batch that a task read, and return its problems."""
        found = _DECODER.decode(row.content)
        self.records += row.rows
        for name, counts in found.files.items():
            self.held[name] = max(self.held.get(name, 0), counts.highest)
            self.unjudged.of(name).add(counts.records, counts.unrecognised, counts.unread, counts.span)
        for problem in found.problems:
            self.problem_counts[problem.code] += 1
            self.counted_problems += problem.counts_as_record
            if len(self.problems) < PROBLEMS_SHOWN:
                self.problems.append(problem)
        return found.problems


@dataclass(slots=True)
class DayTally:
    """Count the events of all days."""

    events: int = 0
    duplicates: int = 0
    first: int = 0
    last: int = 0

    def add(self, row: LakeRow) -> None:
        """Add a day of a shelf."""
        found = msgspec.json.decode(row.content)
        self.first = min(found["first"], self.first) if self.events else found["first"]
        self.last = max(found["last"], self.last)
        self.events += found["events"]
        self.duplicates += found["duplicates"]

    def days(self) -> int:
        """Return the number of days from the first event to the last, both included."""
        return self.last // MICROSECONDS - self.first // MICROSECONDS + 1 if self.events else 0


@dataclass(slots=True)
class StandingTally:
    """Add up what holds for the shelves after their last days."""

    rules: int
    sums: Counter[str] = field(default_factory=Counter)
    notes: list[CoverageNote] = field(default_factory=list)
    joined: list[Any] = field(default_factory=list)
    days: float = 0.0
    fired: Floats = field(init=False)
    silenced: Codes = field(init=False)

    def __post_init__(self) -> None:
        self.fired, self.silenced = np.zeros(self.rules), np.zeros(self.rules, np.int32)

    def add(self, row: LakeRow) -> None:
        """Add a shelf."""
        found = msgspec.json.decode(row.content)
        for name in ("accounts", "tenants", "state_bytes"):
            self.sums[name] += found[name]
        self.joined += found["joined"]
        self.notes += msgspec.convert(found["notes"], list[CoverageNote])
        self.fired += np.array(found["fired"])
        self.silenced += np.array(found["silenced"], np.int32)
        self.days += found["days"]

    def rates(self) -> Floats:
        """Return the learnt share of account-days on which each rule fires, as `SigmaDetector.rates` does."""
        return np.asarray((self.fired + PRIOR_RATE * PRIOR_DAYS) / (self.days + PRIOR_DAYS))

    def list_notes(self) -> list[CoverageNote]:
        """Return the notes of all organisations, in order."""
        return sorted(
            self.notes,
            key=lambda note: (note.tenant, note.start, note.source, note.code, note.account, note.text),
        )

    def count_joins(self) -> dict[str, int]:
        """Return the numbers of joined object ids and names, as a summary names them."""
        ids = [one for one in self.joined if not one[2]]
        return {
            "object_ids_joined": len(ids),
            "object_ids_with_several_names": sum(one[3] for one in ids),
            "names_joined": len(self.joined) - len(ids),
        }


def fill_book(rules: RuleSet, rows: Iterable[LakeRow]) -> RuleBook:
    """Return the results of rules over all days and shelves."""
    book = RuleBook(rules)
    ordered = sorted(rows, key=lambda row: (row.day, row.shelf))
    for _, of_day in groupby(ordered, key=lambda row: row.day):
        for hits in join_hits(unpack_hits(row.content) for row in of_day):
            book.add(hits)
    return book


def sort_by_kind(rows: Iterable[LakeRow]) -> dict[str, list[LakeRow]]:
    """Return rows by their kind."""
    found: dict[str, list[LakeRow]] = defaultdict(list)
    for row in rows:
        found[row.kind].append(row)
    return found


def iterate_problems(rows: Iterable[LakeRow], tally: ReadTally) -> Iterator[Problem]:
    """Yield the problems of rows that were counted, and add the rows to a tally."""
    for row in rows:
        yield from tally.add(row)
