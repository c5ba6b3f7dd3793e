"""Inner loops of the search for unencoded RSA private exponents, compiled at first use.

A private exponent d satisfies e d g = g + k phi(n) with a small g, so e g d / n lies just below an integer.
`find_exponents` collects the odd, random-looking windows once for all keys. For each key it then tests their highest
54 bits by one vectorisable multiplication, and survivors by 128 bits. The caller proves the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint8, uint64

from seawall.keys.leaks.compiled_loops.instructions import Bytes, Places, Words, multiply_add
from seawall_base.compiled import compile_kernel, load_word

CUT = 10
"""The first test ignores this many of a window's highest 64 bits, and keeps as many bits of the factor below its first 54.
"""
BLOCK = 1 << 13
"""Bytes of one round."""
SMALLEST = 1 << 40
"""Windows whose highest 64 bits are smaller are far too small."""


@compile_kernel
def _gather(
    data: Bytes, flags: Bytes, start: int, size: int, length: int, places: Places, tops: Words
) -> int:
    """Collect odd windows in flagged words that are not far too small, with their highest 64 bits."""
    count = 0
    for word in range((size + 7) // 8):
        if flags[start // 8 + word]:
            for place in range(start + 8 * word, start + min(8 * word + 8, size)):
                top = load_word(data, place + length - 8)
                places[count] = place
                tops[count] = top
                count += int(uint8(top >= uint64(SMALLEST)) & data[place] & uint8(1))
    return count


@compile_kernel
def _near_whole(tops: Words, count: int, first: Any, second: Any, flags: Bytes) -> None:
    """Flag numbers whose product with one of two factors may lie just below an integer, by their highest bits."""
    cut = uint64(CUT)
    slack = (uint64(1) << uint64(64 - CUT)) + uint64(2)
    first_most, second_most = first + slack, second + slack
    for i in range(count):
        top = tops[i] >> cut
        flags[i] = uint8(~(top * first) <= first_most) | uint8(~(top * second) <= second_most)


@compile_kernel
def _is_below_whole(top: Any, below: Any, factor: Words) -> bool:
    """Return whether (top, below) times the fraction `factor` is at most one unit of `below` less than an integer."""
    nothing = uint64(0)
    first, second, third = factor[1], factor[2], factor[3]
    low, high = multiply_add(top, second, nothing, nothing)
    if nothing - (top * first + high) > first + uint64(3):
        return False
    low, high = multiply_add(top, third, nothing, nothing)
    low, high = multiply_add(top, second, high, nothing)
    low, high2 = multiply_add(below, first, low, high)
    _, high3 = multiply_add(below, second, nothing, nothing)
    finer = low + high3
    fraction = high2 + uint64(finer < low) + top * first
    if fraction == 0:
        return bool(finer <= 3)
    return bool(fraction == ~nothing and nothing - finer <= first + uint64(3))


@compile_kernel
def _look_again(data: Bytes, place: int, length: int, top: Any, factors: Words) -> int:
    """Return the factor with which a window lies just below an integer by its highest 128 bits, or -1."""
    below = load_word(data, place + length - 16)
    for f in range(factors.shape[0]):
        if _is_below_whole(top, below, factors[f]):
            return f
    return -1


@compile_kernel
def find_exponents(
    data: Bytes, flags: Bytes, start: int, end: int, length: int, factors: Words, out: Places
) -> tuple[int, int]:
    """Find windows of `length` bytes in [start, end) whose product with a key's factor lies just below an integer.

    `start` is a multiple of eight. `flags` say for each eight bytes whether a window that begins there looks random.
    `factors` has two rows for each key, each a fraction f = e g 2^(8 length - 64) / n: 64 bits of 2^CUT f after the
    point, then 192 bits of f. Rows (place, key, factor) are written to `out`, at most one for each window, because
    only one in 2^50 passes by chance; `out` needs room for 2 x BLOCK. Returns the number of rows and the place to
    continue from.
    """
    places = np.empty(BLOCK + 1, np.int64)
    tops = np.empty(BLOCK + 1, np.uint64)
    marks = np.zeros(BLOCK, np.uint8)
    is_written = np.zeros(BLOCK, np.uint8)
    eight = marks.view(np.uint64)
    found = 0
    for step in range(start, end, BLOCK):
        size = min(BLOCK, end - step)
        count = _gather(data, flags, step, size, length, places, tops)
        is_written[:count] = 0
        for key in range(factors.shape[0]):
            marks[count : (count + 7) // 8 * 8] = 0
            _near_whole(tops, count, factors[key, 0, 0], factors[key, 1, 0], marks)
            for group in range((count + 7) // 8):
                if eight[group]:
                    for i in range(8 * group, 8 * group + 8):
                        if marks[i] and not is_written[i]:
                            factor = _look_again(data, places[i], length, tops[i], factors[key])
                            if factor >= 0:
                                out[found, 0] = places[i]
                                out[found, 1] = key
                                out[found, 2] = factor
                                found += 1
                                is_written[i] = 1
        if found + BLOCK > out.shape[0]:
            return found, step + size
    return found, end
