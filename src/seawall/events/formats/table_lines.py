"""Compiled conversion of delimited rows to lines of JSON, so that they are read by column. Needs numba."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from seawall.events.formats.json_values import encode
from seawall_base.compiled import compile_kernel, try_out

OTHER = b"0"
"""Line of a row that is not plain, or has no object: the `csv` module reads it."""
_QUOTE, _BACKSLASH, _COMMA, _OPEN, _CLOSE, _END = 0x22, 0x5C, 0x2C, 0x7B, 0x7D, 0x0A
_TAB, _SPACE = 0x09, 0x20
_SKIPPED, _COPIED, _ESCAPED = 0, 1, 2
"""What is done with a field: nothing, a copy, or the inside of a JSON string."""


@compile_kernel
def _put(letter: int, way: int, texts: Any, at: int) -> int:
    """Write a letter of a field, if that is wanted; return the place behind it."""
    if way == _SKIPPED:
        return at
    if way == _ESCAPED and letter in (_QUOTE, _BACKSLASH):
        texts[at] = _BACKSLASH
        at += 1
    texts[at] = letter
    return at + 1


@compile_kernel
def _is_odd(letter: int, way: int) -> bool:
    """Return whether a control character is one that is left: a tab has to be escaped in JSON."""
    return bool(letter < _SPACE and (letter != _TAB or way == _ESCAPED))


@compile_kernel
def _read_quoted(data: Any, place: int, end: int, way: int, texts: Any, written: Any) -> int:
    """Read a field behind its first quote; return the place behind the last one, -1 if it is not plain."""
    at = written[0]
    while place < end:
        letter = data[place]
        place += 1
        if letter == _QUOTE:
            if place >= end or data[place] != _QUOTE:
                written[0] = at
                return place
            place += 1
        elif _is_odd(letter, way):
            return -1
        at = _put(letter, way, texts, at)
    return -1


@compile_kernel
def _read_bare(data: Any, place: int, end: int, delimiter: int, way: int, texts: Any, written: Any) -> int:
    """Read a field without quotes; return the place behind it, -1 if it is not plain."""
    at = written[0]
    while place < end and data[place] != delimiter:
        letter = data[place]
        if letter == _QUOTE or _is_odd(letter, way):
            return -1
        at = _put(letter, way, texts, at)
        place += 1
    written[0] = at
    return place


@compile_kernel
def _read_field(data: Any, place: int, end: int, delimiter: int, way: int, texts: Any, written: Any) -> int:
    """Read a field, and write it to `texts` from `written` on, which is moved; return the place behind it, -1 if it is not plain.

    Plain are fields without control characters but tabs, with quotes around the whole or none, and doubled ones inside these.
    """
    if place < end and data[place] == _QUOTE:
        return int(_read_quoted(data, place + 1, end, way, texts, written))
    return int(_read_bare(data, place, end, delimiter, way, texts, written))


@compile_kernel
def _write_row(
    data: Any,
    place: int,
    end: int,
    delimiter: int,
    wanted: int,
    names: Any,
    name_ends: Any,
    texts: Any,
    written: Any,
) -> bool:
    """Write the wanted field of a row, or where that is -1 all that are not empty as a JSON object; false if it is not plain."""
    begin = written[0]
    for column in range(len(name_ends)):
        before = written[0]
        way = _ESCAPED if wanted < 0 else _COPIED if wanted == column else _SKIPPED
        if way == _ESCAPED:
            texts[before] = _OPEN if before == begin else _COMMA
            written[0] += 1
            for step in range(name_ends[column - 1] if column > 0 else 0, name_ends[column]):
                texts[written[0]] = names[step]
                written[0] += 1
        value = written[0]
        place = _read_field(data, place, end, delimiter, way, texts, written)
        if place < 0 or (place < end and data[place] != delimiter):
            return False
        if (place >= end) != (column == len(name_ends) - 1):
            return False
        if way == _ESCAPED:
            if written[0] == value:
                written[0] = before
            else:
                texts[written[0]] = _QUOTE
                written[0] += 1
        place += 1
    if written[0] == begin or texts[begin] != _OPEN:
        return False
    if wanted < 0:
        texts[written[0]] = _CLOSE
        written[0] += 1
    return True


@compile_kernel
def _write_lines(
    data: Any, ends: Any, delimiter: int, wanted: int, names: Any, name_ends: Any, texts: Any
) -> int:
    """Write a line for each row to `texts`, which has room for all; return the place behind the last."""
    written = np.zeros(1, np.int64)
    begin = 0
    for row in range(len(ends)):
        at = written[0]
        if not _write_row(data, begin, ends[row], delimiter, wanted, names, name_ends, texts, written):
            texts[at] = OTHER[0]
            written[0] = at + 1
        texts[written[0]] = _END
        written[0] += 1
        begin = ends[row]
    return int(written[0])


def copy_column(rows: Sequence[bytes], delimiter: str, columns: int, wanted: int) -> bytes:
    """Return the texts of a column that are JSON objects on one line, a line for each row; OTHER for the other rows."""
    return _convert(rows, delimiter, [b""] * columns, wanted, 1)


def write_rows(rows: Sequence[bytes], delimiter: str, names: Sequence[str]) -> bytes:
    """Return the rows as JSON objects of the fields that are not empty, a line for each; OTHER for rows that are not plain."""
    return _convert(rows, delimiter, [f'{encode(name)}:"'.encode() for name in names], -1, 2)


def _convert(
    rows: Sequence[bytes], delimiter: str, keys: Sequence[bytes], wanted: int, longest: int
) -> bytes:
    """Return a line for each row; a byte of a field becomes at most `longest` bytes."""
    data = np.frombuffer(b"".join(rows) or b"\0", np.uint8)
    ends = np.fromiter(accumulate(map(len, rows)), np.int64, len(rows))
    letters = np.frombuffer(b"".join(keys) or b"\0", np.uint8)
    name_ends = np.array([*accumulate(map(len, keys))], np.int64)
    texts = np.empty(longest * len(data) + len(rows) * (int(name_ends[-1]) + 2 * len(keys) + 4), np.uint8)
    return texts[: _write_lines(data, ends, ord(delimiter), wanted, letters, name_ends, texts)].tobytes()


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""
    try_out(lambda: copy_column([b'"{}",a'], ",", 2, 0))
