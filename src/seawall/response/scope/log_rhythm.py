"""Whether a log was silent for longer, or thinner, than its own rhythm has it: then records are missing.

A stretch in which few or no records came is compared with the same hours of the other weeks of the same log. How many were to be
expected is their mean; how much weeks differ is taken from all stretches of the same length that begin at the same hour of a
day. The chance of as few is the tail of a negative binomial with both. What it misses: a loss of so few records that an
ordinary day could lack them too, and one at the same hours of several weeks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
DAY, WEEK = 24, 168

SURPRISE = 0.05
"""A stretch is missing something when as few would come less often than once in so many spans (1 in 20), by its rhythm."""

_THIN = 0.25
"""Of an hour, this share of what is usual in it, or less, may be part of a stretch that lacks records: late ones still came."""

_WEEKS = 2
"""Other weeks that are needed to say what is usual."""

_REACH = 26
"""Weeks before and after a stretch that are looked at: rhythms change, and a log may hold nonsense times."""

_LEAST = 2.0
"""Where fewer records than this are usual, none is no surprise."""

_ALIKE = 3.0
"""A day of the week is like another when it has no more than so many times its records: a Sunday says nothing of Mondays."""

_STEADY = 1e6
"""A negative binomial with more is a Poisson distribution."""

_COUNTED = 10_000
"""Beyond so many records the tail is that of a normal distribution."""


@dataclass(frozen=True, slots=True)
class QuietStretch:
    """Hours of a log, numbered since 1970: from `first` to before `last`; `found` records where about `expected` are usual, and
    how often as few come (`chance`)."""

    first: int
    last: int
    found: int
    expected: float
    chance: float


class LogRhythm:
    """The hours of one log: `hours` in order, and how many records each had.

    `delivered` are hours that lie well inside what a file holds: in them few records, but some, are a holiday and no loss.
    """

    def __init__(self, hours: Counts, counts: Counts, delivered: Counts | None = None) -> None:
        self.first, self.last = int(hours[0]), int(hours[-1]) + 1
        dense = np.zeros(self.last - self.first, np.int64)
        dense[hours - self.first] = counts
        self._dense = dense
        self._is_delivered = np.isin(np.arange(self.first, self.last), [] if delivered is None else delivered)
        self._sums = np.concatenate([[0], np.cumsum(dense)])

    def thin(self, start: int, end: int) -> list[QuietStretch]:
        """Return the stretches that reach into the span (hours) and lack records, in order; all lie inside the log."""
        usual = self._usual()
        is_thin = (self._dense <= _THIN * usual) & (usual > 0) & ~self._is_delivered | (self._dense == 0)
        is_thin[[0, -1]] = False  # hours in which the log begins and ends are not whole
        edges = np.flatnonzero(np.diff(np.concatenate([[0], is_thin.astype(np.int8), [0]])))
        found = []
        for low, high in edges.reshape(-1, 2).tolist():
            first, last = low + self.first, high + self.first
            if first < end and last > start and usual[low:high].sum() >= _LEAST:
                one = self.stretch(first, last)
                if one is not None and one.chance * max(end - start, 1) < SURPRISE * (last - first):
                    found.append(one)
        return found

    def stretch(self, first: int, last: int) -> QuietStretch | None:
        """Return what the rhythm says of some hours; None where there are too few other weeks to say it."""
        length = last - first
        others = self._weeks(first, length)
        if length > WEEK or len(others) < _WEEKS:
            return None
        low, high = max(first, self.first), min(last, self.last)
        found = int(self._sums[high - self.first] - self._sums[low - self.first]) if low < high else 0
        expected = float(others.mean())
        chance = tail_probability(found, expected, self._steadiness(first, length))
        silent = int((others <= found).sum())
        if silent >= _WEEKS:
            chance = max(chance, silent / (len(others) + 1))
        return QuietStretch(first, last, found, expected, chance)

    def _usual(self) -> npt.NDArray[np.float64]:
        """The mean of the same hour of all weeks."""
        places = np.arange(len(self._dense)) % WEEK
        totals = np.bincount(places, self._dense, WEEK)
        means = totals / np.maximum(np.bincount(places, minlength=WEEK), 1)
        return np.asarray(means[places], np.float64)

    def _weeks(self, first: int, length: int) -> Counts:
        """Records in the same hours of the other weeks of the log."""
        steps = np.arange(-_REACH, _REACH + 1)
        return self._windows(first + WEEK * steps[steps != 0], length)

    def _windows(self, starts: Counts, length: int) -> Counts:
        """Records in the stretches that begin there, of those which lie inside the log."""
        at = starts - self.first
        at = at[(at >= 0) & (at + length <= len(self._dense))]
        return np.asarray(self._sums[at + length] - self._sums[at], np.int64)

    def _steadiness(self, first: int, length: int) -> float:
        """How little the same hours of different days differ beyond chance (the size of a negative binomial): those of this
        day of the week, or of all days that have about as many records, whichever differ more."""
        steps = np.arange(-_REACH * 7, _REACH * 7 + 1)
        days = []
        for place in range(WEEK // DAY):
            mine = steps[(steps % (WEEK // DAY)) == place]
            windows = self._windows(first + DAY * mine[mine != 0], length).astype(np.float64)
            if len(windows) >= _WEEKS and windows.any():
                spread = float(((windows - windows.mean()) ** 2).sum()) * len(windows) / (len(windows) - 1)
                days.append((place, float(windows.mean()), len(windows), spread - float(windows.sum())))
        own = [one for one in days if one[0] == 0]
        alike = [one for one in days if own and own[0][1] / _ALIKE <= one[1] <= own[0][1] * _ALIKE]
        return min(_size(own), _size(alike))


def _size(days: list[tuple[int, float, int, float]]) -> float:
    """The size of a negative binomial from days: place, mean, how many, their spread beyond chance (sum of squares)."""
    excess = sum(one[3] for one in days)
    return (
        min(_STEADY, sum(count * mean**2 for _, mean, count, _ in days) / excess) if excess > 0 else _STEADY
    )


def tail_probability(found: int, mean: float, size: float) -> float:
    """Return the chance of `found` or fewer in a negative binomial with a mean and a size."""
    if found >= mean:
        return 1.0
    if found > _COUNTED:
        return 0.5 * math.erfc((mean - found - 0.5) / math.sqrt(2 * (mean + mean**2 / size)))
    counts = np.arange(found + 1)
    logs = np.array([math.lgamma(count + size) - math.lgamma(count + 1) for count in counts.tolist()])
    logs += (
        size * math.log(size / (size + mean)) - math.lgamma(size) + counts * math.log(mean / (size + mean))
    )
    top = float(logs.max())
    return min(1.0, math.exp(top) * float(np.exp(logs - top).sum()))
