"""Collect records into batches of events, so that records = events + problems that count as records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events import generic as other
from seawall.events.day_first import find_day_first
from seawall.events.envelopes import EmbeddedDocumentError
from seawall.events.event_table import NO_TIME, empty_events, readable, to_events
from seawall.events.failures import must_pass, record_failure
from seawall.events.formats.json_records import Record
from seawall.events.formats.limits import Limits
from seawall.events.formats.row_reader import QuickRow
from seawall.events.masked_columns import mask_columns
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem, ProblemCode
from seawall.events.vendor_detection import SOURCES, LogFormat, recognise

_TEXT_BUDGET = 48 << 20
_LATEST = np.iinfo(np.int64).max
_MOST_ATTEMPTS = 200
"""How often parts of a failing batch are tried again: enough to isolate seven records among 25,000."""

_BAD_TIME: tuple[ProblemCode, str] = ("bad-time", "a time outside 1990 to 2100")
_UNTIMED: tuple[ProblemCode, str] = ("no-time", "no time that can be read")
_LOCAL: tuple[ProblemCode, str] = (
    "no-time",
    "times are in an unknown local time: export the table with times in UTC",
)
_OTHER_ZONE = re.compile(r'"Time\w* \[[^\]"]{1,60}\]"')
"""A column's name in a table that a portal exported with times of the person's zone: `TimeGenerated [Local Time]`."""

Taken = tuple[Any, list[Problem], int]
"""Events, problems, and the number of records."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Hold the events of a stretch of input, and its problems.

    `events` has exactly `EVENT_SCHEMA`; small files share a batch. `records` is `events.num_rows` plus the problems that
    count as records. `bytes_read` is the number of stored bytes consumed since the previous batch.
    """

    events: pa.Table
    problems: tuple[Problem, ...]
    records: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class FileTally:
    """Count the records of one file in a batch.

    `highest` is the highest record number, `unrecognised` counts records of unknown logs, and `unread` unreadable ones.
    `span` is the first and last event time in microseconds since 1970, None without events.
    """

    highest: int = 0
    records: int = 0
    unrecognised: int = 0
    unread: int = 0
    span: tuple[int, int] | None = None


def count_by_file(batch: EventBatch) -> dict[str, FileTally]:
    """Return the counts of each file in a batch, by name. It works on columns, because a batch may contain thousands of files."""
    found = _count_events(batch.events)
    unread = Counter(problem.source_file for problem in batch.problems if problem.counts_as_record)
    lines: dict[str, int] = {}
    for problem in batch.problems:
        lines[problem.source_file] = max(lines.get(problem.source_file, 0), problem.line)
    for name, line in lines.items():
        before, lost = found.get(name, FileTally()), unread[name]
        found[name] = replace(
            before, highest=max(before.highest, line), records=before.records + lost, unread=lost
        )
    return found


def _count_events(events: pa.Table) -> dict[str, FileTally]:
    if not events.num_rows:
        return {}
    names = events.column("source_file").unify_dictionaries().chunk(0).dictionary.to_pylist()
    files, size = _file_codes(events), len(names)
    times = events["time"].cast(pa.int64()).to_numpy()
    is_other = pc.equal(events["source"], other.NAME).to_numpy().astype(np.int64)
    highest, first, last = np.zeros(size, np.int64), np.full(size, _LATEST), np.full(size, -_LATEST)
    np.maximum.at(highest, files, events.column("source_line").to_numpy())
    np.minimum.at(first, files, times)
    np.maximum.at(last, files, times)
    records = np.bincount(files, minlength=size)
    unrecognised = np.bincount(files, is_other, minlength=size).astype(np.int64)
    columns = zip(*(c.tolist() for c in (highest, records, unrecognised, first, last)), strict=True)
    return {
        name: FileTally(line, count, odd, 0, (start, end))
        for name, (line, count, odd, start, end) in zip(names, columns, strict=True)
        if count
    }


class RecordBuffer:
    """Collect records of several files, one after the other, until they become a table: raw columns by source, and problems."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._limits = limits
        self._name = name
        self._files: dict[str, int] = {name: 0}
        self._rows: dict[str, list[tuple[str | None, ...]]] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._tables: dict[str, list[tuple[Any, npt.NDArray[np.int64]]]] = {}
        self._problems: list[Problem] = []
        self._size = 0
        self._records = 0

    def begin(self, *names: str) -> None:
        """Attribute later records to another file. Of several files, records follow in this order, and the last is begun."""
        if self.is_empty and not self._files.keys() >= set(names):
            self._files.clear()
        for name in names:
            self._name = name
            self._files.setdefault(name, len(self._files))

    def add(self, found: Record | QuickRow | Problem) -> None:
        """Add one record or problem."""
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
        except EmbeddedDocumentError as broken:
            self._problems.append(
                record_problem(
                    self._name, line, "bad-json", str(broken), field=broken.field, text=broken.text
                )
            )
            return
        except RecursionError:
            self._problems.append(record_problem(self._name, line, "too-deep", "nested too deep"))
            return
        except Exception as error:  # noqa: BLE001 - the net
            self._problems.append(record_failure(self._name, line, error))
            return
        self._add_row(source.NAME, row, line)

    def _add_row(self, source: str, row: tuple[str | None, ...], line: int) -> None:
        self._rows.setdefault(source, []).append(row)
        self._places.setdefault(source, []).append((self._files[self._name], line))
        self._size += sum(map(len, filter(None, row)))

    def add_table(
        self,
        source: str,
        raw: Any,
        files: Sequence[str],
        file_of: npt.NDArray[np.int32],
        lines: npt.NDArray[np.int64],
        size: int,
    ) -> None:
        """Add raw columns (with `unmapped`) of records of one source, in order of their files.

        `file_of`, int32 (n,), is the place of each record's file in `files`, and `lines` is its number there. `size` is the
        approximate number of bytes.
        """
        if self.is_empty:
            self.begin(files[file_of[0]])
        numbers = np.zeros(len(files), np.int64)
        for place in np.flatnonzero(np.bincount(file_of, minlength=len(files))).tolist():
            numbers[place] = self._files.setdefault(files[place], len(self._files))
        self._tables.setdefault(source, []).append((raw, np.stack([numbers[file_of], lines], 1)))
        self._records += len(lines)
        self._size += size

    def _problem(self, problem: Problem) -> None:
        self._files.setdefault(problem.source_file, len(self._files))
        self._problems.append(problem)
        self._records += problem.counts_as_record

    @property
    def is_full(self) -> bool:
        """Return whether the buffer should be emptied now."""
        most = self._limits.batch_records
        return self._records >= most or self._size >= _TEXT_BUDGET or len(self._problems) >= most

    @property
    def is_empty(self) -> bool:
        """Return whether the buffer contains nothing."""
        return not self._records and not self._problems

    def take(self) -> Taken:
        """Return the events in the order of the files, the problems, and the number of records, and empty the buffer."""
        tables, problems, names = [], self._problems, list(self._files)
        doubtful: set[Problem] = set()
        for source in SOURCES:
            for raw, places in self._parts(source):
                doubtful.update(find_day_first(raw, source.RAW_COLUMNS, places, names))
                for table, bad in _caught(source, raw, places, names):
                    tables.append(table)
                    problems += bad
        files, records = self._files, self._records
        self._rows, self._places, self._tables, self._problems = {}, {}, {}, []
        self._files = {self._name: 0}
        self._size = self._records = 0
        problems += doubtful
        problems.sort(key=lambda problem: (files.get(problem.source_file, len(files)), problem.line))
        return in_file_order(tables), problems, records

    def _parts(self, source: LogFormat) -> list[tuple[Any, npt.NDArray[np.int64]]]:
        """Return raw columns of a source with the file and number of each record, unsorted."""
        parts = self._tables.get(source.NAME, [])
        rows = self._rows.get(source.NAME)
        if rows:
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            raw = pa.table(columns, names=[*source.RAW_COLUMNS, "unmapped"])
            parts = [*parts, (raw, np.array(self._places[source.NAME], np.int64))]
        return parts


