"""Compiled writing of delimited rows as lines of JSON, so that they are read by column. Needs numba."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from seawall.events.formats.json_values import encode
from seawall.events.formats.table_fields import OTHER
from seawall_base.compiled import compile_kernel, try_out

_QUOTE, _BACKSLASH, _COMMA, _OPEN, _CLOSE, _END, _SPACE = 0x22, 0x5C, 0x2C, 0x7B, 0x7D, 0x0A, 0x20


@compile_kernel
def _write_row(  # noqa: C901 - one walk over the bytes
    data: Any, place: int, end: int, delimiter: int, names: Any, name_ends: Any, texts: Any, begin: int
) -> int:
    """Write a row's fields that are not empty as a JSON object; return the place behind it, -1 for a row that is not plain.

    Plain is a row of as many fields as there are names, without control characters, where quotes are around whole fields
    or doubled inside these.
    """
    at = begin
    for column in range(len(name_ends)):
        before = at
        texts[at] = _OPEN if at == begin else _COMMA
        at += 1
        for step in range(name_ends[column - 1] if column > 0 else 0, name_ends[column]):
            texts[at] = names[step]
            at += 1
        value = at
        is_quoted = place < end and data[place] == _QUOTE
        if is_quoted:
            place += 1
        while place < end and (is_quoted or data[place] != delimiter):
            letter = data[place]
            place += 1
            if letter < _SPACE:
                return -1
            if letter == _QUOTE:
                if not is_quoted:
                    return -1
                if place >= end or data[place] != _QUOTE:
                    is_quoted = False
                    break
                place += 1
            if letter in (_QUOTE, _BACKSLASH):
                texts[at] = _BACKSLASH
                at += 1
            texts[at] = letter
            at += 1
        if is_quoted or (place < end and data[place] != delimiter):
            return -1
        if at == value:
            at = before
        else:
            texts[at] = _QUOTE
            at += 1
        if (place >= end) != (column == len(name_ends) - 1):
            return -1
        place += 1
    if at == begin:
        return -1
    texts[at] = _CLOSE
    return at + 1


@compile_kernel
def _write_rows(data: Any, ends: Any, delimiter: int, names: Any, name_ends: Any, texts: Any) -> int:
    """Write a line for each row to `texts`, which has room for all of them; return the place behind the last."""
    at = begin = 0
    for row in range(len(ends)):
        behind = _write_row(data, begin, ends[row], delimiter, names, name_ends, texts, at)
        if behind < 0:
            texts[at] = OTHER[0]
            behind = at + 1
        texts[behind] = _END
        at = behind + 1
        begin = ends[row]
    return at


def write_rows(rows: Sequence[bytes], delimiter: str, names: Sequence[str]) -> bytes:
    """Return the rows as JSON objects of the fields that are not empty, a line for each; OTHER for rows that are not plain."""
    data = np.frombuffer(b"".join(rows) or b"\0", np.uint8)
    ends = np.fromiter(accumulate(map(len, rows)), np.int64, len(rows))
    keys = [f'{encode(name)}:"'.encode() for name in names]
    name_ends = np.array([*accumulate(map(len, keys))], np.int64)
    texts = np.empty(2 * len(data) + len(rows) * (int(name_ends[-1]) + 2 * len(names) + 4), np.uint8)
    letters = np.frombuffer(b"".join(keys), np.uint8)
    return texts[: _write_rows(data, ends, ord(delimiter), letters, name_ends, texts)].tobytes()


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""
    try_out(lambda: write_rows([b'"{}",a'], ",", ["a", "b"]))
