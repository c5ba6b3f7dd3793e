"""Compute distinct values, groups and orders of integers by plain sorting.

NumPy sorts values, and computes unstable orders, with vector instructions. Its `unique` and its stable sorts do not use
them. So stability is encoded in the sorted numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[Any]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Hold n keys as d distinct ones: sorted `keys` (d,), the row `first` (d,) of each, and each row's index `place` (n,)."""

    keys: Whole
    first: Rows
    place: Rows

    def of(self, rows: npt.NDArray[np.bool_]) -> Grouped:
        """Return the keys for some of the rows. `first` is then invalid, and some keys may have no row."""
        return Grouped(self.keys, self.first, self.place[rows])


DENSE = 32
"""Codes are grouped by a table, instead of by sorting, if it has at most this many entries per row."""


def distinct(keys: Whole) -> Whole:
    """Return the distinct keys, sorted."""
    ordered = np.sort(keys)
    return ordered[starts(ordered)]


def starts(ordered: Whole) -> npt.NDArray[np.bool_]:
    """Return where a new key begins in sorted keys, bool (n,)."""
    begins = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins


def group_rows(keys: Whole) -> Grouped:
    """Return the distinct keys, the first row of each, and each row's index."""
    order = np.argsort(keys)
    ordered = keys[order]
    begins = starts(ordered)
    at = np.flatnonzero(begins)
    place = np.empty(len(keys), np.intp)
    place[order] = np.cumsum(begins) - 1
    first = np.minimum.reduceat(order, at) if len(at) else order
    return Grouped(ordered[at], first, place)


def group_codes(codes: Whole) -> Grouped:
    """Group codes (integers from -1, not very large) without sorting, with the result of `group_rows`."""
    size = int(codes.max(initial=-1)) + 2
    if size > DENSE * len(codes) + 1024:
        return group_rows(codes)
    first = np.full(size, -1, np.intp)
    first[codes[::-1].astype(np.intp) + 1] = np.arange(len(codes))[
        ::-1
    ]  # NumPy keeps the last write to a repeated index
    used = np.flatnonzero(first >= 0)
    place = np.empty(size, np.intp)
    place[used] = np.arange(len(used))
    return Grouped((used - 1).astype(codes.dtype), first[used], place[codes.astype(np.intp) + 1])


def group_pairs(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Grouped:
    """Group pairs of codes (-1 for null). Keys are left << 32 | right as uint64, with 0xFFFFFFFF for null.

    Keys are sorted, except that nulls may come first.
    """
    width = int(right.max(initial=-1)) + 2
    together = (left.astype(np.int64) + 1) * width + right + 1
    found = group_codes(together)
    halves = np.divmod(found.keys, width)
    keys = ((halves[0] - 1).astype(np.uint32).astype(np.uint64) << np.uint64(32)) | (halves[1] - 1).astype(
        np.uint32
    ).astype(np.uint64)
    return Grouped(keys, found.first, found.place)


def stable_order(codes: npt.NDArray[np.int32]) -> Rows:
    """Return the rows ordered by code; rows with equal codes keep their order."""
    packed = codes.astype(np.int64) << 32
    packed |= np.arange(len(codes))
    packed.sort()
    packed &= 0xFFFFFFFF
    return packed
