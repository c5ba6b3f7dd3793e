"""Compiled copying of one column of delimited rows, so that its texts become lines. Needs numba."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from seawall_base.compiled import compile_kernel, try_out

OTHER = b"0"
"""Line of a row whose text is no object on one line, or that is not plainly quoted."""
_QUOTE, _BRACE, _END, _TAB, _SPACE = 0x22, 0x7B, 0x0A, 0x09, 0x20


@compile_kernel
def _copy_field(  # noqa: C901 - one walk over the bytes
    data: Any, place: int, end: int, delimiter: int, columns: int, wanted: int, texts: Any, begin: int
) -> int:
    """Copy the text of the wanted field of a row to `texts`; return the place behind it, -1 for a row that is not plain.

    Plain is a row of as many fields as there are columns, without control characters, where quotes are around whole fields
    or doubled inside these.
    """
    column, at = 0, begin
    while True:
        is_wanted = column == wanted
        if place < end and data[place] == _QUOTE:
            place += 1
            while True:
                if place >= end:
                    return -1
                letter = data[place]
                place += 1
                if letter == _QUOTE:
                    if place >= end or data[place] != _QUOTE:
                        break
                    place += 1
                elif letter < _SPACE and letter != _TAB:
                    return -1
                if is_wanted:
                    texts[at] = letter
                    at += 1
            if place < end and data[place] != delimiter:
                return -1
        else:
            while place < end and data[place] != delimiter:
                letter = data[place]
                if letter == _QUOTE or (letter < _SPACE and letter != _TAB):
                    return -1
                if is_wanted:
                    texts[at] = letter
                    at += 1
                place += 1
        column += 1
        if place >= end:
            return at if column == columns else -1
        place += 1


@compile_kernel
def _copy_fields(data: Any, ends: Any, delimiter: int, columns: int, wanted: int, texts: Any) -> int:
    """Write a line for each row to `texts`, which has room for all of them; return the place behind the last."""
    at = begin = 0
    for row in range(len(ends)):
        behind = _copy_field(data, begin, ends[row], delimiter, columns, wanted, texts, at)
        if behind <= at or texts[at] != _BRACE:
            texts[at] = OTHER[0]
            behind = at + 1
        texts[behind] = _END
        at = behind + 1
        begin = ends[row]
    return at


def copy_column(rows: Sequence[bytes], delimiter: str, columns: int, wanted: int) -> bytes:
    """Return the texts of a column that are JSON objects on one line, a line for each row; OTHER for the other rows."""
    data = np.frombuffer(b"".join(rows) or b"\0", np.uint8)
    ends = np.fromiter(accumulate(map(len, rows)), np.int64, len(rows))
    texts = np.empty(len(data) + 2 * len(rows), np.uint8)
    return texts[: _copy_fields(data, ends, ord(delimiter), columns, wanted, texts)].tobytes()


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""
    try_out(lambda: copy_column([b'"{}",a'], ",", 2, 0))
