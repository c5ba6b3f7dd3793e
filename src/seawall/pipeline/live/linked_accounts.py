"""Find which accounts must be examined together, because their records depend on each other.

Accounts depend on each other if records of both share a record id (duplicates and twins) or a token, or if a record of one
ends sessions or resets factors of the other.
"""

from __future__ import annotations

import numpy as np

from seawall.events.coded_batch import Bools, Codes, Keys


class KeyOwners:
    """Map keys to the accounts whose records have them, in sorted runs, so that adding is cheap."""

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Codes]] = []

    def add(self, keys: Keys, owners: Codes) -> list[tuple[int, int]]:
        """Add keys (n,), 0 for none, with their owners; return pairs of owners that share a key because of them."""
        rows = np.flatnonzero(keys != 0)
        keys, owners = _sort(keys[rows], owners[rows])
        shared = [_find_neighbours(keys, owners)]
        for known, holders in self._runs:
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            is_known = (known[place] == keys) & (holders[place] != owners)
            shared.append(np.stack([owners[is_known], holders[place[is_known]]], axis=1))
        if len(keys):
            self._runs.append((keys, owners))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            (left, own), (right, others) = self._runs.pop(-2), self._runs.pop()
            self._runs.append(_sort(np.concatenate([left, right]), np.concatenate([own, others])))
        return [(one, other) for one, other in np.concatenate(shared).tolist()]


def _sort(keys: Keys, owners: Codes) -> tuple[Keys, Codes]:
    order = np.argsort(keys)
    return keys[order], owners[order]


def _find_neighbours(keys: Keys, owners: Codes) -> Codes:
    """Return the pairs of owners of equal neighbouring keys, int32 (m, 2)."""
    at = np.flatnonzero((keys[1:] == keys[:-1]) & (owners[1:] != owners[:-1]))
    return np.stack([owners[at], owners[at + 1]], axis=1)


class LinkedAccounts:
    """Hold the links of one day. Records without an account are one account, MISSING.

    `targets` are accounts, by organisation and name, that records of the given actors change, and that wait to be linked.
    """

    def __init__(self) -> None:
        self.targets: dict[tuple[str, str], set[int]] = {}
        self._above: dict[int, int] = {}
        self._members: dict[int, set[int]] = {}

    def link(self, one: int, other: int) -> None:
        """Link two accounts."""
        above, below = self._find(one), self._find(other)
        if above == below:
            return
        if len(self._members.get(above, ())) < len(self._members.get(below, ())):
            above, below = below, above
        members = self._members.setdefault(above, {above})
        members |= self._members.pop(below, {below})
        self._above[below] = above

    def _find(self, account: int) -> int:
        while (above := self._above.get(account)) is not None:
            account = above
        return account

    def spread(self, accounts: Codes, size: int) -> Bools:
        """Return which accounts are, or are linked to, given ones, bool (size + 1,); the last place is for MISSING."""
        found = np.zeros(size + 1, bool)
        found[accounts] = True
        if self._members:
            linked = np.fromiter((one for own in self._members.values() for one in own), np.int64)
            for account in linked[found[linked]].tolist():
                found[list(self._members[self._find(account)])] = True
        return found

    def name_target(self, organisation: str, account: str, actor: int) -> None:
        """Note that a record of an actor changes an account, which may be unknown yet."""
        self.targets.setdefault((organisation, account), set()).add(actor)
