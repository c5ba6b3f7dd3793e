"""Count failed and interrupted sign-ins as context of the next success. They are never learnt as behaviour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays
from seawall.events.coded_batch import MISSING, Codes, Floats, Keys, Times, pair_keys
from seawall.events.grouping import group_pairs
from seawall.events.microsoft.entra_results import NOT_GIVEN

WINDOW = 24 * 3_600 * 1_000_000
"""How long attempts count for later successes: one day, in microseconds."""

Failures = tuple[Codes, Codes, Codes]
"""Organisation, address block and account of failed sign-ins, (n,) each."""

_KEPT: dict[str, Kind] = {
    "_actor": np.int32,
    "_tenant": np.int32,
    "_network": np.int32,
    "_prefix": np.int32,
    "_time": np.int64,
    "_failed": np.bool_,
    "_denied": np.bool_,
}


class SignInAttempts:
    """Keep the attempts of a day and the day before, and turn them into features of groups (`FEATURES`).

    Misses: a password spray that touches few accounts of each organisation and many organisations. An organisation's
    incidents depend on its own records alone, so that the same records give the same incidents on every installation.
    """

    FEATURES = ("failures", "failures_here", "denials", "interruptions", "spray_breadth", "spray_failures")
    __slots__ = ("_actor", "_denied", "_failed", "_network", "_prefix", "_tenant", "_time")

    def __init__(self) -> None:
        self._actor: Codes = np.empty(0, np.int32)
        self._tenant: Codes = np.empty(0, np.int32)
        self._network: Codes = np.empty(0, np.int32)
        self._prefix: Codes = np.empty(0, np.int32)
        self._time: Times = np.empty(0, np.int64)
        self._failed = np.empty(0, bool)
        self._denied = np.empty(0, bool)

    def observe(self, day: GroupedDay) -> None:
        """Add the day's attempts, and drop those more than a window older than the beginning of the day."""
        batch = day.batch
        sign_in = batch.one_of("kind", ("sign_in",)) & (batch.actor != MISSING)
        failed = sign_in & batch.one_of("status", ("failure",))
        rows = np.flatnonzero(failed | (sign_in & batch.one_of("status", ("interrupted",))))
        denied = batch.one_of("status_code", NOT_GIVEN)
        keep = self._time >= day.number * WINDOW - WINDOW
        self._actor = np.concatenate([self._actor[keep], batch.actor[rows]])
        self._tenant = np.concatenate([self._tenant[keep], batch.codes["org_uid"][rows]]).astype(np.int32)
        self._network = np.concatenate([self._network[keep], day.columns["network"][rows]])
        self._prefix = np.concatenate([self._prefix[keep], batch.codes["src_prefix"][rows]])
        self._time = np.concatenate([self._time[keep], batch.time[rows]])
        self._failed = np.concatenate([self._failed[keep], failed[rows]])
        self._denied = np.concatenate([self._denied[keep], denied[rows]])

    def state(self) -> State:
        """Return the state as arrays, for `restore`, in an order that does not depend on that of the records."""
        columns = copy_arrays(self, _KEPT)
        order = np.lexsort([columns[name] for name in sorted(columns, key=lambda one: (one == "time", one))])
        return {name: column[order] for name, column in columns.items()}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name, array in saved.columns(_KEPT).items():
            setattr(self, name, array)

    def features(self, day: GroupedDay) -> dict[str, Floats]:
        """Return counts, float64 (g,), of the attempts before each group's last event and within the window."""
        groups = len(day.actor)
        result = {name: np.zeros(groups) for name in self.FEATURES}
        if not len(self._time) or not groups:
            return result
        self._count_own_attempts(day, result)
        self._count_sprays(day, result)
        return result

    def _count_own_attempts(self, day: GroupedDay, result: dict[str, Floats]) -> None:
        low = np.searchsorted(day.actor, self._actor, side="left")
        high = np.searchsorted(day.actor, self._actor, side="right")
        repeats = high - low
        attempt = np.repeat(np.arange(len(low)), repeats)
        group = np.repeat(low, repeats) + (
            np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        )
        time = self._time[attempt]
        counted = (time <= day.last[group]) & (time >= day.first[group] - WINDOW)
        attempt, group = attempt[counted], group[counted]
        failed, denied = self._failed[attempt], self._denied[attempt]
        here = self._network[attempt] == day.network[group]
        size = len(day.actor)
        result["failures"] += np.bincount(group, failed, size)
        result["failures_here"] += np.bincount(group, failed & here, size)
        result["denials"] += np.bincount(group, denied, size)
        result["interruptions"] += np.bincount(group, ~failed & ~denied, size)

    def _count_sprays(self, day: GroupedDay, result: dict[str, Floats]) -> None:
        """Count how many accounts of the organisation failed to sign in from a group's address blocks, and how often."""
        rows = np.flatnonzero(day.group != MISSING)
        keys = pair_keys(day.batch.codes["org_uid"][rows], day.batch.codes["src_prefix"][rows])
        count_sprays(self.list_failures(), day.group[rows], keys, result)

    def list_failures(self, before: int | None = None, since: int | None = None) -> Failures:
        """Return the failed sign-ins with an address block, `before` a time or `since` one, in microseconds since 1970."""
        failed = self._failed & (self._prefix != MISSING)
        if before is not None:
            failed &= self._time < before
        if since is not None:
            failed &= self._time >= since
        return self._tenant[failed], self._prefix[failed], self._actor[failed]


@dataclass(frozen=True, slots=True)
class FailedBlocks:
    """Hold b address blocks from which sign-ins failed, (b,): sorted keys of organisation and prefix, accounts and failures."""

    keys: Keys
    accounts: Times
    failures: Times

    def raise_features(self, group: Codes, keys: Keys, result: dict[str, Floats]) -> None:
        """Set the features of sprays. Group and address block, a key of organisation and prefix, are given by event, (n,)."""
        if not len(self.keys):
            return
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        hit = self.keys[places] == keys
        np.maximum.at(result["spray_breadth"], group[hit], self.accounts[places[hit]].astype(np.float64))
        np.maximum.at(result["spray_failures"], group[hit], self.failures[places[hit]].astype(np.float64))


def count_blocks(failures: Failures) -> FailedBlocks:
    """Return by address block how many accounts failed to sign in, and how often. Accounts of other parts can be added."""
    tenant, prefix, actor = failures
    blocks = group_pairs(tenant, prefix)
    accounts = np.unique(pair_keys(blocks.place.astype(np.int32), actor)) >> np.uint64(32)
    return FailedBlocks(
        blocks.keys,
        np.bincount(accounts.astype(np.int64), minlength=len(blocks.keys)).astype(np.int64),
        np.bincount(blocks.place, minlength=len(blocks.keys)).astype(np.int64),
    )


def count_sprays(failures: Failures, group: Codes, keys: Keys, result: dict[str, Floats]) -> None:
    """Set the features of sprays from the failures of all accounts; see `FailedBlocks.raise_features`."""
    count_blocks(failures).raise_features(group, keys, result)
