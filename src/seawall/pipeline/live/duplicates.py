"""Recognise duplicate records: vendors deliver logs again days later, word for word."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from seawall.events.coded_batch import Bools, Keys, Times, hash_text
from seawall.events.grouping import distinct

REMEMBERED_DAYS = 14
"""Days before a shard's newest whose copies are recognised; records of older days count as new."""

_PLACE = ("source_line",)
"""Columns that say where a record was read and nothing about the event."""


class RecordHasher:
    """Hash all columns of a record that detection uses, except where it was read.

    Multipliers are random for each process, so that nobody can construct two records with the same fingerprint.
    """

    def __init__(self) -> None:
        self._multipliers: dict[str, np.uint64] = {}

    def hash_records(self, coded: pa.Table) -> Keys:
        """Return the fingerprints of coded events, uint64 (n,); 0 for events without an id, which are never copies."""
        prints: Keys = np.zeros(coded.num_rows, np.uint64)
        for name in coded.column_names:
            if name not in _PLACE:
                prints += _as_keys(coded[name]) * self._multiplier(name)
        prints[~np.asarray(coded["metadata_uid"].is_valid())] = 0
        return prints

    def _multiplier(self, name: str) -> np.uint64:
        if name not in self._multipliers:
            self._multipliers[name] = np.uint64(secrets.randbits(64) | 1)
        return self._multipliers[name]


def _as_keys(column: pa.ChunkedArray) -> Keys:
    if pa.types.is_string(column.type):
        if column.null_count == len(column):
            return np.zeros(len(column), np.uint64)
        return hash_text(column.combine_chunks())
    numbers = column.to_numpy()
    if len(numbers) and (numbers == numbers[0]).all():
        return np.full(1, numbers[0]).astype(np.int64).view(np.uint64)
    return np.asarray(numbers.astype(np.int64).view(np.uint64))


class DuplicateFilter:
    """The fingerprints of the records in the spool by day."""

    def __init__(self) -> None:
        self._known: dict[int, list[Keys]] = {}

    def fresh(self, day_of: Times, prints: Keys) -> Bools:
        """Return which records are no copies of known ones, bool (n,)."""
        is_fresh = np.ones(len(prints), bool)
        for day in distinct(day_of).tolist():
            for run in self._known.get(day, ()):
                rows = np.flatnonzero(is_fresh & (day_of == day))
                place = np.minimum(np.searchsorted(run, prints[rows]), len(run) - 1)
                is_fresh[rows] = run[place] != prints[rows]
        return is_fresh

    def learn(self, day_of: Times, prints: Keys) -> None:
        """Add the fingerprints of records that were taken."""
        for day in distinct(day_of).tolist():
            added = prints[(day_of == day) & (prints != 0)]
            if len(added):
                self._known[day] = _merge([*self._known.get(day, ()), np.sort(added)])

    def forget(self, days: Iterable[int]) -> None:
        """Forget the fingerprints of these days."""
        for day in days:
            self._known.pop(day, None)

    def keep_from(self, day: int) -> None:
        """Forget the fingerprints of the days before a day."""
        self.forget([known for known in self._known if known < day])


def _merge(runs: list[Keys]) -> list[Keys]:
    """Merge sorted runs until each is at least twice as long as the next, so that runs are few and copying is rare."""
    while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
        runs[-2:] = [np.sort(np.concatenate(runs[-2:]))]
    return runs
