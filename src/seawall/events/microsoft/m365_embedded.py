"""Audit records inside others: the `AuditData` of Purview's tables and of search results on lines.

The texts of a block are read together, column by column. A record without such a text, or with one over several lines, is read by
the general way, in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from seawall.events.batches import RecordBuffer, flush, gather
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.json_records import HEAD, Record
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import LineBuffer, LineText, ScannedBlock, TextOrigin
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.problem import Problem

_BLOCK = 32 << 20
_FIELD = "AuditData"
_OTHER = b"0"
"""Stands for a record without a text: no text of an object is like it."""
_LINES_LOOKED_AT = 8
Found = Record | Problem


def has_embedded_column(names: list[str], head: bytes, limits: Limits) -> bool:
    """Return whether a table of such columns holds audit records, and more than a few."""
    return _FIELD in names and len(head) >= min(HEAD, limits.fast_bytes)


def has_embedded_lines(head: bytes, limits: Limits) -> bool:
    """Return whether lines that start like this hold audit records as text, and more than a few."""
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
    found: Iterator[Found], name: str, limits: Limits, columns: ColumnReader
) -> Iterator[tuple[Any, list[Problem], int]]:
    """Yield batches of records (numbered from 1 without a gap) and problems in their places."""
    rows, numbers, buffer = RecordBuffer(name, limits), RecordNumbers(1), LineBuffer()
    while True:
        texts, others = _fill(found, limits)
        if not texts:
            return
        block = buffer.fill([LineText(TextOrigin(name, numbers), [b"\n".join(texts)], False)])
        find = partial(_find, texts, others, numbers)
        is_long = np.zeros(len(block), np.bool_)
        scanned = ScannedBlock(block, is_long, columns.scan(block, is_long))
        if scanned.json is None or not columns.read(rows, scanned, find):
            yield from gather(rows, chain.from_iterable(map(find, range(len(block)))))
        yield from flush(rows)


def _find(
    texts: list[bytes], others: dict[int, Found], numbers: RecordNumbers, place: int
) -> Iterator[Found]:
    number = next(numbers)
    yield others[place] if place in others else (number, {_FIELD: texts[place].decode()})


def _fill(found: Iterator[Found], limits: Limits) -> tuple[list[bytes], dict[int, Found]]:
    """Take a line for each record of a block, and by line what has to be read by itself."""
    texts: list[bytes] = []
    others: dict[int, Found] = {}
    size = 0
    for item in found:
        text = None if isinstance(item, Problem) else _line(item[1].get(_FIELD), limits)
        if text is None:
            others[len(texts)] = item
        texts.append(text or _OTHER)
        size += len(texts[-1])
        if size >= _BLOCK or len(texts) >= limits.fast_records or len(others) >= limits.batch_records:
            break
    return texts, others


def _line(value: Any, limits: Limits) -> bytes | None:
    """Return the text as a line; None when it is no object's, has lines of its own, or is too long for one."""
    if not isinstance(value, str) or value[:1] != "{" or "\n" in value or "\r" in value:
        return None
    line = value.encode("utf-8", "surrogatepass")
    return line if len(line) < limits.record_bytes else None
