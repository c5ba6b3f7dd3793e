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


def distinct(keys: Whole) -> Whole:
    """Return the distinct keys in order."""
    ordered = np.sort(keys)
    return ordered[starts(ordered)]


def starts(ordered: Whole) -> npt.NDArray[np.bool_]:
    """Return where in sorted keys another one begins, bool (n,)."""
    begins = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return begins


def grouped(keys: Whole) -> Grouped:
    """Return the distinct keys, where each stands first, and the distinct key of each row."""
    order = np.argsort(keys)
    ordered = keys[order]
    begins = starts(ordered)
    at = np.flatnonzero(begins)
    place = np.empty(len(keys), np.intp)
    place[order] = np.cumsum(begins) - 1
    first = np.minimum.reduceat(order, at) if len(at) else order
    return Grouped(ordered[at], first, place)


def stable_order(codes: npt.NDArray[np.int32]) -> Rows:
    """Return the rows in order of their codes, of equal ones in the order in which they stand."""
    packed = codes.astype(np.int64) << 32
    packed |= np.arange(len(codes))
    packed.sort()
    packed &= 0xFFFFFFFF
    return packed
