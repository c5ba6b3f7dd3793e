"""Read records from delimited tables: exports of Purview, PowerShell, Splunk and Log Analytics."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from seawall.events.consoles.columns import REPEATED
from seawall.events.consoles.tables import find_mark, is_console_header
from seawall.events.failures import record_failure
from seawall.events.formats.json_records import Record
from seawall.events.formats.limits import Limits
from seawall.events.formats.nested_columns import find_nested, nest
from seawall.events.formats.text_lines import Utf8Stream, lines
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem

_DELIMITERS = ",;\t"
_TIME_COLUMN = re.compile(r"(?i)time|date|published|created|auditdata|^_raw$")
_COLUMN_NAME = re.compile(r"[\w@:.\-\[\] ()/#$]{1,100}")
KEPT_EMPTY = frozenset({"AuditData"})
"""Columns kept even if empty, with those by which a table is recognised: an empty cell makes no other kind of log."""
_MOST_COLUMNS = 2000
SHORT_REACH = 1 << 16
"""After one unclosed quote, the end of a quote is searched within this many bytes."""


def table_header(head: bytes) -> tuple[list[str], str] | None:
    """Return column names and delimiter if a text with this beginning is a table of a log, else None."""
    rows = [row for row in head.decode("utf-8", "replace").split("\n")[:4] if row.strip()]
    if rows and rows[0].startswith("#TYPE"):
        rows = rows[1:]
    if not rows or rows[0].lstrip()[:1] in "{[<":
        return None
    line = rows[0].rstrip("\r")
    if line.startswith("sep=") and len(rows) > 1:
        line = rows[1].rstrip("\r")
    delimiter = max(_DELIMITERS, key=line.count)
    if delimiter not in line:
        return None
    try:
        names = next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return None
    # Portals append the time zone to the column's name: `TimeGenerated [UTC]`.
    names = [name.strip().removesuffix("[UTC]").strip() for name in names]
    if len(names) <= _MOST_COLUMNS and is_console_header(numbered := _number_repeated(names)):
        return numbered, delimiter
    plain = [name for name in names if _COLUMN_NAME.fullmatch(name)]
    if not 2 <= len(names) <= _MOST_COLUMNS or len(plain) < len(names) or len(set(names)) < len(names):
        return None
    if not any(_TIME_COLUMN.search(name) for name in names) or any(name.count(" ") > 4 for name in names):
        return None
    return names, delimiter


def _number_repeated(names: list[str]) -> list[str]:
    """Return the names with a number behind each that occurs again."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name}{REPEATED}{seen[name]}" if seen[name] > 1 else name)
    return numbered


def csv_records(
    stream: Utf8Stream, name: str, limits: Limits, header: tuple[list[str], str]
) -> Iterator[Record | Problem]:
    """Yield each row as a dictionary of its non-empty fields, or as a problem."""
    return row_records(separate_rows(stream, limits), name, limits, header, count(1))


def separate_rows(stream: Utf8Stream, limits: Limits) -> Iterator[bytes | None]:
    """Yield the rows of a text with the header; None stands for a row that is too large."""
    return _rows(lines(stream, limits.record_bytes), limits.record_bytes)


def row_records(
    rows: Iterable[bytes | None],
    name: str,
    limits: Limits,
    header: tuple[Sequence[str], str],
    numbers: Iterator[int],
    *,
    is_started: bool = False,
) -> Iterator[Record | Problem]:
    """Yield the records of rows that are already separated; None stands for a row that is too large.

    The first row is the header, unless `is_started`.
    """
    for row in rows if is_started else drop_header(rows):
        yield row_record(row, name, limits, header, next(numbers))


def drop_header(rows: Iterable[bytes | None]) -> Iterator[bytes | None]:
    """Yield the rows without the header and what precedes it."""
    is_started = False
    for row in rows:
        if row is None or is_started:
            yield row
        else:
            is_started = not is_preamble(row)


def row_record(
    row: bytes | None, name: str, limits: Limits, header: tuple[Sequence[str], str], number: int
) -> Record | Problem:
    """Return the record of a row, or a problem; None stands for a row that is too large."""
    if row is None:
        return record_problem(name, number, "too-large", f"a row larger than {limits.record_bytes} bytes")
    csv.field_size_limit(max(csv.field_size_limit(), limits.record_bytes + 1))
    try:
        return _record(row, *header, name, number)
    except Exception as error:  # noqa: BLE001 - the net
        return record_failure(name, number, error)


def is_preamble(row: bytes) -> bool:
    """Return whether a row may precede the header: a type or delimiter line, or a blank one."""
    return row.startswith((b"#TYPE", b"sep=")) or not row.strip()


def _record(row: bytes, names: Sequence[str], delimiter: str, name: str, line: int) -> Record | Problem:
    text = row.decode("utf-8", "replace").replace("\0", "")
    try:
        parsed = list(csv.reader(text.splitlines(keepends=True) if "\n" in text or "\r" in text else [text],
                                 delimiter=delimiter))  # fmt: skip
    except csv.Error as error:
        return record_problem(name, line, "wrong-columns", str(error), text=row)
    if len(parsed) != 1 or len(parsed[0]) != len(names):
        found = len(parsed[0]) if parsed else 0
        return record_problem(
            name, line, "wrong-columns", f"{found} fields for {len(names)} columns", text=row
        )
    kept = find_mark(tuple(names))
    record = {
        key: value
        for key, value in zip(names, parsed[0], strict=True)
        if value or key in kept or key in KEPT_EMPTY
    }
    paths = find_nested(tuple(names))
    return line, nest(record, paths) if paths else record


def _rows(physical: Iterator[bytes | None], limit: int) -> Iterator[bytes | None]:
    """Join lines while a quote is open. A quote that is never closed damages one row, not the file."""
    waiting: deque[bytes | None] = deque()
    reach = limit
    while True:
        line = waiting.popleft() if waiting else next(physical, b"\0END")
        if line == b"\0END":
            return
        if line is None:
            yield None
            continue
        if line.count(b'"') % 2 == 0:
            if line.strip():
                yield line.rstrip(b"\r")
            continue
        joined, size, is_closed = [line], len(line), False
        while size <= reach:
            more = waiting.popleft() if waiting else next(physical, b"\0END")
            if more is None or more == b"\0END":
                if more is None:
                    waiting.appendleft(None)
                break
            joined.append(more)
            size += len(more) + 1
            if more.count(b'"') % 2 == 1:
                is_closed = True
                break
        if is_closed:
            yield b"\n".join(joined).rstrip(b"\r")
        else:
            # Read the joined lines again as separate rows, and search less far from now on.
            reach = min(reach, SHORT_REACH)
            waiting.extendleft(reversed(joined[1:]))
            yield line.rstrip(b"\r")
