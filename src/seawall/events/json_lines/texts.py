"""Compiled scanning of JSON texts, strictly as RFC 8259 has them, and comparing of bytes.

`data` is the bytes of a block with PADDING more behind them: eight are loaded at a time, wherever they begin. Functions that
read a value return the place behind it, or -1 where it is not valid; `notes` tells more of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from seawall.events.json_lines.layout import (
    FORM,
    HAS_ESCAPES,
    HAS_LARGE,
    IS_LOOSE,
    IS_SPACED,
    KINDS,
    Bytes,
    Numbers,
)
from seawall_base.compiled import compile_kernel, load_word, trailing_zeros

_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_BLANKS = np.uint64(0x2020202020202020)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_QUOTE, _BACKSLASH, _LETTER_U = 0x22, 0x5C, 0x75
_LONGEST_NUMBER = 15


@compile_kernel
def skip_blanks(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place of the next byte that is no space, tab, carriage return or line feed."""
    while place < end and (
        data[place] == 0x20 or data[place] == 0x09 or data[place] == 0x0D or data[place] == 0x0A
    ):
        place += 1
        notes[FORM] |= IS_SPACED
        while place + 8 <= end and load_word(data, place) == _BLANKS:
            place += 8
    return place


@compile_kernel
def _find_escape_end(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place behind an escape whose backslash is at `place`. Surrogates are left: one may be alone."""
    notes[FORM] |= HAS_ESCAPES
    if place + 1 >= end:
        return -1
    letter = data[place + 1]
    if letter in (_QUOTE, _BACKSLASH):
        return place + 2
    notes[FORM] |= IS_LOOSE
    if (
        letter == 0x2F
        or letter == 0x62
        or letter == 0x66
        or letter == 0x6E
        or letter == 0x72
        or letter == 0x74
    ):
        return place + 2
    if letter != _LETTER_U or place + 6 > end:
        return -1
    for digit in data[place + 2 : place + 6]:
        lower = digit | 0x20
        if not (0x30 <= digit <= 0x39 or 0x61 <= lower <= 0x66):
            return -1
    if data[place + 2] | 0x20 == 0x64 and data[place + 3] >= 0x38:
        return -1
    return place + 6


@compile_kernel
def find_string_end(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place of the closing quote of a string whose first letter is at `place`. Eight bytes are looked at together."""
    wide = uint64(0)
    while place < end:
        word = load_word(data, place)
        quote, backslash = word ^ _QUOTES, word ^ _BACKSLASHES
        # The lowest bit that is set is right: a borrow only reaches bytes above one that is hit.
        hit = ((quote - _ONES) & ~quote | (backslash - _ONES) & ~backslash | (word - _BLANKS) & ~word) & _HIGH
        if hit == uint64(0):
            wide |= word
            place += 8
            continue
        bits = trailing_zeros(hit) & uint64(0x38)
        wide |= word & ((uint64(1) << bits) - uint64(1))
        place += int64(bits >> uint64(3))
        if place >= end:
            return -1
        if data[place] == _QUOTE:
            notes[KINDS] |= int64(wide & _HIGH != uint64(0))
            return place
        if data[place] != _BACKSLASH:
            return -1
        place = _find_escape_end(data, place, end, notes)
        if place < 0:
            return -1
    return -1


@compile_kernel
def _find_digits_end(data: Bytes, place: int, end: int) -> int:
    while place < end and 0x30 <= data[place] <= 0x39:
        place += 1
    return place


@compile_kernel
def find_number_end(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place behind a number. Only short whole numbers are spelled as an encoder would spell them."""
    start = place
    if data[place] == 0x2D:
        place += 1
    whole = _find_digits_end(data, place, end)
    if whole == place or (data[place] == 0x30 and whole > place + 1):
        return -1
    place = whole
    if place < end and data[place] == 0x2E:
        fraction = _find_digits_end(data, place + 1, end)
        if fraction == place + 1:
            return -1
        place = fraction
    if place < end and data[place] | 0x20 == 0x65:
        place += 1
        if place < end and (data[place] == 0x2B or data[place] == 0x2D):
            place += 1
        power = _find_digits_end(data, place, end)
        if power == place:
            return -1
        place = power
        notes[KINDS] |= HAS_LARGE
    if whole - start > _LONGEST_NUMBER:
        notes[KINDS] |= HAS_LARGE
    if place != whole or place - start > _LONGEST_NUMBER or data[start] == 0x2D:
        notes[FORM] |= IS_LOOSE
    return place


@compile_kernel
def find_scalar_end(data: Bytes, place: int, end: int, notes: Numbers) -> int:
    """Return the place behind a number, `true`, `false` or `null`."""
    word = load_word(data, place) & uint64(0xFFFFFFFF)
    if word == uint64(0x65757274) or word == uint64(0x6C6C756E):
        return place + 4 if place + 4 <= end else -1
    if word == uint64(0x736C6166):
        return place + 5 if place + 5 <= end and data[place + 4] == 0x65 else -1
    return find_number_end(data, place, end, notes)


@compile_kernel
def hash_bytes(data: Bytes, start: int, size: int, seed: Any) -> Any:
    """Return a number of 64 bits for some bytes, another one with each seed."""
    found = seed ^ (uint64(size) * _FACTOR)
    place = 0
    while place < size:
        word = load_word(data, start + place)
        if place + 8 > size:
            word &= (uint64(1) << uint64(8 * (size - place))) - uint64(1)
        found = (found ^ word) * _FACTOR
        found ^= found >> uint64(29)
        place += 8
    found = (found ^ (found >> uint64(32))) * _FACTOR
    return found ^ (found >> uint64(29))


@compile_kernel
def is_same(one: Bytes, start: int, other: Bytes, place: int, size: int) -> bool:
    """Return whether two arrays, both padded, hold the same bytes at two places."""
    at = 0
    while at + 8 <= size:
        if load_word(one, start + at) != load_word(other, place + at):
            return False
        at += 8
    if at == size:
        return True
    mask = (uint64(1) << uint64(8 * (size - at))) - uint64(1)
    different = (load_word(one, start + at) ^ load_word(other, place + at)) & mask
    return bool(different == uint64(0))
