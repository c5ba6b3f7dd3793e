"""Read audit records inside other records: the `AuditData` of Purview's tables and of search results on lines.

The texts are written to a temporary file, block by block, and read from there column by column. Records without such a
text, or with one over several lines, stay in memory and are read one by one, in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from tempfile import NamedTemporaryFile
from typing import IO, Any, BinaryIO, cast

from seawall.events.batches import RecordBuffer, drain
from seawall.events.formats.json_records import HEAD, Record
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_reader import EmbeddedReader
from seawall.events.microsoft.m365_bulk_duckdb import audit_batches, survey
from seawall.events.problem import Problem

_BLOCK = 48 << 20
_FIELD = "AuditData"
_LINES_LOOKED_AT = 8
Found = Record | Problem


def has_embedded_column(names: list[str], head: bytes, limits: Limits) -> bool:
    """Return whether a table with these columns has audit records, and enough of them."""
    return _FIELD in names and len(head) >= min(HEAD, limits.fast_bytes)


def has_embedded_lines(head: bytes, limits: Limits) -> bool:
    """Return whether lines with this beginning have audit records as text, and enough of them."""
    if len(head) < min(HEAD, limits.fast_bytes):
        return False
    for line in islice(head.split(b"\n"), _LINES_LOOKED_AT):
        try:
            value = parse(line, limits.depth)
        except (NotJson, TooDeep):
            continue
        if isinstance(value, dict) and isinstance(value.get(_FIELD), str):
            return True
    return False


def read_embedded_batches(
    found: Iterator[Found], name: str, limits: Limits
) -> Iterator[tuple[Any, list[Problem], int]]:
    """Yield batches of records (numbered from 1 without gaps) and problems in their places."""
    number = 1
    while True:
        with NamedTemporaryFile(prefix="seawall-") as spool:
            others, size = _fill(spool, found, limits)
            if not size:
                return
            yield from _block(spool, name, limits, number, others)
            number += size


def _fill(spool: IO[bytes], found: Iterator[Found], limits: Limits) -> tuple[dict[int, Found], int]:
    """Write one line for each record, up to about one block; return the records to read alone, and the number of lines."""
    others: dict[int, Found] = {}
    lines = written = 0
    for item in found:
        text = None if isinstance(item, Problem) else _line(item[1].get(_FIELD), limits)
        if text is None:
            others[lines] = item
            text = b"{}"
        written += spool.write(text + b"\n")
        lines += 1
        if written >= _BLOCK or len(others) >= limits.batch_records:
            break
    spool.flush()
    return others, lines


def _line(value: Any, limits: Limits) -> bytes | None:
    """Return the text as one line; None if it is no object, has several lines, or is too long."""
    if not isinstance(value, str) or value[:1] != "{" or "\n" in value or "\r" in value:
        return None
    line = value.encode("utf-8", "surrogatepass")
    return line if len(line) < limits.record_bytes else None


def _block(
    spool: IO[bytes], name: str, limits: Limits, number: int, others: dict[int, Found]
) -> Iterator[tuple[Any, list[Problem], int]]:
    raw = cast(BinaryIO, spool)
    size = spool.tell()
    spool.seek(0)
    surveyed = survey(raw, spool.read(HEAD), size, limits) if size >= limits.fast_bytes else None
    if surveyed is not None:
        yield from audit_batches(raw, name, limits, surveyed, count(number), others)
        return
    spool.seek(0)
    reader = EmbeddedReader(raw, name, limits, count(number), others)
    yield from drain(RecordBuffer(name, limits), reader.rest(0))
