"""Compiled reading of an array with one object, whose members are a type, a name and an array of named values.

Google's `events` are so: `[{"type":…,"name":…,"parameters":[{"name":…,"value":…}]}]`. They are known to be valid JSON.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from seawall.events.json_lines.copies import copy_bytes
from seawall.events.json_lines.layout import FORM, FORM_BITS, HAS_ESCAPES, IS_LOOSE, PADDING, Bytes, Numbers
from seawall.events.json_lines.texts import find_scalar_end, find_string_end, is_same, skip_blanks
from seawall_base.compiled import compile_kernel, try_out

MOST_VALUES = 64
"""Named values of one object; an object with more is left."""
_NAMES = (b"type", b"name", b"parameters", b"value", b"intValue", b"boolValue", b"multiValue", b"multiStrValue",
          b"multiIntValue", b"multiBoolValue")  # fmt: skip
_TYPE, _NAME, _VALUES, _FIRST_KIND = 0, 1, 2, 3
_LETTERS = np.frombuffer(b"".join(_NAMES) + bytes(PADDING), np.uint8)
_SIZES = np.array([len(name) for name in _NAMES], np.int64)
_PLACES = np.cumsum(_SIZES) - _SIZES
_LOOSE, _COUNT = 3, 4
"""Places in `notes`: whether an encoder would write a value otherwise, and how many values there are."""
_NAME_START, _NAME_SIZE, _START, _SIZE, _FORM = range(5)
_NULL = np.frombuffer(b"null" + bytes(PADDING), np.uint8)
_QUOTE, _COLON, _COMMA, _OPEN, _CLOSE, _LETTER_N = 0x22, 0x3A, 0x2C, 0x7B, 0x7D, 0x6E


@compile_kernel
def _find_name(data: Bytes, start: int, size: int) -> int:
    """Return the place of a name among `_NAMES`, -1 for another."""
    for place in range(len(_SIZES)):
        if _SIZES[place] == size and is_same(data, start, _LETTERS, _PLACES[place], size):
            return place
    return -1


@compile_kernel
def _find_value_end(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place behind a scalar or an array of scalars; -1 for anything else."""
    if data[place] == _QUOTE:
        return int(find_string_end(data, place + 1, end, notes)) + 1
    if data[place] == _OPEN:
        return -1
    if data[place] != 0x5B:
        return int(find_scalar_end(data, place, end, notes))
    place = skip_blanks(data, place + 1, end, notes)
    while place < end and data[place] != 0x5D:
        if data[place] == _QUOTE:
            place = find_string_end(data, place + 1, end, notes) + 1
        elif data[place] == _OPEN or data[place] == 0x5B:
            return -1
        elif data[place] == _COMMA:
            place += 1
        else:
            place = find_scalar_end(data, place, end, notes)
        if place <= 0:
            return -1
        place = skip_blanks(data, place, end, notes)
    return place + 1


@compile_kernel
def _is_simple(data: Bytes, start: int, size: int) -> bool:
    """Return whether a name is ASCII."""
    highest = 0
    for place in range(start, start + size):
        highest |= data[place]
    return highest < 0x80


@compile_kernel
def _read_value(data: Bytes, place: int, end: int, found: Any, count: int, notes: Numbers) -> int:
    """Read the object of a named value to row `count` of `found`; return the place behind it, -1 where it is another object."""
    if place >= end or data[place] != _OPEN:
        return -1
    place = skip_blanks(data, place + 1, end, notes)
    found[count, _NAME_START] = found[count, _START] = -1
    for member in range(2):
        if data[place] != _QUOTE:
            return -1
        start = place + 1
        quote = find_string_end(data, start, end, notes)
        if quote < 0:
            return -1
        name = _find_name(data, start, quote - start)
        place = skip_blanks(data, quote + 1, end, notes)
        place = skip_blanks(data, place + 1, end, notes)
        notes[FORM] = 0
        after = _find_value_end(data, place, end, notes)
        if after <= 0:
            return -1
        if name == _NAME:
            size = after - place - 2
            is_name = data[place] == _QUOTE and size > 0 and notes[FORM] & (IS_LOOSE | HAS_ESCAPES) == 0
            if not is_name or not _is_simple(data, place + 1, size):
                return -1
            found[count, _NAME_START], found[count, _NAME_SIZE] = place + 1, size
        elif name >= _FIRST_KIND:
            notes[_LOOSE] |= notes[FORM] & IS_LOOSE
            found[count, _START], found[count, _SIZE], found[count, _FORM] = place, after - place, notes[FORM]
        else:
            return -1
        place = skip_blanks(data, after, end, notes)
        if data[place] != (_COMMA if member == 0 else _CLOSE):
            return -1
        place = skip_blanks(data, place + 1, end, notes)
    return place if found[count, _NAME_START] >= 0 and found[count, _START] >= 0 else -1


