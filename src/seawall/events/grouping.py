"""Distinct values, groups and orders of whole numbers, by plain sorting.

NumPy sorts values, and finds an order that need not be stable, with vector instructions; its `unique` and its
stable sorts do not. So what needs more than that is put into the numbers that are sorted.
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
    """n keys as d distinct ones: `keys` (d,) in order, `first` (d,) the first row of each, `place` (n,) of each row."""

    keys: Whole
    first: Rows
    place: Rows

    def of(self, rows: npt.NDArray[np.bool_]) -> Grouped:
        """Return the same keys for some of the rows; `first` says nothing then, and some keys may have no row."""
        return Grouped(self.keys, self.first, self.place[rows])


DENSE = 32
"""Codes are grouped by a table of them rather than by sorting when it has at most so many places a row."""


def distinct(keys: Whole) -> Whole:
    """Return the distinct keys in order."""
    ordered = np.sort(keys)
    return ordered[starts(ordered)]


def starts(ordered: Whole) -> npt.NDArray[np.bool_]:
    """Return where in sorted keys another one begins, bool (n,)."""
    begins = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins


def group_rows(keys: Whole) -> Grouped:
    """Return the distinct keys, where each stands first, and the distinct key of each row."""
    order = np.argsort(keys)
    ordered = keys[order]
    begins = starts(ordered)
    at = np.flatnonzero(begins)
    place = np.empty(len(keys), np.intp)
    place[order] = np.cumsum(begins) - 1
    first = np.minimum.reduceat(order, at) if len(at) else order
    return Grouped(ordered[at], first, place)


def group_codes(codes: Whole) -> Grouped:
    """Group codes (whole numbers from -1 on, not very large ones) without sorting them, as `grouped` does."""
    size = int(codes.max(initial=-1)) + 2
    if size > DENSE * len(codes) + 1024:
        return group_rows(codes)
    first = np.full(size, -1, np.intp)
    first[codes[::-1].astype(np.intp) + 1] = np.arange(len(codes))[
        ::-1
    ]  # of repeated places the last one stays
    used = np.flatnonzero(first >= 0)
    place = np.empty(size, np.intp)
    place[used] = np.arange(len(used))
    return Grouped((used - 1).astype(codes.dtype), first[used], place[codes.astype(np.intp) + 1])


def group_pairs(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Grouped:
    """Group pairs of codes (-1 for null); keys are left << 32 | right as uint64, nulls as 0xFFFFFFFF halves.

    Keys are in order, but that nulls may come first.
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
    """Return the rows in order of their codes, of equal ones in the order in which they stand."""
    packed = codes.astype(np.int64) << 32
    packed |= np.arange(len(codes))
    packed.sort()
    packed &= 0xFFFFFFFF
    return packed
