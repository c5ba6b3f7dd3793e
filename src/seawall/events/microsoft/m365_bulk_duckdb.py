"""Read large newline-delimited unified audit logs column by column with DuckDB.

DuckDB parses each line once and returns the raw columns. A line that it cannot read, or that is not plainly a known audit
record, comes back as a row without an operation. Such lines are read again one by one. Both ways end in the same
`normalise`, so they give the same events.

Unknown fields are found in about a thousand samples all through the file (in all of a small file), and become columns.
Operations that are rare in the samples (rules, consents, permissions) are read one by one, with every field. This way may
lose a field that about one in a thousand records of a frequent operation has; `source_file` and `source_line` lead back to
it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.batches import RecordBuffer, drain, in_file_order
from seawall.events.event_table import Normalised, readable, to_events
from seawall.events.failures import note_failure
from seawall.events.formats.distinct_values import Column, distinct_rows
from seawall.events.formats.json_records import Record
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_reader import EmbeddedReader, LineReader
from seawall.events.formats.object_texts import objects
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.microsoft import m365_records
from seawall.events.microsoft.m365_fields import (
    CONTEXT_FIELDS,
    KEPT_FIELDS,
    KNOWN_FIELDS,
    NESTED_FIELDS,
    TEXT_FIELDS,
)
from seawall.events.problem import Problem

Taken = tuple[Any, list[Problem], int]

_SAMPLES = 1000
_SAMPLE_BYTES = 1 << 14
_FEWEST_LINES = 8
_OBJECT_BYTES = 1 << 20
_MOST_EXTRA = 200
_ARROW_ROWS = 25_000
_ARROW_BYTES = 32 << 20
_TABLE_BYTES = 96 << 20
_AHEAD_BYTES = 64 << 20
_MOST_COMBINED = 12


@dataclass(slots=True)
class Survey:
    """Summarise samples of a file: unknown fields, and how often each operation occurs."""

    unknown: set[str] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    size: int = 0
    is_plain: bool = True

    def add(self, text: bytes, depth: int) -> None:
        """Examine the lines of a piece of text."""
        for line in text.split(b"\n"):
            if not line.strip():
                continue
            self.lines += 1
            self.size += len(line) + 1
            try:
                record = parse(line, depth)
            except (NotJson, TooDeep):
                continue
            if not isinstance(record, dict) or not m365_audit.recognises(record):
                continue
            context, folders = record.get("AppAccessContext"), record.get("Folders")
            self.is_plain &= isinstance(context, dict | None) and isinstance(folders, list | None)
            if m365_records.is_known_kind(record):
                self.operations[str(record["Operation"])] += 1
                self.unknown |= record.keys() - KNOWN_FIELDS

    def often(self, times: int) -> frozenset[str]:
        """Return the operations that occur at least this often, so that their fields are known."""
        return frozenset(name for name, seen in self.operations.items() if seen >= times)


def is_audit_head(head: bytes, limits: Limits) -> bool:
    """Return whether a text with this beginning has audit records on lines."""
    return _first_look(head, limits) is not None


def _first_look(head: bytes, limits: Limits) -> Survey | None:
    first = Survey()
    first.add(head.rpartition(b"\n")[0], limits.depth)
    is_audit = first.lines >= _FEWEST_LINES and first.operations.total() >= 0.5 * first.lines
    return first if is_audit and first.is_plain else None


def survey(raw: BinaryIO, head: bytes, size: int, limits: Limits) -> Survey | None:
    """Examine samples all through a file; return None if it must be read another way."""
    first = _first_look(head, limits)
    if first is None:
        return None
    found = Survey()
    step = max(size // _SAMPLES, _SAMPLE_BYTES)
    for start in range(0, size, step):
        raw.seek(start)
        text = raw.read(_SAMPLE_BYTES)
        # A sample starts and ends within a line, unless samples are adjacent.
        found.add(
            text.partition(b"\n")[2].rpartition(b"\n")[0] if step > _SAMPLE_BYTES else text, limits.depth
        )
    found.unknown |= first.unknown
    is_for_columns = found.is_plain and len(found.unknown) <= _MOST_EXTRA and _are_columns(found.unknown)
    return found if is_for_columns else None


def _are_columns(unknown: Iterable[str]) -> bool:
    """Return whether fields can be columns of these names: DuckDB truncates names at NUL, and some names are taken."""
    return not any("\0" in name or name in _MADE for name in unknown)


def audit_batches(
    raw: BinaryIO,
    name: str,
    limits: Limits,
    surveyed: Survey,
    numbers: Iterator[int],
    others: Mapping[int, Record | Problem] | None = None,
) -> Iterator[Taken]:
    """Yield batches of an open file on disk whose lines are mostly audit records.

    `raw` needs a file descriptor and is read from its start. `numbers` numbers the records. With `others`, lines are the
    `AuditData` of records; see `EmbeddedReader`.
    """
    extra = tuple(dict.fromkeys((*KEPT_FIELDS, *sorted(surveyed.unknown))))
    often = surveyed.often(limits.fast_samples)
    end, mean = os.fstat(raw.fileno()).st_size, surveyed.size / max(surveyed.lines, 1)
    raw.seek(0)
    with Path(raw.name).open("rb") as second:
        reader = _reader(second, name, limits, numbers, others)
        done = 0
        chunk = int(max(min(_ARROW_BYTES / max(mean, 1), _ARROW_ROWS), 1))
        for table in _tables(raw.fileno(), extra, limits.fast_records, chunk):
            if table is None:
                # An object exceeds DuckDB's buffer, or the file changed: continue line by line.
                yield from drain(RecordBuffer(name, limits), reader.rest(done))
                return
            # DuckDB reads the file itself; this position only reports progress.
            raw.seek(min(end, int((done + table.num_rows) * mean)))
            before = reader.next_number
            try:
                taken = _take(table, reader, extra, often, done)
            except Exception as error:  # noqa: BLE001 - the net: from here on the general way, which has one for each record
                note_failure(error)
                yield from _one_by_one(raw, name, limits, before, done, others)
                return
            yield taken
            done += table.num_rows


def _reader(
    raw: BinaryIO,
    name: str,
    limits: Limits,
    numbers: Iterator[int],
    others: Mapping[int, Record | Problem] | None,
) -> LineReader:
    if others is None:
        return LineReader(raw, name, limits, numbers)
    return EmbeddedReader(raw, name, limits, numbers, others)


def _one_by_one(
    raw: BinaryIO,
    name: str,
    limits: Limits,
    number: int,
    done: int,
    others: Mapping[int, Record | Problem] | None,
) -> Iterator[Taken]:
    """Yield batches of every line from this number on, counted from 0. The first record gets `number`."""
    with Path(raw.name).open("rb") as again:
        yield from drain(
            RecordBuffer(name, limits), _reader(again, name, limits, count(number), others).rest(done)
        )


def _tables(descriptor: int, extra: tuple[str, ...], rows: int, chunk: int) -> Iterator[Any]:
    """Yield tables of about `rows` rows, in the order of the file, and None last if DuckDB gave up.

    `chunk` rows are fetched at once.
    """
    connection = duckdb.connect(
        config={"threads": 2, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    try:
        # DuckDB may open only the file that is open already, so file names never reach SQL.
        connection.execute(f"SET allowed_paths=['/dev/fd/{int(descriptor)}']")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET memory_limit='256MB'")
        # Limit of reading ahead while a table becomes events.
        connection.execute(f"SET streaming_buffer_size='{_AHEAD_BYTES}B'")
        connection.execute("SET lock_configuration=true")
        relation = connection.sql(_query(descriptor, extra))
        reader, waiting, size = relation.to_arrow_reader(chunk), [], 0
        for batch in reader:
            waiting.append(batch)
            size += batch.nbytes
            if sum(map(len, waiting)) >= rows or size > _TABLE_BYTES:
                table, waiting, size = pa.Table.from_batches(waiting), [], 0
                yield table
                del table
        if waiting:
            yield pa.Table.from_batches(waiting)
    except (duckdb.Error, pa.ArrowException, OSError):
        yield None
    finally:
        connection.close()


def _query(descriptor: int, extra: tuple[str, ...]) -> str:
    nested = tuple(dict.fromkeys((*NESTED_FIELDS, *extra)))
    types = [f"{_quote(field)}: 'VARCHAR'" for field in TEXT_FIELDS]
    types += [f"{_quote(field)}: 'JSON'" for field in nested]
    context = ", ".join(f'"{field}" VARCHAR' for field in CONTEXT_FIELDS)
    types.append(f"'AppAccessContext': 'STRUCT({context})'")
    picked = [_identifier(field) for field in TEXT_FIELDS] + [
        f"{_identifier(field)}::VARCHAR AS {_identifier(field)}" for field in nested
    ]
    picked += [f'AppAccessContext."{field}" AS "Context.{field}"' for field in CONTEXT_FIELDS]
    picked += [f'{expression} AS "{name}"' for name, expression in _FOLDERS.items()]
    return (
        f"SELECT {', '.join(picked)} FROM read_json('/dev/fd/{int(descriptor)}', "
        f"columns={{{', '.join(types)}}}, format='newline_delimited', ignore_errors=true, "
        f"compression='none', maximum_object_size={_OBJECT_BYTES})"
    )


_ITEMS = "json_extract(Folders, '$[*].FolderItems')"
_FOLDERS = {
    "Folders.Path": "Folders->>'$[0].Path'",
    "Folders.Items": f"CASE WHEN json_array_length(Folders) > 0 THEN coalesce(list_sum("
    f"list_transform({_ITEMS}, lambda f: json_array_length(f))), 0)::VARCHAR END",
    "Folders.IsPlain": "Folders IS NULL OR (json_type(Folders) = 'ARRAY' AND coalesce(list_bool_and("
    f"list_transform({_ITEMS}, lambda f: json_type(f) IN ('ARRAY', 'NULL'))), true) AND "
    "coalesce(list_bool_and(list_transform(json_type(Folders, '$[*]'), lambda f: f = 'OBJECT')), true))",
}
"""Expressions for columns from `Folders`, and whether it has the usual form: a list of objects with a list of items each."""


_MADE = frozenset((*_FOLDERS, *(f"Context.{field}" for field in CONTEXT_FIELDS), "unmapped"))
"""Names of computed columns. Files with a field of such a name are read record by record."""


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _take(table: Any, reader: LineReader, extra: tuple[str, ...], often: frozenset[str], done: int) -> Taken:
    count_of_rows = table.num_rows
    held = {
        name: Column.of(table.column(name)) for name in extra if table.column(name).null_count < count_of_rows
    }
    table = table.append_column("unmapped", _collect_unmapped(table, held))
    normalised = m365_audit.normalise(table, held)
    is_plain = _is_plain(table, normalised, often)
    shift = np.zeros(count_of_rows, np.int64)
    first = reader.next_number
    odd = np.flatnonzero(~is_plain)
    rows = RecordBuffer(reader.name, reader.limits)
    for position in odd.tolist():
        produced = 0
        for found in reader.records_of(done + position, first + position + int(shift[position])):
            rows.add(found)
            produced += 1
        shift[position + 1 :] += produced - 1
    numbers = first + np.arange(count_of_rows, dtype=np.int64) + shift
    reader.next_number = first + count_of_rows + (int(shift[-1]) if count_of_rows else 0)
    events = to_events(normalised, m365_audit.NAME, reader.name, numbers)
    if len(odd) == 0:
        return events, [], count_of_rows
    others, problems, read = rows.take()
    plain = events.filter(pa.array(is_plain))
    return (
        in_file_order([table for table in (plain, others) if table.num_rows]),
        problems,
        plain.num_rows + read,
    )


def _is_plain(table: Any, normalised: Normalised, often: frozenset[str]) -> Any:
    """Return which rows are certainly audit records, of a known kind and with an operation whose fields are known."""
    operation = normalised.columns["activity_name"]
    kind = normalised.columns["kind"]
    known = np.array([value != "other" for value in kind.values] + [False])[kind.codes]
    has = known & readable(normalised.time)
    has &= np.array([value in often for value in operation.values] + [False])[operation.codes]
    has &= table.column("Folders.IsPlain").to_numpy()
    has &= pc.fill_null(pc.greater(pc.binary_length(table.column("Id")), 0), False).to_numpy()
    marks = np.zeros(len(has), np.bool_)
    for name in ("RecordType", "Workload", "UserType", "OrganizationId", "UserKey"):
        marks |= table.column(name).is_valid().to_numpy()
    return has & marks


def _collect_unmapped(table: Any, held: dict[str, Column]) -> Any:
    """Return the JSON object of each row's extra fields. If values repeat, each combination is built once."""
    repeats = all(len(column.dictionary) <= table.num_rows // 4 for column in held.values())
    if not held or not repeats or len(held) > _MOST_COMBINED:
        return objects({name: m365_audit.contiguous(table.column(name)) for name in held}, table.num_rows)
    inverse, rows = distinct_rows(tuple(held.values()))
    combinations = zip(*rows, strict=True)
    columns = {name: pa.array(values, pa.string()) for name, values in zip(held, combinations, strict=True)}
    return objects(columns, len(rows)).take(pa.array(inverse))
