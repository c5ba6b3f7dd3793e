"""Inner loops of the search for bare RSA primes, compiled to machine code on first use.

Every window of the modulus' half length is a candidate w; almost all of them are dismissed, in this order:

1. `_plausible`: w must look random (`randomness`), be odd, and at least n / 2^(8 x length), because the other prime is shorter
   than that power.
2. `_residues`, `_coprime`: w must not be divisible by the primes 3 to 43 (one sum of products modulo their product).
3. `_divided`: where w divides n, the quotient n / w is shorter than the window. So n times the inverse of w, modulo a power of
   two W beyond the window, is small beside W (Hensel; Jebelean, "An Algorithm for Exact Division", Journal of Symbolic
   Computation 15, 1993). The inverse is worked out once for all keys. For each key the highest 64 bits of the product tell:
   22 multiplications for a modulus of 2048 bits, of eight candidates at a time. What gets through, one in 2,800, is divided
   to the last digit.

What gets through both is divided exactly by the caller.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint8, uint64

from seawall.keys.leaks.compiled_loops.instructions import (
    LANES,
    Bytes,
    Places,
    Words,
    divide_lanes,
    extract_windows,
    multiply_add,
    multiply_lanes,
)
from seawall_base.compiled import compile_kernel, load_word

BLOCK = 1 << 15
"""Bytes of one round, so that its state stays in a core's own cache."""
TERM_BITS = 48
"""Bits of a modulus multiplied at a time. The product's highest 64 bits are then wrong only once in 3,000."""
PADDING = 3
"""Zero digits below the inverse, which its lowest 64-bit windows extend into."""


