"""Collects records of one file into batches and keeps the account: records = events + problems that count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.schema.problems import Problem
from seawall.sources import other
from seawall.sources.assemble import NO_TIME, empty_events, readable, to_events
from seawall.sources.excerpts import record_problem
from seawall.sources.json_records import Record
from seawall.sources.limits import Limits
from seawall.sources.quick_rows import QuickRow
from seawall.sources.recognise import SOURCES, BrokenInside, Source, recognise

_TEXT_BUDGET = 48 << 20


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of one stretch of input, and what was wrong with the rest of it.

    `events` has exactly `schema.events.EVENT_SCHEMA`. `records` is the number of records read, which is
    `events.num_rows` plus the problems that count as a record. `bytes_read` is how many bytes of input (as
    stored on disk) were consumed since the batch before.
    """

    events: pa.Table
    problems: tuple[Problem, ...]
    records: int
    bytes_read: int


def counts_of(batch: EventBatch, name: str) -> tuple[int, int, int, tuple[int, int] | None]:
    """Return of a file in a batch its records, those of no recognised log, those that were not read, and the span of its
    events (first and last, microseconds; None without events)."""
    unread = sum(problem.counts_as_record for problem in batch.problems if problem.source_file == name)
    events = batch.events
    if not events.num_rows or events["source_file"][0].as_py() != name:
        return unread, 0, unread, None
    unrecognised = pc.sum(pc.equal(events["source"], other.NAME)).as_py() or 0
    ends = pc.min_max(events["time"].cast(pa.int64())).as_py()
    return events.num_rows + unread, unrecognised, unread, (ends["min"], ends["max"])


class Rows:
    """Rows of one file on their way to a table: raw columns by source, and problems."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._rows: dict[str, list[tuple[str | None, ...]]] = {}
        self._lines: dict[str, list[int]] = {}
        self._tables: dict[str, list[tuple[Any, npt.NDArray[np.int64]]]] = {}
        self._problems: list[Problem] = []
        self._size = 0
        self._records = 0

    def add(self, found: Record | QuickRow | Problem) -> None:
        """Take one record or problem."""
        if isinstance(found, Problem):
            self._problem(found)
            return
        self._records += 1
        if isinstance(found, QuickRow):
            self._add_row(found.source, found.row, found.line)
            return
        line, record = found
        try:
            source, inner = recognise(record, self._limits.depth)
            row = source.row(inner)
        except BrokenInside as broken:
            self._problems.append(
                record_problem(
                    self._name, line, "bad-json", str(broken), field=broken.field, text=broken.text
                )
            )
            return
        except RecursionError:
            self._problems.append(record_problem(self._name, line, "too-deep", "nested too deep"))
            return
        self._add_row(source.NAME, row, line)

    def _add_row(self, source: str, row: tuple[str | None, ...], line: int) -> None:
        self._rows.setdefault(source, []).append(row)
        self._lines.setdefault(source, []).append(line)
        self._size += sum(map(len, filter(None, row)))

    def add_table(self, source: str, raw: Any, lines: npt.NDArray[np.int64], size: int) -> None:
        """Take raw columns and `unmapped` of records of one source, of about so many bytes, with their numbers."""
        self._tables.setdefault(source, []).append((raw, lines))
        self._records += len(lines)
        self._size += size

    def _problem(self, problem: Problem) -> None:
        self._problems.append(problem)
        self._records += problem.counts_as_record

    @property
    def is_full(self) -> bool:
        """Whether a batch should be taken now."""
        return self._records >= self._limits.batch_records or self._size >= _TEXT_BUDGET

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._records and not self._problems

    def take(self) -> tuple[Any, list[Problem], int]:
        """Events in the order of the file, problems, and how many records they were; starts anew."""
        tables, problems = [], self._problems
        for source in SOURCES:
            parts = self._parts(source)
            if parts:
                raw = pa.concat_tables([part for part, _ in parts]).combine_chunks()
                numbers = np.concatenate([lines for _, lines in parts])
                table, bad = events_and_problems(source, raw, numbers, self._name)
                tables.append(table)
                problems += bad
        records = self._records
        self._rows, self._lines, self._tables, self._problems = {}, {}, {}, []
        self._size = self._records = 0
        problems.sort(key=lambda problem: problem.line)
        return in_file_order(tables), problems, records

    def _parts(self, source: Source) -> list[tuple[Any, npt.NDArray[np.int64]]]:
        """Raw columns of a source, with the numbers of their records, not yet in their order."""
        parts = self._tables.get(source.NAME, [])
        rows = self._rows.get(source.NAME)
        if rows:
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            raw = pa.table(columns, names=[*source.RAW_COLUMNS, "unmapped"])
            parts = [*parts, (raw, np.array(self._lines[source.NAME], np.int64))]
        return parts


def events_and_problems(source: Source, raw: Any, lines: Any, name: str) -> tuple[Any, list[Problem]]:
    """Events of a table of raw columns, and a problem for each row whose time cannot be used."""
    normalised = source.normalise(raw)
    events = to_events(normalised, source.NAME, name, lines)
    is_readable = readable(normalised.time)
    if is_readable.all():
        return events, []
    problems = []
    for position in np.flatnonzero(~is_readable).tolist():
        has_time = normalised.time[position] != NO_TIME
        problems.append(
            record_problem(
                name,
                int(lines[position]),
                "bad-time" if has_time else "no-time",
                "a time outside 1990 to 2100" if has_time else "no time that can be read",
                text=raw.column("unmapped")[position].as_py() or "",
            )
        )
    return events.filter(pa.array(is_readable)), problems


def in_file_order(tables: list[Any]) -> Any:
    """One table of several, by `source_line`."""
    if not tables:
        return empty_events()
    whole = tables[0]
    if len(tables) > 1:
        whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    lines = whole.column("source_line").to_numpy()
    if np.all(lines[1:] >= lines[:-1]):
        return whole
    return whole.take(pa.array(np.argsort(lines, kind="stable")))


def drain(
    rows: Rows, found: Iterator[Record | QuickRow | Problem]
) -> Iterator[tuple[Any, list[Problem], int]]:
    """Batches of everything an iterator of records yields."""
    for item in found:
        rows.add(item)
        if rows.is_full:
            yield rows.take()
    if not rows.is_empty:
        yield rows.take()
