"""Compiled reading of JSON records on lines: where the value of each declared field starts and ends.

A line with anything unusual (invalid JSON, a field twice, nested too deep, a surrogate) is left to the general reader, which has
the last word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from seawall.events.json_lines.layout import (
    CHILD,
    COUNTED,
    FLAGS,
    FORM,
    FORM_BITS,
    HAS_LARGE,
    HAS_WIDE,
    IN_NODE,
    IS_ARRAY,
    IS_BLANK,
    IS_LEFT,
    IS_LOOSE,
    IS_OBJECT,
    IS_READ,
    IS_REFUSED,
    IS_SPACED,
    KINDS,
    LARGE,
    NAME_SIZE,
    NAME_START,
    NOWHERE,
    OF_FIRST,
    ROOT,
    TO_COLUMN,
    UNUSUAL,
    WIDE,
    Bytes,
    Numbers,
)  # fmt: skip
from seawall.events.json_lines.texts import find_scalar_end, find_string_end, hash_bytes, is_same, skip_blanks
from seawall_base.compiled import compile_kernel

_KIND, _NODE, _COLUMN, _START, _ELEMENTS, _FORM, _TALLY, _SEEN, _NAMES = range(9)
_FRAME = 9
_OBJECT, _ARRAY = 1, 2
_MOST_NAMES = 24
"""Names of one object that are compared, to find one that is there twice."""
_NEW_START, _NEW_SIZE, _NEW_NODE = 2, 3, 4


@compile_kernel
def _find_field(
    data: Bytes, start: int, size: int, node: int, slots: Any, letters: Bytes, table: Any, seed: Any
) -> int:
    """Return the number of the field of this name in a node, -1 where it is not declared."""
    mask = len(slots) - 1
    slot = int64(hash_bytes(data, start, size, seed + uint64(node)) & uint64(mask))
    while slots[slot] >= 0:
        field = slots[slot]
        if table[field, IN_NODE] == node and table[field, NAME_SIZE] == size:
            place = table[field, NAME_START]
            if is_same(data, start, letters, place, size):
                return int(field)
        slot = (slot + 1) & mask
    return -1


@compile_kernel
def _note_name(data: Bytes, start: int, size: int, frames: Any, top: int, notes: Numbers) -> None:
    """Remember a name of an object whose text is kept as it stands: where one comes twice, an encoder would write the last."""
    count = frames[top, _NAMES]
    for other in range(_FRAME, _FRAME + 2 * count, 2):
        if frames[top, other + 1] == size and is_same(data, frames[top, other], data, start, size):
            notes[FORM] |= IS_LOOSE
            return
    if count == _MOST_NAMES:
        notes[FORM] |= IS_LOOSE
        return
    frames[top, _FRAME + 2 * count], frames[top, _FRAME + 2 * count + 1] = start, size
    frames[top, _NAMES] = count + 1


@compile_kernel
def _read_record(  # noqa: C901 - in one piece it takes 2 us for a record, in pieces 5: arrays are dear to hand on
    data: Bytes,
    place: int,
    end: int,
    row: int,
    deepest: int,
    slots: Any,
    letters: Bytes,
    table: Any,
    follow: Any,
    seed: Any,
    open_nodes: int,
    cells: Any,
    tallies: Any,
    frames: Any,
    notes: Numbers,
) -> int:
    """Return the place behind the object that starts here; -1 leaves the line.

    `frames`, int64, has a row for each object and array that is open: its kind, the node of its members, the column and start of
    its own value, how many elements it had, the form of what is around it, the tally of its elements, bits of the fields that it
    had, how many other names, and start and size of each of these.
    """
    notes[:] = 0
    last, depth, is_behind_value = 0, 1, False
    frames[0, _KIND], frames[0, _NODE], frames[0, _COLUMN], frames[0, _TALLY] = _OBJECT, ROOT, -1, -1
    place += 1
    while True:
        top = depth - 1
        kind, node = frames[top, _KIND], frames[top, _NODE]
        place = skip_blanks(data, place, end, notes)
        if place >= end:
            return -1
        letter = data[place]
        is_closing = letter == (0x7D if kind == _OBJECT else 0x5D)
        if is_behind_value and not is_closing:
            if letter != 0x2C:
                return -1
            place = skip_blanks(data, place + 1, end, notes)
            if place >= end:
                return -1
            letter = data[place]
            if letter == 0x7D or letter == 0x5D:
                return -1
        if is_closing:
            place += 1
            depth -= 1
            column = frames[top, _COLUMN]
            if column >= 0:
                cells[column, row, 0] = frames[top, _START]
                cells[column, row, 1] = (place - frames[top, _START]) << FORM_BITS | notes[FORM]
            if depth == 0:
                return place
            notes[FORM] |= frames[top, _FORM]
            is_behind_value = True
            continue
        field = column = tally = -1
        child = NOWHERE
        if kind == _OBJECT:
            if letter != 0x22:
                return -1
            place += 1
            if node == NOWHERE:
                quote = find_string_end(data, place, end, notes)
                if quote < 0:
                    return -1
                _note_name(data, place, quote - place, frames, top, notes)
                place = quote
            else:
                guess = follow[last]
                if guess >= 0 and table[guess, IN_NODE] == node:
                    size = table[guess, NAME_SIZE]
                    start = table[guess, NAME_START]
                    is_there = place + size < end and data[place + size] == 0x22
                    if is_there and is_same(data, place, letters, start, size):
                        field = guess
                        place += size
                if field < 0:
                    form = notes[FORM]
                    notes[FORM] = 0
                    quote = find_string_end(data, place, end, notes)
                    if quote < 0 or notes[FORM] != 0:
                        return -1
                    notes[FORM] = form
                    field = _find_field(data, place, quote - place, node, slots, letters, table, seed)
                    if field >= 0:
                        follow[last] = field
                    elif open_nodes >> node & 1:
                        notes[_NEW_START], notes[_NEW_SIZE], notes[_NEW_NODE] = place, quote - place, node
                        return -1
                    else:
                        _note_name(data, place, quote - place, frames, top, notes)
                    place = quote
            place = skip_blanks(data, place + 1, end, notes)
            if place >= end or data[place] != 0x3A:
                return -1
            place = skip_blanks(data, place + 1, end, notes)
            if place >= end:
                return -1
            letter = data[place]
            if field >= 0:
                last = field + 1
                column, child, tally = table[field, TO_COLUMN], table[field, CHILD], table[field, COUNTED]
                flags = table[field, FLAGS]
                if flags != 0:
                    if flags & IS_REFUSED:
                        return -1
                    if letter != 0x6E and (
                        (flags & IS_OBJECT and letter != 0x7B) or (flags & IS_ARRAY and letter != 0x5B)
                    ):
                        return -1
                    if flags & OF_FIRST and frames[top - 1, _ELEMENTS] != 1:
                        column = -1
                if column >= 0:
                    if cells[column, row, 0] >= 0:
                        return -1
                elif node != ROOT:
                    bit = int64(1) << int64(field & 63)
                    if frames[top, _SEEN] & bit:
                        return -1
                    frames[top, _SEEN] |= bit
        else:
            frames[top, _ELEMENTS] += 1
            counted = frames[top, _TALLY]
            if counted >= 0:
                # Elements that are looked into are not counted: their number shows nothing but that there are some.
                step = 1 if node == NOWHERE else 0
                tallies[counted, row] = max(tallies[counted, row], 0) + step
            if node != NOWHERE and letter != 0x7B:
                return -1
            child = node
        if letter == 0x7B or letter == 0x5B:
            if depth >= deepest:
                return -1
            frames[depth, _KIND] = _OBJECT if letter == 0x7B else _ARRAY
            frames[depth, _NODE], frames[depth, _COLUMN], frames[depth, _START] = child, column, place
            frames[depth, _ELEMENTS], frames[depth, _SEEN], frames[depth, _NAMES] = 0, 0, 0
            frames[depth, _TALLY] = tally
            frames[depth, _FORM] = notes[FORM]
            notes[FORM] = 0
            depth += 1
            place += 1
            is_behind_value = False
            continue
        form = notes[FORM]
        notes[FORM] = 0
        if letter == 0x22:
            after = find_string_end(data, place + 1, end, notes) + 1
            if after == 0:
                return -1
        else:
            after = find_scalar_end(data, place, end, notes)
            if after < 0:
                return -1
        if column >= 0:
            cells[column, row, 0] = place
            cells[column, row, 1] = (after - place) << FORM_BITS | notes[FORM]
        notes[FORM] |= form
        place = after
        is_behind_value = True


@compile_kernel
def read_lines(
    data: Bytes,
    starts: Any,
    ends: Any,
    first: int,
    deepest: int,
    slots: Any,
    letters: Bytes,
    table: Any,
    follow: Any,
    seed: Any,
    is_open: bool,
    open_nodes: int,
    cells: Any,
    tallies: Any,
    ways: Any,
    name: Numbers,
) -> int:
    """Read lines from the number `first` on: what became of each goes to `ways`. Returns the number of lines when all are done.

    `slots` to `open_nodes` are a `FieldArrays`. `cells`, int32 (columns, lines, 2), gets start (-1 without a value) and size of
    each value, with the form of it in the lowest FORM_BITS of the size; `tallies`, int32 (tallies, lines), counts of elements
    (-1 where there is nothing to count). A line with a name that is not declared stops an open tree: the number of the line is
    returned, with start, size and node of the name in `name`.
    """
    frames = np.zeros((deepest + 1, _FRAME + 2 * _MOST_NAMES), np.int64)
    notes = np.zeros(5, np.int64)
    for row in range(first, len(starts)):
        end = ends[row]
        place = skip_blanks(data, starts[row], end, notes)
        if place >= end:
            ways[row] = IS_BLANK
            continue
        after = -1
        notes[_NEW_SIZE] = 0
        if data[place] == 0x7B and deepest > 0:
            after = _read_record(
                data,
                place,
                end,
                row,
                deepest,
                slots,
                letters,
                table,
                follow,
                seed,
                open_nodes,
                cells,
                tallies,
                frames,
                notes,
            )
        if after >= 0 and skip_blanks(data, after, end, notes) >= end:
            is_unusual = notes[FORM] & (IS_LOOSE | IS_SPACED) != 0 or data[starts[row]] != 0x7B
            kinds = notes[KINDS]
            ways[row] = IS_READ + UNUSUAL * is_unusual
            ways[row] += WIDE * (kinds & HAS_WIDE != 0) + LARGE * (kinds & HAS_LARGE != 0)
            continue
        cells[:, row, 0] = -1
        tallies[:, row] = -1
        if is_open and after < 0 and notes[_NEW_SIZE] > 0:
            name[0], name[1], name[2] = notes[_NEW_START], notes[_NEW_SIZE], notes[_NEW_NODE]
            return row
        ways[row] = IS_LEFT
    return len(starts)