def _caught(
    source: LogFormat, raw: Any, places: npt.NDArray[np.int64], names: Sequence[str]
) -> Iterator[tuple[Any, list[Problem]]]:
    """Yield events and problems of a raw table. If that fails, try its halves, so that only the failing records are lost.

    After `_MOST_ATTEMPTS`, each record of the remaining failing parts becomes a problem.
    """
    waiting, attempts = [(raw, places)], 0
    while waiting:
        raw, places = waiting.pop()
        attempts += 1
        try:
            yield events_and_problems(source, raw, places, names)
        except Exception as error:
            if must_pass(error):
                raise
            half = len(places) // 2
            if half == 0 or attempts > _MOST_ATTEMPTS:
                yield (
                    empty_events(),
                    [record_failure(names[file], line, error) for file, line in places.tolist()],
                )
            else:
                waiting += [(raw.slice(half), places[half:]), (raw.slice(0, half), places[:half])]


def events_and_problems(
    source: LogFormat, raw: Any, places: npt.NDArray[np.int64], names: Sequence[str]
) -> tuple[Any, list[Problem]]:
    """Return the events of a raw table, and a problem for each row without a usable time.

    `places`, int64 (n, 2), holds the index of each row's file, and its record number there.
    """
    normalised = source.normalise(raw)
    files, lines = places[:, 0], np.ascontiguousarray(places[:, 1])
    events = mask_columns(to_events(normalised, source.NAME, names[int(files[0])], lines))
    if len(names) > 1:
        at = events.schema.get_field_index("source_file")
        column = pa.DictionaryArray.from_arrays(
            pa.array(files.astype(np.int32)), pa.array(names, pa.string())
        )
        events = events.set_column(at, events.schema.field(at), column)
    is_readable = readable(normalised.time)
    if is_readable.all():
        return events, []
    bad = np.flatnonzero(~is_readable)
    texts = raw.column("unmapped").take(pa.array(bad)).to_pylist()
    has_time = normalised.time[bad] != NO_TIME
    found = zip(files[bad].tolist(), lines[bad].tolist(), has_time.tolist(), texts, strict=True)
    problems = [
        record_problem(names[file], line, *_find_reason(text or "", has_time=timed), text=text or "")
        for file, line, timed, text in found
    ]
    return events.filter(pa.array(is_readable)), problems


