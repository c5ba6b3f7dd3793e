"""Flag the windows of a buffer that look as random as a secret number: text, code and padding do not.

A search for many keys costs time for each key and window. This test costs the same for any number of keys, and
excludes the windows that cannot contain one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall_base.compiled import compile_kernel

WORD = 8
LOST = 1e-9
"""Maximum share of random numbers that each of a length's two bounds may wrongly exclude."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class RandomnessBounds:
    """Minimum of bytes >= 0x80 and maximum of zero bytes of a random number, counted in the words inside it.

    There is no upper bound: windows of only 0xFF fail later tests soon, and numbers consisting of ones are still
    found.
    """

    words: int
    fewest_high: int
    most_zero: int


def bounds_for(length: int) -> RandomnessBounds:
    """Return the bounds for windows of `length` bytes, for the whole words inside a window at any offset."""
    words = max(length // WORD - 1, 0)
    size = WORD * words
    fewest = next((count for count, share in enumerate(_at_most(size, 0.5)) if share > LOST), 0)
    zeros = next((count for count, share in enumerate(_at_most(size, 1 / 256)) if share >= 1 - LOST), size)
    return RandomnessBounds(words, fewest, zeros)


def _at_most(size: int, chance: float) -> Iterator[float]:
    """Yield the probability that at most 0, 1, 2 … (below `size`) of `size` independent bytes have a property with `chance`."""
    ways, share = 1, 0.0
    for count in range(size):
        share += ways * chance**count * (1 - chance) ** (size - count)
        yield share
        ways = ways * (size - count) // (count + 1)


@compile_kernel
def _mark(words: npt.NDArray[np.uint64], inner: int, fewest: int, zeros: int, out: Bytes) -> None:
    """Flag words followed by `inner` words within the bounds, and words too near the end to judge."""
    sevens = np.uint64(0x7F7F7F7F7F7F7F7F)
    ones = np.uint64(0x0101010101010101)
    counts = np.empty(len(words), np.int32)  # low 16 bits count bytes >= 0x80, higher bits count zero bytes
    for i in range(len(words)):
        word = words[i]
        high = (((word >> np.uint64(7)) & ones) * ones) >> np.uint64(56)
        empty = ~(((word & sevens) + sevens) | word | sevens)
        counts[i] = np.int32(high | ((((empty >> np.uint64(7)) * ones) >> np.uint64(56)) << np.uint64(16)))
    total = np.int32(0)
    for i in range(min(inner, len(words))):
        total += counts[i]
    limit = np.int32((zeros + 1) << 16)
    sums = np.empty(max(len(words) - inner, 0), np.int32)
    for i in range(len(sums)):  # the words i + 1 to i + inner
        total += counts[i + inner] - counts[i]
        sums[i] = total
    for i in range(len(sums)):
        out[i] = np.uint8((sums[i] & np.int32(0xFFFF)) >= np.int32(fewest)) & np.uint8(sums[i] < limit)
    out[len(sums) :] = 1


def mark_random(data: Bytes, bounds: RandomnessBounds) -> Bytes:
    """Return a flag for each eight bytes of `data`: 0 if no window that begins there looks random.

    Windows that extend beyond the buffer are flagged; the caller excludes them.
    """
    flags = np.ones(-(-len(data) // WORD), np.uint8)
    words = data[: len(data) // WORD * WORD].view("<u8")
    if bounds.words and len(words):
        _mark(words, bounds.words, bounds.fewest_high, bounds.most_zero, flags[: len(words)])
    return flags
