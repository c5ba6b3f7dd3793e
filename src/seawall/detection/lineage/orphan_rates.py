"""Learn how often the sessions of an application have no issuing sign-in in the logs, and how strongly they go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.tallies import Tally, count_rows, decode_keys
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Bools, Codes, Floats, Keys, Times
from seawall.events.grouping import Whole, group_rows, starts

FORGETTING = 0.95
"""Factor by which the counts of an application shrink per day on which it is used."""

COUNTED = 8
"""Most sessions of an account that count in a day: one busy account does not make the rate."""

CAREFUL = 2.0
"""Pseudo-count of sessions with which an application starts at the rate of its organisation's other applications."""

CORRELATION = 0.05
PAIRS = 20.0
"""Correlation of an account's orphans within a day before anything is learnt, and its pseudo-count of account-days."""


@dataclass(frozen=True, slots=True)
class OrphanRates:
    """Hold the probability that a session is an orphan, and the correlation of an account's sessions in a day, (c,)."""

    rate: Floats
    correlation: Floats


def sum_by(owner: Whole, values: Floats, size: int) -> Floats:
    """Return the sum of each owner's values, float64 (size,). It does not depend on the order of rows."""
    order = np.lexsort((values, owner))
    return np.asarray(np.bincount(owner[order], values[order], size), np.float64)


class OrphanRateTable:
    """Keep counts by organisation and application, as sorted keys: orphans, sessions, and shares of pairs of orphans.

    Columns of `_counts` are decayed sums over account-days: orphans, sessions, the share of pairs of sessions that are both
    orphans, and account-days with a pair.
    """

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.uint64)
        self._counts: Floats = np.zeros((0, 4))

    def find(self, keys: Keys, orphans: Floats, sessions: Floats, cells: Tally) -> OrphanRates:
        """Return the rates for c pairs of account and application of a day, (c,), by what came before and other accounts today.

        `keys` are organisation << 32 | application, `orphans` of the pair's `sessions` have no issuing sign-in. `cells` are all
        accounts of the day, by (key, orphans, sessions).
        """
        found = group_rows(keys)
        before = self._counts_of(found.keys)
        everybody, counts = _sum_counts(cells)
        today = counts[np.searchsorted(everybody, found.keys)]
        usual = self._usual_rates(found.keys)[found.place]
        others = (before + today)[found.place] - _bound_counts(orphans, sessions)
        orphans, sessions, pairs, days = np.maximum(others, 0.0).T
        rate = (orphans + CAREFUL * usual) / (sessions + CAREFUL)
        spread = np.maximum(rate * (1 - rate), 1e-9)
        expected = rate**2 + CORRELATION * spread
        together = (pairs + PAIRS * expected) / (days + PAIRS)
        learnt = np.clip((together - rate**2) / spread, 0.0, 1.0)
        return OrphanRates(rate, np.minimum(learnt + 1.0 / (sessions + CAREFUL + 1.0), 1.0))

    def _counts_of(self, keys: Keys) -> Floats:
        counts = np.zeros((len(keys), 4))
        if len(self._keys):
            place = np.searchsorted(self._keys, keys)
            place[place == len(self._keys)] = 0
            hit = self._keys[place] == keys
            counts[hit] = self._counts[place[hit]]
        return counts

    def _usual_rates(self, keys: Keys) -> Floats:
        """Return the mean rate of the applications of each key's organisation, (n,). Without any it is one half."""
        orphans, sessions = self._counts[:, 0], self._counts[:, 1]
        weight = sessions / (sessions + CAREFUL)
        share = (orphans + 0.5) / (sessions + 1.0)
        owners = group_rows(self._keys >> np.uint64(32))
        size = len(owners.keys)
        rate = (0.5 + sum_by(owners.place, weight * share, size)) / (1 + sum_by(owners.place, weight, size))
        wanted = keys >> np.uint64(32)
        place = np.searchsorted(owners.keys, wanted)
        place[place == size] = 0
        hit = owners.keys[place] == wanted if size else np.zeros(len(keys), bool)
        usual = np.full(len(keys), 0.5)
        usual[hit] = rate[place[hit]]
        return usual

    def learn(self, cells: Tally) -> None:
        """Learn a day: its pairs of account and application, by (key, orphans, sessions). Those of parts can be added."""
        keys, today = _sum_counts(cells)
        fresh = keys[~np.isin(keys, self._keys)]
        places = np.searchsorted(self._keys, fresh)
        self._keys = np.insert(self._keys, places, fresh)
        self._counts = np.insert(self._counts, places, 0.0, axis=0)
        at = np.searchsorted(self._keys, keys)
        self._counts[at] = self._counts[at] * FORGETTING + today

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self._keys.nbytes + self._counts.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return {"keys": self._keys.copy(), "counts": self._counts.copy()}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._keys = saved.keys("keys")
        self._counts = saved.array("counts", np.float64, len(self._keys), 4)


def _bound_counts(orphans: Floats, sessions: Floats) -> Floats:
    """Return what each pair of account and application adds to the counts of its application, float64 (c, 4)."""
    weight = np.minimum(sessions, COUNTED) / np.maximum(sessions, 1.0)
    pairs = orphans * (orphans - 1) / np.maximum(sessions * (sessions - 1), 1.0)
    return np.stack([orphans * weight, sessions * weight, pairs, (sessions > 1).astype(np.float64)], axis=1)


def _sum_counts(cells: Tally) -> tuple[Keys, Floats]:
    """Return the sorted keys of applications, (a,), and the bounded counts of each, float64 (a, 4)."""
    app, orphans, sessions = cells.repeat(0, 1, 2)
    found = group_rows(decode_keys(app))
    columns = _bound_counts(orphans.astype(np.float64), sessions.astype(np.float64)).T
    sums = [sum_by(found.place, column, len(found.keys)) for column in columns]
    return found.keys, np.stack(sums, axis=1)


def count_group_accounts(group: Tally) -> tuple[Times, Times, Times]:
    """Return the groups of a tally by (group, whether an account has an orphan in it), their accounts, and those with one."""
    places = np.unique(group.column(0))
    at = np.searchsorted(places, group.column(0))
    accounts, with_orphan = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
    np.add.at(accounts, at, group.counts)
    np.add.at(with_orphan, at, group.counts * group.column(1))
    return places, accounts, with_orphan


def hold_orphans(group: Times, owner: Codes, is_orphan: Bools) -> tuple[Tally, Bools]:
    """Count the accounts of n sessions by (group, whether one of the account's sessions in it is an orphan).

    Also return this for each session, bool (n,).
    """
    order = np.lexsort((~is_orphan, owner, group))
    begins = starts(group[order]) | starts(owner[order])
    at = order[begins]
    own = np.zeros(len(group), bool)
    own[order] = is_orphan[at][np.cumsum(begins) - 1]
    return count_rows(group[at], is_orphan[at]), own


def share_of_others(group: Times, own: Bools, rate: Floats, everybody: Tally, careful: float) -> Floats:
    """Return for n sessions the share of other accounts of the same group that have an orphan in it, float64 (n,).

    `own` (n,) says whether the session's account has one. `everybody` are all accounts, as `hold_orphans` counts them. The share
    starts at the session's usual `rate`, with the weight of `careful` accounts.
    """
    places, accounts, with_orphan = count_group_accounts(everybody)
    at = np.searchsorted(places, group)
    others = with_orphan[at].astype(np.float64) - own
    return np.asarray((others + careful * rate) / (accounts[at] - 1 + careful))
