"""Audit records inside others: the `AuditData` of Purview's tables and of search results on lines.

The texts of a block are read together, column by column. A record without such a text, or with one over several lines, is read by
the general way, in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from seawall.events.batches import Taken
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.csv_records import row_record
from seawall.events.formats.json_records import HEAD, cut_first_records
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.table_batches import Found, Header, read_column
from seawall.events.formats.text_batches import read_text_batches
from seawall.events.problem import Problem

_FIELD = "AuditData"
_LINES_LOOKED_AT, _RECORDS_LOOKED_AT = 8, 2


def has_embedded_column(names: list[str], head: bytes, limits: Limits) -> bool:
    """Return whether a table of such columns holds audit records, and more than a few."""
    return _FIELD in names and len(head) >= min(HEAD, limits.fast_bytes)


def has_embedded_records(head: bytes, limits: Limits) -> bool:
    """Return whether lines or a document that start like this hold audit records as text, and more than a few."""
    if len(head) < min(HEAD, limits.fast_bytes):
        return False
    lines = head.split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    if any(_has_text(line, limits) for line in lines):
        return True
    return any(_has_text(text, limits) for text in cut_first_records(head, _RECORDS_LOOKED_AT))


def _has_text(text: bytes, limits: Limits) -> bool:
    try:
        value = parse(text, limits.depth)
    except (NotJson, TooDeep):
        return False
    return isinstance(value, dict) and isinstance(value.get(_FIELD), str)


def read_embedded_batches(
    found: Iterator[Found], name: str, limits: Limits, columns: ColumnReader
) -> Iterator[Taken]:
    """Yield batches of records (numbered from 1 without a gap) and problems in their places."""
    return read_text_batches(
        found,
        name,
        limits,
        columns,
        lambda record: _line(record.get(_FIELD), limits),
        lambda line: {_FIELD: line.decode()},
    )


def read_table_batches(
    rows: Iterator[bytes | None], header: Header, name: str, limits: Limits, columns: ColumnReader
) -> Iterator[Taken]:
    """Yield the same of a table with such a column. `rows` begin with the header; None stands for one that is too large."""
    return read_column(rows, header, _FIELD, name, limits, columns, partial(_find_row, header, name, limits))


def _find_row(header: Header, name: str, limits: Limits, row: bytes | None, number: int) -> Found:
    found = row_record(row, name, limits, header, number)
    if not isinstance(found, Problem) and _line(found[1].get(_FIELD), limits) is not None:
        found = found[0], {_FIELD: found[1][_FIELD]}
    return found


def _line(value: Any, limits: Limits) -> bytes | None:
    """Return the text as a line; None when it is no object's, has lines of its own, or is too long for one."""
    if not isinstance(value, str) or value[:1] != "{" or "\n" in value or "\r" in value:
        return None
    line = value.encode("utf-8", "surrogatepass")
    return line if len(line) < limits.record_bytes else None
