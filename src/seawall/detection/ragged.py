"""Hold lists of different lengths as two arrays, and reduce each list without a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.coded_batch import Bools
from seawall.events.grouping import Rows, Whole


@dataclass(frozen=True, slots=True)
class Ragged:
    """Hold k lists with n values in all: list i is `values[bounds[i]:bounds[i + 1]]`; `bounds` is intp (k + 1,)."""

    bounds: Rows
    values: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def sizes(self) -> Rows:
        """Return the length of each list, (k,)."""
        return np.diff(self.bounds)

    @property
    def owners(self) -> Rows:
        """Return the list that each value belongs to, (n,)."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def of(self, place: int) -> npt.NDArray[Any]:
        """Return one list."""
        return self.values[self.bounds[place] : self.bounds[place + 1]]

    def take(self, lists: Rows) -> Ragged:
        """Return some of the lists, in the given order."""
        places = gather(self.bounds[:-1][lists], self.bounds[1:][lists])
        return Ragged(places.bounds, self.values[places.values])

    def select(self, mask: Bools) -> Ragged:
        """Return the values where the mask (n,) is true."""
        return Ragged(_bounds(np.bincount(self.owners[mask], minlength=len(self))), self.values[mask])

    def first(self, most: int | Rows) -> Ragged:
        """Return the first values of each list, at most `most` of each, a number or (k,)."""
        if not (self.sizes > most).any():
            return self
        ends = self.bounds[:-1] + np.minimum(self.sizes, most)
        return self.select(np.arange(len(self.values)) < np.repeat(ends, self.sizes))

    def has(self, mask: Bools) -> Bools:
        """Return for each list whether the mask (n,) is true for one of its values, bool (k,)."""
        found = np.zeros(len(self), bool)
        found[self.owners[mask]] = True
        return found

    def find_first(self, mask: Bools) -> Rows:
        """Return for each list the index of its first value where the mask (n,) is true, else of its first value, (k,)."""
        places = np.flatnonzero(mask)[::-1]
        found = self.bounds[:-1].copy()
        found[self.owners[places]] = places  # NumPy keeps the last write to a repeated index
        return found


def gather(begins: Rows, ends: Rows) -> Ragged:
    """Return the integers from each begin to before its end, as lists."""
    sizes = ends - begins
    bounds = _bounds(sizes)
    return Ragged(bounds, np.arange(bounds[-1]) + np.repeat(begins - bounds[:-1], sizes))


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Hold a table of numbers, float64 (k, columns), without its zeros. A negative zero is kept."""

    bounds: Rows
    numbers: npt.NDArray[np.float64]
    mask: npt.NDArray[np.uint8]
    columns: int

    @classmethod
    def pack(cls, table: npt.NDArray[np.float64]) -> SparseRows:
        """Return a table, which is contiguous, without its zeros."""
        is_held = table.view(np.int64) != 0
        counts = np.count_nonzero(is_held, axis=1)
        return cls(_bounds(counts), table[is_held], np.packbits(is_held, axis=1), table.shape[1])

    def row(self, place: int) -> npt.NDArray[np.float64]:
        """Return one row, float64 (columns,)."""
        row = np.zeros(self.columns)
        is_held = np.unpackbits(self.mask[place], count=self.columns).view(bool)
        row[is_held] = self.numbers[self.bounds[place] : self.bounds[place + 1]]
        return row


def collect(owners: Whole, values: npt.NDArray[Any], lists: int) -> Ragged:
    """Return values as lists. `owners` (n,) is ascending and says which of the lists each value belongs to."""
    return Ragged(_bounds(np.bincount(owners, minlength=lists)), values)


def _bounds(sizes: Rows) -> Rows:
    bounds = np.zeros(len(sizes) + 1, np.intp)
    np.cumsum(sizes, out=bounds[1:])
    return bounds
