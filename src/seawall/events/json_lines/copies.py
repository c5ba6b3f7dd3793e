"""Compiled copying of values out of a block: their texts side by side, and JSON objects made of several of them.

A value is taken as it stands where a JSON encoder would write it so, blanks between its parts left out. Others are left to
the caller.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.json_lines.layout import FORM_BITS, HAS_ESCAPES, IS_LOOSE, IS_SPACED, Bytes
from seawall_base.compiled import compile_kernel, load_word, store_word

ODD = -1
"""Size of a value that cannot be taken as it stands."""
_QUOTE, _BACKSLASH, _COMMA, _OPEN, _CLOSE = 0x22, 0x5C, 0x2C, 0x7B, 0x7D


@compile_kernel
def _is_blank(letter: int) -> bool:
    return letter == 0x20 or letter == 0x0A or letter == 0x0D or letter == 0x09


@compile_kernel
def _measure_compact(data: Bytes, start: int, size: int) -> int:
    """Count the bytes of a value without the blanks between its parts."""
    found, is_inside, place, end = 0, False, start, start + size
    while place < end:
        letter = data[place]
        if is_inside:
            if letter == _BACKSLASH:
                place += 1
                found += 1
            elif letter == _QUOTE:
                is_inside = False
        elif letter == _QUOTE:
            is_inside = True
        elif _is_blank(letter):
            found -= 1
        found += 1
        place += 1
    return found


@compile_kernel
def _copy_compact(data: Bytes, start: int, size: int, texts: Bytes, at: int) -> int:
    """Copy a value without the blanks between its parts; return the place behind it in `texts`."""
    is_inside, place, end = False, start, start + size
    while place < end:
        letter = data[place]
        place += 1
        if is_inside:
            if letter == _BACKSLASH:
                texts[at] = letter
                at += 1
                letter = data[place]
                place += 1
            elif letter == _QUOTE:
                is_inside = False
        elif letter == _QUOTE:
            is_inside = True
        elif _is_blank(letter):
            continue
        texts[at] = letter
        at += 1
    return at


@compile_kernel
def copy_bytes(data: Bytes, start: int, size: int, texts: Bytes, at: int) -> int:
    """Copy bytes; return the place behind them in `texts`. Up to seven more are written."""
    for step in range(0, size, 8):
        store_word(texts, at + step, load_word(data, start + step))
    return at + size


@compile_kernel
def _measure(data: Bytes, start: int, size: int, is_json: bool) -> int:
    """Return the bytes of a value's text, 0 where it is empty, ODD where it cannot be taken as it stands.

    Empty are `null` and `""`; as JSON also `[]` and `{}`.
    """
    if size & IS_LOOSE:
        return ODD
    first, length = data[start], size >> FORM_BITS
    if first == 0x6E:
        return 0
    if size & IS_SPACED:
        length = _measure_compact(data, start, length)
    if is_json:
        return 0 if length == 2 and (first in (_QUOTE, _OPEN, 0x5B)) else length
    if first != _QUOTE:
        return length
    return ODD if size & HAS_ESCAPES else length - 2


@compile_kernel
def _copy(data: Bytes, start: int, size: int, length: int, is_json: bool, texts: Bytes, at: int) -> int:
    """Copy a value whose text has `length` bytes; return the place behind it. Up to seven more bytes are written."""
    if size & IS_SPACED:
        return int(_copy_compact(data, start, size >> FORM_BITS, texts, at))
    if not is_json and data[start] == _QUOTE:
        start += 1
    return int(copy_bytes(data, start, length, texts, at))


@compile_kernel
def measure_texts(data: Bytes, starts: Any, sizes: Any, rows: Any, is_json: bool, lengths: Any) -> None:
    """Write the bytes of the texts of some rows to `lengths`, int64 (n,): 0 without a text, ODD where it is left out.

    Strings lose their quotes, unless they are wanted as JSON.
    """
    for place in range(len(rows)):
        start = starts[rows[place]]
        lengths[place] = 0 if start < 0 else _measure(data, start, sizes[rows[place]], is_json)


@compile_kernel
def copy_texts(
    data: Bytes, starts: Any, sizes: Any, rows: Any, is_json: bool, lengths: Any, offsets: Any, texts: Bytes
) -> None:
    """Copy the texts that were measured to `texts` (PADDING bytes longer), and their ends to `offsets`."""
    at = 0
    for place in range(len(rows)):
        length = lengths[place]
        if length > 0:
            row = rows[place]
            at = _copy(data, starts[row], sizes[row], length, is_json, texts, at)
        offsets[place + 1] = at


@compile_kernel
def _measure_member(data: Bytes, start: int, size: int, is_strict: bool) -> int:
    """Do like `_measure` as JSON; `is_strict` says that strings with an empty array or object are empty as well."""
    length = _measure(data, start, size, True)
    if is_strict and length == 4 and data[start] == _QUOTE:
        first, last = data[start + 1], data[start + 2]
        if (first == 0x5B and last == 0x5D) or (first == _OPEN and last == _CLOSE):
            return 0
    return length


@compile_kernel
def measure_objects(
    data: Bytes, cells: Any, columns: Any, keys: Any, rows: Any, is_strict: bool, lengths: Any
) -> None:
    """Write the bytes of the JSON objects of the values of some columns to `lengths`, int64 (n,): 0 without a value, else ODD.

    `keys`, int64 (columns + 1,), are the ends of the texts of the columns' names, with quotes and colon. `is_strict` says
    that strings with an empty array or object are empty as well.
    """
    for place in range(len(rows)):
        row, total = rows[place], 0
        for number in range(len(columns)):
            start = cells[columns[number], row, 0]
            if start < 0:
                continue
            length = _measure_member(data, start, cells[columns[number], row, 1], is_strict)
            if length < 0:
                total = ODD
                break
            if length > 0:
                total += keys[number + 1] - keys[number] + length + 1
        lengths[place] = total + 1 if total > 0 else total


@compile_kernel
def copy_objects(
    data: Bytes,
    cells: Any,
    columns: Any,
    names: Bytes,
    keys: Any,
    rows: Any,
    is_strict: bool,
    lengths: Any,
    offsets: Any,
    texts: Bytes,
) -> None:
    """Copy the objects that were measured to `texts` (PADDING bytes longer), and their ends to `offsets`.

    `names` (PADDING bytes longer) are the texts of the columns' names, with quotes and colon, which end at `keys`.
    """
    at = 0
    for place in range(len(rows)):
        if lengths[place] > 0:
            row, before = rows[place], np.uint8(_OPEN)
            for number in range(len(columns)):
                start, size = cells[columns[number], row, 0], cells[columns[number], row, 1]
                if start < 0:
                    continue
                length = _measure_member(data, start, size, is_strict)
                if length == 0:
                    continue
                texts[at] = before
                at += 1
                at = copy_bytes(names, keys[number], keys[number + 1] - keys[number], texts, at)
                at = _copy(data, start, size, length, True, texts, at)
                before = np.uint8(_COMMA)
            texts[at] = _CLOSE
            at += 1
        offsets[place + 1] = at


def make_texts(is_there: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int32], texts: Bytes) -> Any:
    """Return texts that end at `offsets`, int32 (n + 1,), as an Arrow string array; null where there is none."""
    bits = None if is_there.all() else pa.py_buffer(np.packbits(is_there, bitorder="little"))
    return pa.StringArray.from_buffers(len(is_there), pa.py_buffer(offsets), pa.py_buffer(texts), bits)
