"""Compiled cutting of JSON texts into records: the elements of an array, of a page, and objects one after the other.

Only what is plainly so is cut. The records themselves are not checked here: their ends are found by their brackets and strings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from seawall.events.json_lines.layout import Bytes, Numbers
from seawall.events.json_lines.texts import find_scalar_end, find_string_end, skip_blanks
from seawall_base.compiled import compile_kernel, load_word

_MOST_AROUND = 8
"""Fields of a page that are looked at for its array."""
_NAMES = np.array(
    [int.from_bytes(name, "little") for name in (b"value", b"items", b"records", b"Records")], np.uint64
)
"""Names of arrays of records, as words."""
_FIVE, _SEVEN = np.uint64((1 << 40) - 1), np.uint64((1 << 56) - 1)
_COUNT = 4
"""Place in `notes` of a number of spans."""
_BLANKS = np.uint64(0x2020202020202020)


@compile_kernel
def _is_array_name(data: Bytes, start: int, size: int) -> bool:
    """Return whether a string names an array of records."""
    if size == 5:
        word = load_word(data, start) & _FIVE
        return bool(word == _NAMES[0] or word == _NAMES[1])
    if size == 7:
        word = load_word(data, start) & _SEVEN
        return bool(word == _NAMES[2] or word == _NAMES[3])
    return False


@compile_kernel
def _find_object_end(data: Bytes, place: int, end: int, is_strict: bool, notes: Numbers) -> int:
    """Return the place behind the object that starts here; -1 where it does not end, or a string in it is odd.

    With `is_strict` also where a string at its top names an array of records.
    """
    depth = 0
    while place < end:
        letter = data[place]
        if letter == 0x22:
            quote = find_string_end(data, place + 1, end, notes)
            if quote < 0 or (is_strict and depth == 1 and _is_array_name(data, place + 1, quote - place - 1)):
                return -1
            place = quote + 1
        elif letter == 0x7B or letter == 0x5B:
            depth += 1
            place += 1
        elif letter == 0x7D or letter == 0x5D:
            depth -= 1
            place += 1
            if depth == 0:
                return place
        elif letter == 0x20:
            place += 1
            while place + 8 <= end and uint64(load_word(data, place)) == _BLANKS:
                place += 8
        else:
            place += 1
    return -1


@compile_kernel
def _find_array(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place of the array of records in the object that starts here; -1 where its first fields show none."""
    place += 1
    for _ in range(_MOST_AROUND):
        place = skip_blanks(data, place, end, notes)
        if place >= end or data[place] != 0x22:
            return -1
        name = place + 1
        quote = find_string_end(data, name, end, notes)
        if quote < 0:
            return -1
        place = skip_blanks(data, quote + 1, end, notes)
        if place >= end or data[place] != 0x3A:
            return -1
        place = skip_blanks(data, place + 1, end, notes)
        if place >= end or data[place] == 0x7B:
            return -1
        if data[place] == 0x5B:
            return place if _is_array_name(data, name, quote - name) else -1
        if data[place] == 0x22:
            place = find_string_end(data, place + 1, end, notes) + 1
            if place == 0:
                return -1
        else:
            place = find_scalar_end(data, place, end, notes)
            if place < 0:
                return -1
        place = skip_blanks(data, place, end, notes)
        if place >= end or data[place] != 0x2C:
            return -1
        place += 1
    return -1


@compile_kernel
def _cut_array(data: Bytes, place: int, end: int, spans: Any, count: int, notes: Numbers) -> int:
    """Write the spans of the objects of the array that starts here behind the first `count`, and to `notes` how many there are.

    Returns the place behind the array; -1 where it has other elements or none, or there is no room for the spans.
    """
    while True:
        place = skip_blanks(data, place + 1, end, notes)
        if place >= end or data[place] != 0x7B or count == len(spans):
            break
        after = _find_object_end(data, place, end, False, notes)
        if after < 0:
            break
        spans[count, 0], spans[count, 1] = place, after
        count += 1
        place = skip_blanks(data, after, end, notes)
        if place >= end:
            break
        if data[place] == 0x5D:
            notes[_COUNT] = count
            return place + 1
        if data[place] != 0x2C:
            break
    return -1


@compile_kernel
def cut_pages(
    data: Bytes, starts: Any, ends: Any, is_closed: Any, first: int, most: int, spans: Any, cuts: Any
) -> int:
    """Cut texts from the number `first` on into the objects of their arrays; return the number of the first that is left.

    `spans`, int64 (n, 2), gets start and end of each object, or of a text that is not cut: one that is closed, or that has other
    elements or more than `most`. `cuts`, int64 (texts, 3), gets the number of spans up to the end of each text, and start and
    end of its array, -1 if it is not cut. `spans` must have room for `most` beyond those of the texts before.
    """
    notes = np.zeros(5, np.int64)
    count = 0
    for text in range(first, len(starts)):
        if count + most > len(spans):
            return text
        start, end = starts[text], ends[text]
        array = -1
        if not is_closed[text]:
            place = skip_blanks(data, start, end, notes)
            if place < end and data[place] == 0x5B:
                array = place
            elif place < end and data[place] == 0x7B:
                array = _find_array(data, place, end, notes)
        after = -1
        if array >= 0:
            after = _cut_array(data, array, end, spans[: count + most], count, notes)
        if after < 0:
            spans[count, 0], spans[count, 1] = start, end
            notes[_COUNT] = count + 1
            array = -1
        count = notes[_COUNT]
        cuts[text, 0], cuts[text, 1], cuts[text, 2] = count, array, after
    return len(starts)


@compile_kernel
def cut_run(data: Bytes, place: int, end: int, longest: int, spans: Any) -> int:
    """Write the spans of whole objects from `place` on, with nothing but separators between them; return their number.

    It stops before an object that may be a page, one longer than `longest`, one with an odd string, and one that does not end.
    """
    notes = np.zeros(5, np.int64)
    for count in range(len(spans)):
        while place < end and (data[place] == 0x20 or data[place] == 0x2C or 0x09 <= data[place] <= 0x0D):
            place += 1
        if place >= end or data[place] != 0x7B:
            return count
        after = _find_object_end(data, place, min(end, place + longest), True, notes)
        if after < 0:
            return count
        spans[count, 0], spans[count, 1] = place, after
        place = after
    return len(spans)