@compile_kernel
def _plausible(
    low: Bytes, top: Bytes, smallest: Any, size: int, flags: Bytes, marks: Bytes, found: Places
) -> int:
    """Return places whose lowest byte is odd and whose highest is at least `smallest`, in flagged words."""
    for i in range(size):  # a separate loop, which the compiler vectorises
        marks[i] = low[i] & uint8(top[i] >= smallest) & uint8(1)
    marks[size:] = 0
    words = marks.view(np.uint64)
    count = 0
    for word in range((size + 7) // 8):
        if flags[word] and words[word]:
            for i in range(8 * word, 8 * word + 8):
                found[count] = i
                count += marks[i]
    return count


@compile_kernel
def _residues(
    data: Bytes, places: Places, count: int, length: int, powers: Words, sieve: Words, out: Words
) -> None:
    """Return windows modulo the sieve's modulus, times a constant that keeps divisibility (Montgomery form)."""
    words = length // 8
    rest = length % 8
    for t in range(count):
        place = places[t]
        low = uint64(0)
        high = uint64(0)
        for i in range(words):
            low, high = multiply_add(load_word(data, place + 8 * i), powers[i], low, high)
        if rest:
            last = load_word(data, place + length - 8) >> uint64(64 - 8 * rest)
            low, high = multiply_add(last, powers[words], low, high)
        low, high = multiply_add(low * sieve[1], sieve[0], low, high)
        out[t] = high


@compile_kernel
def _coprime(residues: Words, places: Places, count: int, primes: Words, good: Bytes, out: Places) -> int:
    """Return places whose residue no prime divides; `primes` holds inverses modulo 2^64 and the largest quotients."""
    good[:count] = 1
    for p in range(primes.shape[1]):
        inverse = primes[0, p]
        largest = primes[1, p]
        for t in range(count):
            good[t] &= uint8(residues[t] * inverse > largest)
    kept = 0
    for t in range(count):
        out[kept] = places[t]
        kept += good[t]
    return kept


@compile_kernel
def _copy_words(data: Bytes, place: int, length: int, lane: int, words: Words, inverses: Words) -> None:
    """Copy one window into a lane, in words, and the inverse of the lowest. Reads nothing beyond the window."""
    count = length // 8
    for i in range(count):
        words[i, lane] = load_word(data, place + 8 * i)
    if length % 8:
        words[count, lane] = load_word(data, place + length - 8) >> uint64(64 - 8 * (length % 8))
    low = load_word(data, place)
    inverse = (uint64(3) * low) ^ uint64(2)  # correct in 5 bits; each step doubles that
    for _ in range(3):
        inverse *= uint64(2) - low * inverse
    inverses[lane] = inverse


@compile_kernel
def _divide(
    data: Bytes,
    places: Places,
    count: int,
    length: int,
    bits: int,
    dividends: Words,
    terms: Words,
    out: Places,
) -> int:
    """Return rows (place, key) for places that may divide a dividend, by the quotient's digits beyond the window."""
    digits = dividends.shape[1]
    divisors = np.zeros((digits + 8, LANES), np.uint64)
    quotients = np.zeros((PADDING + digits + 8, LANES), np.uint64)
    inverse = quotients[PADDING:]
    windows = np.zeros((terms.shape[1], LANES), np.uint64)
    words = np.zeros((length // 8 + 5, LANES), np.uint64)
    inverses = np.empty(LANES, np.uint64)
    mask = (uint64(1) << uint64(bits)) - uint64(1)
    sums = np.empty(LANES, np.uint64)
    one = np.zeros(digits, np.uint64)
    one[0] = 1
    tested = 8 * length // bits
    beyond = ~((uint64(1) << uint64(8 * length - bits * tested)) - uint64(1))
    slack = uint64(terms.shape[1]) << uint64(TERM_BITS)
    most = slack + (uint64(1) << uint64(TERM_BITS))
    found = 0
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        for lane in range(LANES):
            _copy_words(data, places[start + min(lane, lanes - 1)], length, lane, words, inverses)
        inverses &= mask
        extract_windows(words, 0, bits, 64, (8 * length + bits - 1) // bits, bits, divisors)
        divide_lanes(divisors, inverse, one, inverses, digits, uint64(bits))
        # 64 bits of the inverse below bit W - i TERM_BITS for each term i
        extract_windows(
            quotients, bits * (digits + PADDING) - 64, -TERM_BITS, bits, terms.shape[1], 64, windows
        )
        for key in range(dividends.shape[0]):
            multiply_lanes(windows, terms, key, terms.shape[1], sums)
            is_near = False
            for lane in range(LANES):
                is_near |= sums[lane] + slack < most
            if is_near:
                divide_lanes(divisors, inverse, dividends[key], inverses, digits, uint64(bits))
                for lane in range(lanes):
                    rest = inverse[tested, lane] & beyond
                    for digit in range(tested + 1, digits):
                        rest |= inverse[digit, lane]
                    if rest == 0 and found < out.shape[0]:
                        out[found, 0] = places[start + lane]
                        out[found, 1] = key
                        found += 1
    return found


@compile_kernel
def find_divisors(
    data: Bytes, flags: Bytes, end: int, length: int, bits: int, smallest: Any, powers: Words, sieve: Words,
    primes: Words, dividends: Words, terms: Words, start: int, out: Places,
) -> tuple[int, int]:  # fmt: skip
    """Find windows of `length` bytes in [start, end) that divide a dividend, as little-endian numbers.

    `start` is a multiple of eight. `flags` say for each eight bytes whether a window that begins there looks random.
    `bits` are the bits of the dividends' digits, few enough that the sum of as many products of two digits fits into
    64 bits. `terms` are the dividends again, in digits of TERM_BITS.

    Returns the number of rows (place, key) written to `out` and the place to continue from, before `end` if `out` is
    full. The caller ensures that `end + length - 1` does not exceed the data, and divides exactly.
    """
    candidates = np.empty(BLOCK + 1, np.int64)
    kept = np.empty(BLOCK + 1, np.int64)
    residues = np.empty(BLOCK, np.uint64)
    good = np.empty(BLOCK, np.uint8)
    found = 0
    for block in range(start, end, BLOCK):
        size = min(BLOCK, end - block)
        view = data[block : block + size + length - 1]
        count = _plausible(view, view[length - 1 :], smallest, size, flags[block // 8 :], good, candidates)
        _residues(view, candidates, count, length, powers, sieve, residues)
        count = _coprime(residues, candidates, count, primes, good, kept)
        more = _divide(view, kept, count, length, bits, dividends, terms, out[found:])
        for row in range(found, found + more):
            out[row, 0] += block
        found += more
        if out.shape[0] - found < out.shape[0] // 2:
            return found, block + size
    return found, end
