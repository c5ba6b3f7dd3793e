"""Decode runs of letters, and choose the numbers that could be a secret, compiled to machine code on first use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.compiled_loops.instructions import Bytes, Places
from seawall_base.compiled import compile_kernel

HEX, BASE64, DECIMAL = 0, 1, 2
"""Notations of a reading."""
LONG, JOINED, DECIMALS, JOINED_DECIMALS = 3, 4, 5, 6
"""What the caller reads itself: a long run, long joined lines, and decimal numbers in either."""
COLUMNS = 5
"""A reading: first letter, end, notation, place of the content, bytes of the content."""
LONGEST_LINE = 128
"""Letters of the longest line into which programs break numbers: 64 and 76 are usual."""
HEX_DIGITS, DECIMAL_DIGITS, MOST_DECIMAL_DIGITS = 62, 70, 2600
NO_SECRET = 38
"""A line with fewer letters holds no whole secret."""
_NO_DIGIT = 255
ROOM = 1 << 11
"""Rows that one run may need: 20 KiB of letters have two readings for each 62 digits, alone and joined."""


@compile_kernel
def _hex_value(letter: int) -> int:
    if 48 <= letter <= 57:
        return letter - 48
    letter |= 32
    if 97 <= letter <= 102:
        return letter - 87
    return _NO_DIGIT


@compile_kernel
def _base64_value(letter: int) -> int:
    if 65 <= letter <= 90:
        return letter - 65
    if 97 <= letter <= 122:
        return letter - 71
    if 48 <= letter <= 57:
        return letter + 4
    return 62 if letter in (43, 45) else 63


@compile_kernel
def _add(rows: Places, count: int, first: int, last: int, how: int, place: int, size: int) -> int:
    rows[count, 0] = first
    rows[count, 1] = last
    rows[count, 2] = how
    rows[count, 3] = place
    rows[count, 4] = size
    return count + 1


@compile_kernel
def _write_hex(text: Bytes, low: int, high: int, out: Bytes, used: int) -> int:
    """Decode the digits in [low, high); the first byte has one digit if their number is odd."""
    if (high - low) % 2:
        out[used] = _hex_value(text[low])
        used += 1
        low += 1
    while low < high:
        out[used] = _hex_value(text[low]) << 4 | _hex_value(text[low + 1])
        used += 1
        low += 2
    return used


@compile_kernel
def _write_base64(text: Bytes, low: int, high: int, out: Bytes, used: int) -> int:
    """Decode letters of either base64 alphabet; a single last letter holds no byte."""
    bits = 0
    held = 0
    for i in range(low, high):
        held = (held << 6 | _base64_value(text[i])) & 0x3FFF
        bits += 6
        if bits >= 8:
            bits -= 8
            out[used] = (held >> bits) & 0xFF
            used += 1
    return used


@compile_kernel
def _decode_piece(
    text: Bytes, low: int, high: int, first: int, last: int, is_joined: bool, is_base64: bool,
    rows: Places, count: int, out: Bytes, used: int,
) -> tuple[int, int]:  # fmt: skip
    """Add the readings of the letters in [low, high); `is_base64` says whether base64 may be one of them."""
    digits = hexes = 0
    found = False
    has_decimals = False
    is_hex = True
    for i in range(low, high + 1):
        letter = int(text[i]) if i < high else 0
        if 48 <= letter <= 57:
            digits += 1
        else:
            has_decimals |= DECIMAL_DIGITS <= digits <= MOST_DECIMAL_DIGITS
            digits = 0
        if letter and _hex_value(letter) != _NO_DIGIT:
            hexes += 1
            continue
        if hexes >= HEX_DIGITS:
            found = True
            place = used
            used = _write_hex(text, i - hexes, i, out, used)
            count = _add(rows, count, first, last, HEX, place, used - place)
            if hexes % 2:  # a digit may belong to the neighbouring text
                place = used
                used = _write_hex(text, i - hexes, i - 1, out, used)
                count = _add(rows, count, first, last, HEX, place, used - place)
        hexes = 0
        is_hex &= i == high or (letter | 32 == 120 and i == low + 1 and text[low] == 48)
    if has_decimals:
        count = _add(rows, count, first, last, JOINED_DECIMALS if is_joined else DECIMALS, 0, 0)
    # 40 letters of base64 that are all hexadecimal digits occur once in 10^18
    has_prefix = high - low > 1 and text[low + 1] | 32 == 120
    if is_base64 and not (is_hex and (found or not has_prefix)):
        place = used
        used = _write_base64(text, low, high, out, used)
        count = _add(rows, count, first, last, BASE64, place, used - place)
    return count, used


@compile_kernel
def _gap_after(data: Bytes, place: int) -> int:
    """Return the end of up to 64 blanks and escaped line ends at a place."""
    size = len(data)
    for _ in range(64):
        if place >= size:
            break
        letter = data[place]
        if letter in (32, 9, 13, 10):
            place += 1
            continue
        after = place
        while after < size and data[after] == 92:
            after += 1
        if after == place or after >= size or data[after] not in (110, 114, 116):
            break
        place = after + 1
    return place


@compile_kernel
def _join_lines(
    data: Bytes, alphabet: Bytes, first: int, last: int, text: Bytes
) -> tuple[int, int, int, int]:
    """Copy the letters of a line, of following lines of equal length and of a last shorter one, to `text`.

    Returns their number, which may exceed the room of `text`, where they end, the number of lines and the last one's letters.
    """
    size = len(data)
    count = length = last - first
    text[:count] = data[first:last]
    lines = 1
    while True:
        begin = _gap_after(data, last)
        if begin == last:
            break
        end = begin
        while end < size and end - begin <= length and alphabet[data[end]]:
            end += 1
        if end == begin or end - begin > length:
            break
        for i in range(begin, end):
            if count < len(text):
                text[count] = data[i]
            count += 1
        lines += 1
        last = end
        if end - begin != length:
            return count, last, lines, end - begin
    return count, last, lines, length


@compile_kernel
def decode_runs(
    data: Bytes, runs: Places, index: int, done: int, alphabet: Bytes, text: Bytes, rows: Places, out: Bytes
) -> tuple[int, int, int, int]:
    """Decode runs of letters from row `index` on, alone and joined with the lines after them.

    `alphabet` has a one for each letter. `text` is working space of as many letters as are decoded together. Lines before
    `done` were joined. Readings are written to `rows` and their contents to `out`. Returns the number of rows, the next run,
    the new `done` and the bytes used. `rows` needs room for ROOM, `out` for four times `text`.
    """
    count = used = 0
    while index < len(runs) and count + ROOM <= len(rows) and used + 4 * len(text) <= len(out):
        first, last = runs[index]
        index += 1
        if last - first > len(text):
            count = _add(rows, count, first, last, LONG, 0, 0)
            continue
        count, used = _decode_piece(data, first, last, first, last, False, True, rows, count, out, used)
        if first < done or last - first > LONGEST_LINE:
            continue
        size, done, lines, ending = _join_lines(data, alphabet, first, last, text)
        if size > len(text):
            count = _add(rows, count, first, done, JOINED, 0, 0)
        elif lines > 1:
            is_base64 = lines > 2 or ending >= NO_SECRET
            for i in range(last - first):
                is_base64 |= _hex_value(text[i]) == _NO_DIGIT
            count, used = _decode_piece(text, 0, size, first, done, True, is_base64, rows, count, out, used)
    return count, index, done, used


@compile_kernel
def _copy_if_random(
    content: Bytes, place: int, size: int, length: int, stamps: npt.NDArray[np.int64], stamp: int, out: Bytes
) -> bool:
    """Copy a number with leading zeros to `out`; return whether at least a third of its bytes differ."""
    out[: length - size] = 0
    out[length - size :] = content[place : place + size]
    distinct = 0
    for i in range(length):
        distinct += stamps[out[i]] != stamp
        stamps[out[i]] = stamp
    return bool(3 * distinct >= min(length, 96))


@compile_kernel
def choose_secrets(
    content: Bytes,
    rows: Places,
    length: int,
    fewest: int,
    zeros: int,
    around: int,
    out: Bytes,
    owners: Places,
) -> int:
    """Write both ends of each number that could be a secret of `length` bytes to `out`, and its row to `owners`.

    A number may lack up to `zeros` leading zeros, if it has at least `fewest` bytes, and have up to `length + around` bytes
    more. Returns how many there are; `out` and `owners` need two rows for each number.
    """
    count = 0
    stamps = np.zeros(256, np.int64)
    stamp = 0
    for row in range(len(rows)):
        place = rows[row, 3]
        size = rows[row, 4]
        if size < fewest or size < length - zeros or size > 2 * length + around:
            continue
        stamp += 1
        owners[count] = row
        count += _copy_if_random(content, place, min(size, length), length, stamps, stamp, out[count])
        if size > length:
            stamp += 1
            owners[count] = row
            count += _copy_if_random(
                content, place + size - length, length, length, stamps, stamp, out[count]
            )
    return count
