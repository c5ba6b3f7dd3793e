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


@compile_kernel
def _find_fields(data: Any, place: int, end: int, delimiter: int, fields: Any) -> bool:
    """Write start and end of each field of a row, without its quotes, to `fields`, int64 (columns, 2); false if it is not plain.

    Plain is a row of as many fields as there are columns, without control characters but tabs, where quotes are around whole
    fields or doubled inside these.
    """
    for column in range(len(fields)):
        is_quoted = place < end and data[place] == _QUOTE
        place += int(is_quoted)
        fields[column, 0] = place
        while place < end and (is_quoted or data[place] != delimiter):
            letter = data[place]
            if letter < _SPACE and letter != _TAB:
                return False
            if letter == _QUOTE:
                if not is_quoted:
                    return False
                if place + 1 >= end or data[place + 1] != _QUOTE:
                    break
                place += 1
            place += 1
        fields[column, 1] = place
        if is_quoted and place >= end:
            return False
        place += int(is_quoted)
        if place < end and data[place] != delimiter:
            return False
        if (place >= end) != (column == len(fields) - 1):
            return False
        place += 1
    return True


@compile_kernel
def _copy_field(data: Any, place: int, end: int, texts: Any, at: int) -> int:
    """Copy a field with single quotes in place of doubled ones; return the place behind it in `texts`."""
    while place < end:
        texts[at] = data[place]
        at += 1
        place += 1 + int(data[place] == _QUOTE)
    return at


@compile_kernel
def _write_field(data: Any, place: int, end: int, texts: Any, at: int) -> int:
    """Write a field as the inside of a JSON string; return the place behind it, -1 for a field with a tab."""
    while place < end:
        letter = data[place]
        if letter == _TAB:
            return -1
        if letter in (_QUOTE, _BACKSLASH):
            texts[at] = _BACKSLASH
            at += 1
        texts[at] = letter
        at += 1
        place += 1 + int(letter == _QUOTE)
    return at


@compile_kernel
def _write_object(data: Any, fields: Any, names: Any, name_ends: Any, texts: Any, begin: int) -> int:
    """Write the fields that are not empty as a JSON object; return the place behind it, -1 if there is none or one has a tab."""
    at = begin
    for column in range(len(fields)):
        if fields[column, 0] == fields[column, 1]:
            continue
        texts[at] = _OPEN if at == begin else _COMMA
        at += 1
        for step in range(name_ends[column - 1] if column > 0 else 0, name_ends[column]):
            texts[at] = names[step]
            at += 1
        at = _write_field(data, fields[column, 0], fields[column, 1], texts, at)
        if at < 0:
            return -1
        texts[at] = _QUOTE
        at += 1
    if at == begin:
        return -1
    texts[at] = _CLOSE
    return at + 1


@compile_kernel
def _write_lines(
    data: Any, ends: Any, delimiter: int, wanted: int, names: Any, name_ends: Any, texts: Any
) -> int:
    """Write a line for each row to `texts`, which has room for all: the wanted field, or all as an object where `wanted` is -1.

    Returns the place behind the last line.
    """
    fields = np.zeros((len(name_ends), 2), np.int64)
    at = begin = 0
    for row in range(len(ends)):
        behind = -1
        if _find_fields(data, begin, ends[row], delimiter, fields):
            if wanted < 0:
                behind = _write_object(data, fields, names, name_ends, texts, at)
            elif fields[wanted, 0] < fields[wanted, 1] and data[fields[wanted, 0]] == _OPEN:
                behind = _copy_field(data, fields[wanted, 0], fields[wanted, 1], texts, at)
        if behind < 0:
            texts[at] = OTHER[0]
            behind = at + 1
        texts[behind] = _END
        at = behind + 1
        begin = ends[row]
    return at


def copy_column(rows: Sequence[bytes], delimiter: str, columns: int, wanted: int) -> bytes:
    """Return the texts of a column that are JSON objects on one line, a line for each row; OTHER for the other rows."""
    return _convert(rows, delimiter, [b""] * columns, wanted)


def write_rows(rows: Sequence[bytes], delimiter: str, names: Sequence[str]) -> bytes:
    """Return the rows as JSON objects of the fields that are not empty, a line for each; OTHER for rows that are not plain."""
    return _convert(rows, delimiter, [f'{encode(name)}:"'.encode() for name in names], -1)


def _convert(rows: Sequence[bytes], delimiter: str, keys: Sequence[bytes], wanted: int) -> bytes:
    data = np.frombuffer(b"".join(rows) or b"\0", np.uint8)
    ends = np.fromiter(accumulate(map(len, rows)), np.int64, len(rows))
    letters = np.frombuffer(b"".join(keys) or b"\0", np.uint8)
    name_ends = np.array([*accumulate(map(len, keys))], np.int64)
    texts = np.empty(2 * len(data) + len(rows) * (int(name_ends[-1]) + 2 * len(keys) + 4), np.uint8)
    return texts[: _write_lines(data, ends, ord(delimiter), wanted, letters, name_ends, texts)].tobytes()


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""
    try_out(lambda: copy_column([b'"{}",a'], ",", 2, 0))