@compile_kernel
def _read_values(data: Bytes, place: int, end: int, found: Any, notes: Numbers) -> int:
    """Read the array of named values that starts here, and note how many; return the place behind it, or -1."""
    count = 0
    place = skip_blanks(data, place + 1, end, notes)
    if data[place] == 0x5D:
        return place + 1
    while count < MOST_VALUES:
        place = _read_value(data, place, end, found, count, notes)
        if place < 0:
            return -1
        count += 1
        if data[place] == 0x5D:
            notes[_COUNT] = count
            return place + 1
        place = skip_blanks(data, place + 1, end, notes)
    return -1


@compile_kernel
def _read_event(data: Bytes, start: int, end: int, texts: Any, found: Any, notes: Numbers) -> bool:
    """Read the array: `texts` gets start, size and form of type and name, -1 without one, and `notes` the number of values."""
    notes[_COUNT] = notes[_LOOSE] = 0
    texts[:, 0] = -1
    has = 0
    place = skip_blanks(data, start + 1, end, notes)
    if data[place] != _OPEN:
        return False
    place = skip_blanks(data, place + 1, end, notes)
    while data[place] == _QUOTE:
        quote = find_string_end(data, place + 1, end, notes)
        if quote < 0:
            return False
        name = _find_name(data, place + 1, quote - place - 1)
        if name < 0 or name > _VALUES or has >> name & 1:
            return False
        has |= 1 << name
        place = skip_blanks(data, quote + 1, end, notes)
        place = skip_blanks(data, place + 1, end, notes)
        if name == _VALUES:
            if data[place] != 0x5B:
                return False
            place = _read_values(data, place, end, found, notes)
            if place < 0:
                return False
        else:
            notes[FORM] = 0
            after = find_string_end(data, place + 1, end, notes) + 1
            if data[place] != _QUOTE or after <= place + 2:
                return False
            notes[_LOOSE] |= notes[FORM] & IS_LOOSE
            texts[name, 0], texts[name, 1], texts[name, 2] = place, after - place, notes[FORM]
            place = after
        place = skip_blanks(data, place, end, notes)
        if data[place] == _COMMA:
            place = skip_blanks(data, place + 1, end, notes)
    if data[place] != _CLOSE:
        return False
    place = skip_blanks(data, place + 1, end, notes)
    return bool(place == end - 1)


@compile_kernel
def _is_before(data: Bytes, one: int, size: int, other: int, other_size: int) -> int:
    """Return -1, 0 or 1: how two names are ordered."""
    for place in range(min(size, other_size)):
        if data[one + place] != data[other + place]:
            return -1 if data[one + place] < data[other + place] else 1
    return -1 if size < other_size else int(size > other_size)


@compile_kernel
def _sort(data: Bytes, found: Any, count: int, order: Any) -> bool:
    """Write the order of the names to `order`; false where one comes twice."""
    for number in range(count):
        place = number
        while place > 0:
            other = order[place - 1]
            step = _is_before(
                data,
                found[number, _NAME_START],
                found[number, _NAME_SIZE],
                found[other, _NAME_START],
                found[other, _NAME_SIZE],
            )
            if step == 0:
                return False
            if step > 0:
                break
            order[place] = other
            place -= 1
        order[place] = number
    return True


@compile_kernel
def _copy_values(data: Bytes, found: Any, count: int, order: Any, texts: Bytes, at: int) -> int:
    """Write a JSON object of named values; return the place behind it."""
    texts[at] = _OPEN
    at += 1
    for step in range(count):
        number = order[step]
        if step > 0:
            texts[at] = _COMMA
            at += 1
        at = copy_bytes(data, found[number, _NAME_START] - 1, found[number, _NAME_SIZE] + 2, texts, at)
        texts[at] = _COLON
        at += 1
        start, size = found[number, _START], found[number, _SIZE]
        if data[start] != 0x5B:
            at = copy_bytes(data, start, size, texts, at)
            continue
        is_inside, place = False, start
        while place < start + size:
            letter = data[place]
            if letter == _QUOTE:
                is_inside = not is_inside
            elif is_inside and letter == 0x5C:
                texts[at] = letter
                at += 1
                place += 1
                letter = data[place]
            if is_inside or letter > 0x20:
                texts[at] = letter
                at += 1
            place += 1
    texts[at] = _CLOSE
    return at + 1


