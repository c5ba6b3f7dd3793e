"""Compute how many of an account's new sessions are expected to have no issuing sign-in in the logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.lineage.orphan_rates import (
    OrphanRates,
    OrphanRateTable,
    hold_orphans,
    share_of_others,
    sum_by,
)
from seawall.detection.lineage.session_uses import SessionUses
from seawall.detection.lineage.sign_in_gaps import SignInGaps
from seawall.detection.tallies import Tally, count_rows, decode_keys
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import Bools, Codes, Floats, Keys, Times
from seawall.events.grouping import Grouped, Rows, group_pairs, group_rows

SAME_DAY = 3.0
"""Pseudo-count of accounts where it is asked how many others have an orphan too."""

LOSSY = 0.5
"""Rate from which on an application says nothing about gaps in a sign-in log, and probability from which on a gap is sure."""


@dataclass(frozen=True, slots=True)
class OrphanCounts:
    """Hold what a accounts began to use on a day, float64 (a,), ordered by code.

    `orphans` of `sessions` have no issuing sign-in; `expected` is the sum of their probabilities. `counted` are orphans, of
    which correlated ones of one application count less.
    """

    owner: Codes
    orphans: Floats
    sessions: Floats
    counted: Floats
    expected: Floats


class BegunSessions:
    """Hold the sessions that begin on a day while they are weighed.

    `counted` are the pairs of account and application by (application, orphans, sessions), as whole numbers.
    """

    def __init__(self, begun: SessionUses) -> None:
        self.begun = begun
        self.app = group_pairs(begun.tenant, begun.app)
        self.cells = _divide(begun, self.app)
        self.counted = self.everybody = _tally_cells(self.cells)
        self.rates = OrphanRates(np.zeros(0), np.zeros(0))
        self.rate, self.missing = np.zeros(len(begun)), np.zeros(len(begun))
        self.telling: Rows = np.zeros(0, np.intp)
        self.hour: Times = np.zeros(0, np.int64)
        self.own_in_hour: Bools = np.zeros(0, bool)


class OrphanExpectation:
    """Learn the rates of applications and the gaps of sign-in logs."""

    def __init__(self) -> None:
        self._rates = OrphanRateTable()
        self._gaps = SignInGaps()

    def weigh(self, day: BegunSessions, cells: Tally, sign_ins: Tally, number: int) -> Tally:
        """Compare a day's new sessions with the past, and learn the hours of its sign-ins; return what `count` needs.

        `cells` are the pairs of account and application of all parts (see `BegunSessions`), `sign_ins` theirs by (tenant, hour).
        """
        begun = day.begun
        day.everybody = cells
        day.rates = self._rates.find(day.cells.app, day.cells.orphans, day.cells.sessions, cells)
        day.rate = day.rates.rate[day.cells.place]
        tenants = np.unique(decode_keys(cells.column(0)) >> np.uint64(32)).astype(np.int32)
        day.missing = self._gaps.observe(sign_ins, tenants, begun.tenant, begun.hour, number)
        day.telling = np.flatnonzero(day.rate < LOSSY)
        some = begun.take(day.telling)
        day.hour = some.tenant.astype(np.int64) * 24 + some.hour % 24
        hours, day.own_in_hour = hold_orphans(day.hour, some.owner, some.is_orphan)
        return hours

    def count(self, day: BegunSessions, hours: Tally, owners: Codes) -> tuple[OrphanCounts, Tally]:
        """Count the new sessions of the owners (a,), which include those of all sessions; also return what the day teaches.

        `hours` are what `weigh` returned in all parts.
        """
        missing = np.maximum(day.missing, _share_of_hour(day, hours))
        apps = day.app.keys[day.app.place].view(np.int64)
        _, own = hold_orphans(apps, day.begun.owner, day.begun.is_orphan)
        everybody = day.everybody
        holders = count_rows(everybody.column(0), everybody.column(1) > 0, counts=everybody.counts)
        alike = share_of_others(apps, own, day.rate, holders, SAME_DAY)
        chance = np.maximum(np.maximum(day.rate, missing), alike)
        counts = _count(day.cells, day.rates, chance, owners)
        # Sessions of hours in which everybody's sign-ins are missing teach nothing about their application.
        teaches = (missing < LOSSY) | (day.rate >= LOSSY)
        return counts, _tally_cells(_divide(day.begun.take(teaches), day.app.of(teaches)))

    def learn(self, taught: Tally) -> None:
        """Learn what a day teaches in all parts."""
        self._rates.learn(taught)

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return self._rates.nbytes()

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return nest_states(rates=self._rates.state(), gaps=self._gaps.state())

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._rates.restore(saved.part("rates"))
        self._gaps.restore(saved.part("gaps"))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Hold c pairs of account and application, (c,), and the pair `place` of each session, (u,). `app` are the keys of `app`."""

    owner: Codes
    app: Keys
    place: Rows
    orphans: Floats
    sessions: Floats


def _tally_cells(cells: _Cells) -> Tally:
    return count_rows(cells.app, cells.orphans, cells.sessions)


def _share_of_hour(day: BegunSessions, hours: Tally) -> Floats:
    """Return for each session the share of other accounts of its organisation with an orphan in the same hour, (n,).

    Applications whose sign-ins are seldom found do not count, and get 0.
    """
    share = np.zeros(len(day.begun))
    share[day.telling] = share_of_others(day.hour, day.own_in_hour, day.rate[day.telling], hours, SAME_DAY)
    return share


def _divide(begun: SessionUses, app: Grouped) -> _Cells:
    found = group_rows(app.place.astype(np.int64) << 32 | begun.owner)
    size = len(found.keys)
    return _Cells(
        begun.owner[found.first],
        app.keys[app.place[found.first]],
        found.place,
        np.bincount(found.place, begun.is_orphan, size).astype(np.float64),
        np.bincount(found.place, minlength=size).astype(np.float64),
    )


def _count(cells: _Cells, rates: OrphanRates, chance: Floats, owners: Codes) -> OrphanCounts:
    """Return the counts of the owners. Applications whose sign-ins are seldom found would only blur them, and are left out."""
    tells = rates.rate < LOSSY
    counted = cells.orphans / (1.0 + np.maximum(cells.orphans - 1.0, 0.0) * rates.correlation)
    size = len(owners)
    whose = np.searchsorted(owners, cells.owner)
    return OrphanCounts(
        owners,
        sum_by(whose, cells.orphans * tells, size),
        sum_by(whose, cells.sessions * tells, size),
        sum_by(whose, counted * tells, size),
        sum_by(whose[cells.place], chance * tells[cells.place], size),
    )
