"""Notice hours without sign-ins where an organisation usually has some: sessions that began then have no issuing sign-in."""

from __future__ import annotations

import numpy as np

from seawall.detection.tallies import Tally
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays
from seawall.events.coded_batch import Bools, Codes, Floats, Times

HOURS = 24
EXPECTED_IN_HOUR = 4.0
EXPECTED_IN_WINDOW = 6.0
"""Usual number of sign-ins of an hour, and of `WINDOW` hours, from which on none at all is a gap."""

WINDOW = 6
MEMORY_DAYS = 10
"""Days, working days or weekend days apart, over which the usual number of sign-ins of an hour is averaged."""

IN_GAP = 0.9
"""Probability that a session that is first used in a gap, or in the hour after, has no issuing sign-in in the logs."""

_KEPT: dict[str, Kind] = {"_tenant": np.int32, "_usual": np.float64, "_days": np.float64, "_last": np.float64}


class SignInGaps:
    """Keep for each organisation the usual number of sign-ins of each hour, and those of the last two days.

    Arrays are (tenants, …): `_usual` for 24 hours of working days, then of weekends; `_days` learnt of both; `_last` the
    number of a day with its counts and its gaps.
    """

    def __init__(self) -> None:
        self._tenant: Codes = np.empty(0, np.int32)
        self._usual: Floats = np.zeros((0, 2 * HOURS))
        self._days: Floats = np.zeros((0, 2))
        self._last: Floats = np.zeros((0, 1 + HOURS))

    def observe(self, sign_ins: Tally, tenants: Codes, tenant: Codes, hour: Times, number: int) -> Floats:
        """Return the probability that a gap hides a session's sign-in, float64 (n,), then learn the day.

        `sign_ins` are counted by (tenant, hour of the day), and `tenants` are all with a session that begins. `tenant` and
        `hour`, (n,), are a session's organisation and the hour since 1970 of its first use.
        """
        self._reserve(np.unique(np.concatenate([tenants, sign_ins.column(0).astype(np.int32)])))
        today = np.zeros((len(self._tenant), HOURS))
        place = np.searchsorted(self._tenant, sign_ins.column(0))
        np.add.at(today, (place, sign_ins.column(1)), sign_ins.counts)
        counts = np.concatenate([self._before(number), today], axis=1)
        usual = np.concatenate([self._expect(number - 1), self._expect(number)], axis=1)
        gaps = _find_gaps(counts, usual)
        chance = _hide(gaps, usual)[np.searchsorted(self._tenant, tenant), hour % HOURS]
        self._learn(today, gaps[:, HOURS:], number)
        return np.asarray(chance)

    def _reserve(self, tenants: Codes) -> None:
        fresh = tenants[~np.isin(tenants, self._tenant)]
        if len(fresh):
            places = np.searchsorted(self._tenant, fresh)
            for name in _KEPT:
                rows: Floats | Codes = fresh if name == "_tenant" else np.zeros(())
                setattr(self, name, np.insert(getattr(self, name), places, rows, axis=0))

    def _before(self, number: int) -> Floats:
        """Return the counts of the day before, (tenants, 24). If it has none, its hours are no gap: they count as usual."""
        known = self._last[:, :1] == number - 1
        return np.where(known, self._last[:, 1:], self._expect(number - 1))

    def _expect(self, number: int) -> Floats:
        begin = HOURS * _is_weekend(number)
        return self._usual[:, begin : begin + HOURS]

    def _learn(self, today: Floats, is_gap: Bools, number: int) -> None:
        """Learn the day for organisations with a sign-in; the hours of gaps stay as they were."""
        kind = _is_weekend(number)
        seen = np.flatnonzero(today.any(axis=1))
        days = self._days[seen, kind] + 1
        usual = self._usual[seen, HOURS * kind : HOURS * (kind + 1)]
        change = (today[seen] - usual) / np.minimum(days, MEMORY_DAYS)[:, None]
        self._usual[seen, HOURS * kind : HOURS * (kind + 1)] += np.where(is_gap[seen], 0.0, change)
        self._days[seen, kind] = days
        self._last[:, 0] = number
        self._last[:, 1:] = today

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return copy_arrays(self, _KEPT)

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._tenant = saved.array("tenant", np.int32, None)
        if (np.diff(self._tenant) <= 0).any():
            raise saved.invalid("tenant", "is out of order")
        size = len(self._tenant)
        self._usual = saved.array("usual", np.float64, size, 2 * HOURS)
        self._days = saved.array("days", np.float64, size, 2)
        self._last = saved.array("last", np.float64, size, 1 + HOURS)


def _is_weekend(number: int) -> int:
    return int((number + 3) % 7 >= 5)


def _trail(values: Floats, hours: int) -> Floats:
    """Return the sum of each hour and those before it, `hours` in all, (tenants, 48)."""
    total = np.cumsum(values, axis=1)
    total[:, hours:] -= total[:, :-hours].copy()
    return total


def _find_gaps(counts: Floats, usual: Floats) -> Bools:
    """Return which hours, of two days, are gaps, bool (tenants, 48)."""
    in_hour = (counts == 0) & (usual >= EXPECTED_IN_HOUR)
    in_window = (_trail(counts, WINDOW) == 0) & (_trail(usual, WINDOW) >= EXPECTED_IN_WINDOW)
    return np.asarray(in_hour | in_window)


def _hide(gaps: Bools, usual: Floats) -> Floats:
    """Return for each hour of the second day the probability that a gap hides a session's sign-in, (tenants, 24).

    It is the share of the usual sign-ins of the last 24 hours that fall into gaps.
    """
    missing = _trail(np.where(gaps, usual, 0.0), HOURS) / np.maximum(_trail(usual, HOURS), 1.0)
    is_near = gaps.copy()
    is_near[:, 1:] |= gaps[:, :-1]
    return np.where(is_near, IN_GAP, np.minimum(missing, IN_GAP))[:, HOURS:]