@compile_kernel
def _is_wanted(data: Bytes, start: int, size: int, letters: Bytes, place: int) -> bool:
    """Return whether a name is one in lower case, whatever its own case is."""
    for step in range(size):
        letter = data[start + step]
        if 0x41 <= letter <= 0x5A:
            letter |= 0x20
        if letter != letters[place + step]:
            return False
    return True


@compile_kernel
def read_events(
    data: Bytes,
    spans: Any,
    rows: Any,
    letters: Bytes,
    ends: Any,
    cells: Any,
    is_right: Any,
    is_loose: Any,
    objects: Bytes,
    object_ends: Any,
    said: Bytes,
    said_ends: Any,
) -> None:
    """Read the arrays of some rows whose spans, int32 (lines, 2), are given; `is_right`, bool (rows,), tells which are such,
    and `is_loose`, bool (rows,), which of them an encoder would write otherwise, apart from blanks.

    `letters` are the names wanted, in lower case, which end at `ends`, int64 (names,). `cells`, int32 (names + 2, lines, 2), gets
    type, name and the wanted values. `objects` gets the values of each row as a JSON object, and `said` a JSON array of type,
    name and the object in the order of its names; both have room for the arrays and 32 bytes a row.
    """
    notes = np.zeros(5, np.int64)
    found, texts = np.zeros((MOST_VALUES, 5), np.int64), np.zeros((2, 3), np.int64)
    order, usual = np.zeros(MOST_VALUES, np.int64), np.arange(MOST_VALUES)
    at = at_said = 0
    for place in range(len(rows)):
        row = rows[place]
        start = spans[row, 0]
        end = start + (spans[row, 1] >> FORM_BITS)
        is_right[place] = (
            start >= 0 and data[start] == 0x5B and _read_event(data, start, end, texts, found, notes)
        )
        count = notes[_COUNT]
        is_loose[place] = notes[_LOOSE] != 0
        is_right[place] = is_right[place] and _sort(data, found, count, order)
        if is_right[place]:
            if count > 0:
                at = _copy_values(data, found, count, usual, objects, at)
            said[at_said] = 0x5B
            at_said += 1
            for number in range(2):
                if texts[number, 0] >= 0:
                    cells[number, row, 0] = texts[number, 0]
                    cells[number, row, 1] = texts[number, 1] << FORM_BITS | texts[number, 2]
                    at_said = copy_bytes(data, texts[number, 0], texts[number, 1], said, at_said)
                else:
                    at_said = copy_bytes(_NULL, 0, 4, said, at_said)
                said[at_said] = _COMMA
                at_said += 1
            at_said = _copy_values(data, found, count, order, said, at_said)
            said[at_said] = 0x5D
            at_said += 1
            for number in range(count):
                begin = 0
                for wanted in range(len(ends)):
                    size = ends[wanted] - begin
                    if size == found[number, _NAME_SIZE] and _is_wanted(
                        data, found[number, _NAME_START], size, letters, begin
                    ):
                        cells[wanted + 2, row, 0] = found[number, _START]
                        cells[wanted + 2, row, 1] = found[number, _SIZE] << FORM_BITS | found[number, _FORM]
                    begin = ends[wanted]
        object_ends[place + 1], said_ends[place + 1] = at, at_said


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""

    def use() -> None:
        text = b'[{"name":"a"}]'
        data, row, ends = (
            np.frombuffer(bytearray(text + bytes(PADDING)), np.uint8),
            np.zeros(1, np.int64),
            np.zeros((2, 2), np.int64),
        )
        spans, cells = np.array([[0, len(text) << FORM_BITS]], np.int32), np.full((3, 1, 2), -1, np.int32)
        is_right, is_loose = np.zeros((2, 1), np.bool_)
        texts, said = np.empty((2, len(text) + 32 + PADDING), np.uint8)
        read_events(
            data, spans, row, _LETTERS, row + 1, cells, is_right, is_loose, texts, ends[0], said, ends[1]
        )

    try_out(use)
