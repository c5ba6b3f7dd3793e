"""Test whether a log had fewer records than its own weekly rhythm predicts, so that records are missing.

A stretch with few records is compared with the same hours of the log's other weeks. Their mean is the expectation.
The variation between weeks comes from all stretches of the same length that begin at the same hour of a day. The
p-value is the lower tail of a negative binomial distribution with that mean and variation.

Not found: losses so small that an ordinary day has as few records, and losses at the same hours of several weeks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
DAY, WEEK = 24, 168

SURPRISE = 0.05
"""Significance level: by its rhythm, as few records would occur in at most one of so many spans (1 in 20)."""

_THIN = 0.25
"""An hour with at most this share of its usual records may belong to a stretch with missing ones: late records still arrive.
"""

_WEEKS = 2
"""Other weeks that the estimate needs."""

_REACH = 26
"""Weeks before and after a stretch that are compared: rhythms change, and a log may hold nonsense times."""

_LEAST = 2.0
"""With fewer expected records than this, no records are no evidence."""

_ALIKE = 3.0
"""Days of the week are comparable if neither has more than this many times the other's records."""

_STEADY = 1e6
"""From this size on, a negative binomial is treated as a Poisson distribution."""

_COUNTED = 10_000
"""From this many records on, the tail is that of a normal distribution."""


@dataclass(frozen=True, slots=True)
class QuietStretch:
    """Hours of a log since 1970, from `first` to before `last`, with `found` records instead of about `expected`.

    `chance` is the probability of as few.
    """

    first: int
    last: int
    found: int
    expected: float
    chance: float


class LogRhythm:
    """The hourly record counts of one log; `hours` are in order.

    `delivered` are hours well inside the period of a file: few records there are a holiday, not a loss.
    """

    def __init__(self, hours: Counts, counts: Counts, delivered: Counts | None = None) -> None:
        self.first, self.last = int(hours[0]), int(hours[-1]) + 1
        dense = np.zeros(self.last - self.first, np.int64)
        dense[hours - self.first] = counts
        self._dense = dense
        self._is_delivered = np.isin(np.arange(self.first, self.last), [] if delivered is None else delivered)
        self._sums = np.concatenate([[0], np.cumsum(dense)])

    def thin(self, start: int, end: int) -> list[QuietStretch]:
        """Return the stretches with missing records that reach into the span (hours), in order.

        All lie inside the log's own period.
        """
        usual = self._hourly_mean()
        is_thin = (self._dense <= _THIN * usual) & (usual > 0) & ~self._is_delivered | (self._dense == 0)
        is_thin[[0, -1]] = False  # the log's first and last hours are incomplete
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
        """Return the statistics of some hours; None if there are too few other weeks."""
        length = last - first
        others = self._count_other_weeks(first, length)
        if length > WEEK or len(others) < _WEEKS:
            return None
        low, high = max(first, self.first), min(last, self.last)
        found = int(self._sums[high - self.first] - self._sums[low - self.first]) if low < high else 0
        expected = float(others.mean())
        chance = tail_probability(found, expected, self._estimate_size(first, length))
        silent = int((others <= found).sum())
        if silent >= _WEEKS:
            chance = max(chance, silent / (len(others) + 1))
        return QuietStretch(first, last, found, expected, chance)

    def _hourly_mean(self) -> npt.NDArray[np.float64]:
        """Return the mean count of the same hour over all weeks."""
        places = np.arange(len(self._dense)) % WEEK
        totals = np.bincount(places, self._dense, WEEK)
        means = totals / np.maximum(np.bincount(places, minlength=WEEK), 1)
        return np.asarray(means[places], np.float64)

    def _count_other_weeks(self, first: int, length: int) -> Counts:
        """Return the counts in the same hours of the log's other weeks."""
        steps = np.arange(-_REACH, _REACH + 1)
        return self._count_stretches(first + WEEK * steps[steps != 0], length)

    def _count_stretches(self, starts: Counts, length: int) -> Counts:
        """Return the counts of the stretches that begin at `starts`, without those outside the log."""
        at = starts - self.first
        at = at[(at >= 0) & (at + length <= len(self._dense))]
        return np.asarray(self._sums[at + length] - self._sums[at], np.int64)

    def _estimate_size(self, first: int, length: int) -> float:
        """Return the size parameter of the negative binomial for some hours: the larger, the steadier.

        It is estimated from the same day of the week, and from all days of similar volume; the less steady one
        counts.
        """
        steps = np.arange(-_REACH * 7, _REACH * 7 + 1)
        days = []
        for place in range(WEEK // DAY):
            mine = steps[(steps % (WEEK // DAY)) == place]
            windows = self._count_stretches(first + DAY * mine[mine != 0], length).astype(np.float64)
            if len(windows) >= _WEEKS and windows.any():
                spread = float(((windows - windows.mean()) ** 2).sum()) * len(windows) / (len(windows) - 1)
                days.append((place, float(windows.mean()), len(windows), spread - float(windows.sum())))
        own = [one for one in days if one[0] == 0]
        alike = [one for one in days if own and own[0][1] / _ALIKE <= one[1] <= own[0][1] * _ALIKE]
        return min(_fit_size(own), _fit_size(alike))


def _fit_size(days: list[tuple[int, float, int, float]]) -> float:
    """Estimate a negative binomial's size from days, each as (hour, mean, number, sum of squared deviations beyond chance)."""
    excess = sum(one[3] for one in days)
    return (
        min(_STEADY, sum(count * mean**2 for _, mean, count, _ in days) / excess) if excess > 0 else _STEADY
    )


def tail_probability(found: int, mean: float, size: float) -> float:
    """Return the probability of `found` or fewer under a negative binomial with this mean and size."""
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
