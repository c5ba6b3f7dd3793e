"""Compute how many of an account's new sessions are expected to have no issuing sign-in in the logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.lineage.orphan_rates import OrphanRates, OrphanRateTable, share_of_others, sum_by
from seawall.detection.lineage.session_uses import SessionUses, SignInCounts
from seawall.detection.lineage.sign_in_gaps import SignInGaps
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import Codes, Floats, Keys
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


class OrphanExpectation:
    """Learn the rates of applications and the gaps of sign-in logs."""

    def __init__(self) -> None:
        self._rates = OrphanRateTable()
        self._gaps = SignInGaps()

    def observe(self, begun: SessionUses, sign_ins: SignInCounts, owners: Codes, number: int) -> OrphanCounts:
        """Count the day's new sessions of the owners (a,), which include those of all sessions, then learn the day."""
        app = group_pairs(begun.tenant, begun.app)
        cells = _divide(begun, app)
        rates = self._rates.find(cells.app, cells.orphans, cells.sessions)
        rate = rates.rate[cells.place]
        missing = self._gaps.observe(sign_ins, begun.tenant, begun.hour, number)
        missing = np.maximum(missing, _share_of_hour(begun, rate))
        alike = share_of_others(app.place, begun.owner, begun.is_orphan, rate, SAME_DAY)
        chance = np.maximum(np.maximum(rate, missing), alike)
        counts = _count(cells, rates, chance, owners)
        # Sessions of hours in which everybody's sign-ins are missing teach nothing about their application.
        teaches = (missing < LOSSY) | (rate >= LOSSY)
        taught = _divide(begun.take(teaches), app.of(teaches))
        self._rates.learn(taught.app, taught.orphans, taught.sessions)
        return counts

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


def _share_of_hour(begun: SessionUses, rate: Floats) -> Floats:
    """Return for each session the share of other accounts of its organisation with an orphan in the same hour, (n,).

    Applications whose sign-ins are seldom found do not count, and get 0.
    """
    share = np.zeros(len(begun))
    telling = np.flatnonzero(rate < LOSSY)
    some = begun.take(telling)
    hour = group_pairs(some.tenant, (some.hour % 24).astype(np.int32))
    share[telling] = share_of_others(hour.place, some.owner, some.is_orphan, rate[telling], SAME_DAY)
    return share


@dataclass(frozen=True, slots=True)
class _Cells:
    """Hold c pairs of account and application, (c,), and the pair `place` of each session, (u,). `app` are the keys of `app`."""

    owner: Codes
    app: Keys
    place: Rows
    orphans: Floats
    sessions: Floats


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