def _find_reason(text: str, *, has_time: bool) -> tuple[ProblemCode, str]:
    """Return why the time of a record, of which this is the rest, is not read."""
    return _BAD_TIME if has_time else _LOCAL if _OTHER_ZONE.search(text) else _UNTIMED


def _file_codes(events: pa.Table) -> npt.NDArray[np.int64]:
    """Return the code of each event's file in one dictionary, int64 (n,)."""
    chunks = events.column("source_file").unify_dictionaries().chunks
    return np.concatenate(
        [np.asarray(chunk.indices, np.int64) for chunk in chunks] or [np.zeros(0, np.int64)]
    )


def in_file_order(tables: list[Any]) -> Any:
    """Concatenate tables, ordered by file and `source_line`. The tables must share one dictionary of files."""
    if not tables:
        return empty_events()
    whole = tables[0]
    if len(tables) > 1:
        whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    lines, files = whole.column("source_line").to_numpy(), _file_codes(whole)
    is_next = (files[1:] > files[:-1]) | ((files[1:] == files[:-1]) & (lines[1:] >= lines[:-1]))
    if is_next.all():
        return whole
    return whole.take(pa.array(np.lexsort((lines, files))))


def gather(rows: RecordBuffer, found: Iterator[Record | QuickRow | Problem]) -> Iterator[Taken]:
    """Yield the batches that fill up. The last records stay in the buffer."""
    for item in found:
        rows.add(item)
        if rows.is_full:
            yield rows.take()


def flush(rows: RecordBuffer) -> Iterator[Taken]:
    """Yield the rest of the buffer, if any."""
    if not rows.is_empty:
        yield rows.take()


def drain(rows: RecordBuffer, found: Iterator[Record | QuickRow | Problem]) -> Iterator[Taken]:
    """Yield all records as batches, also those before a failure, which is raised afterwards."""
    try:
        yield from gather(rows, found)
    except Exception:
        yield from flush(rows)
        raise
    yield from flush(rows)
