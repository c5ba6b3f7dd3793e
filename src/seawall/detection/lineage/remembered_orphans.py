"""Remember which sessions without issuing sign-in each account used lately, so that each counts once."""

from __future__ import annotations

import numpy as np

from seawall.detection.lineage.session_uses import SessionUses
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays
from seawall.events.coded_batch import Bools, Codes, Keys
from seawall.events.grouping import Rows, starts

KEEP_DAYS = 14
"""Days without use after which an orphan is forgotten."""

MOST_KEPT = 32
"""Most orphans remembered of an account. Accounts with more have them as a habit, and their tokens seldom come again."""

_KEPT: dict[str, Kind] = {"_owner": np.int32, "_day": np.int32}


class RememberedOrphans:
    """Hold sorted keys of orphans with their account and the last day of use, 16 bytes each."""

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.uint64)
        self._owner: Codes = np.empty(0, np.int32)
        self._day: Codes = np.empty(0, np.int32)

    def has(self, keys: Keys) -> Bools:
        """Return which orphans are remembered, bool (n,)."""
        return self._find(keys)[1]

    def _find(self, keys: Keys) -> tuple[Rows, Bools]:
        place = np.searchsorted(self._keys, keys)
        place[place == len(self._keys)] = 0
        return place, self._keys[place] == keys if len(self._keys) else np.zeros(len(keys), bool)

    def observe(self, uses: SessionUses, number: int, elsewhere: Keys | None = None) -> Bools:
        """Return which of a day's sessions are orphans that were counted before, bool (u,), then remember all orphans.

        Those that other parts remember (`elsewhere`, by default none) are not remembered here. Then `forget` must follow.
        """
        place, hit = self._find(uses.key)
        again = uses.is_orphan & hit
        self._day[place[again]] = number
        if elsewhere is not None:
            again |= uses.is_orphan & np.isin(uses.key, elsewhere)
        fresh = np.flatnonzero(uses.is_orphan & ~again)
        fresh = fresh[np.argsort(uses.key[fresh])]
        places = np.searchsorted(self._keys, uses.key[fresh])
        self._keys = np.insert(self._keys, places, uses.key[fresh])
        self._owner = np.insert(self._owner, places, uses.owner[fresh])
        self._day = np.insert(self._day, places, np.int32(number))
        return np.asarray(again)

    def touch(self, keys: Keys, number: int) -> None:
        """Note the day for orphans that are remembered here, and that accounts of other parts use; others are none."""
        place, hit = self._find(keys)
        self._day[place[hit]] = number

    def forget(self, number: int) -> None:
        """Drop what was not used for long. Of an account with too many, drop the oldest days as a whole."""
        keep = self._day > number - KEEP_DAYS
        order = np.lexsort((-self._day, self._owner))
        owner, day = self._owner[order], self._day[order]
        opens = np.flatnonzero(starts(owner))
        ends = np.append(np.flatnonzero(starts(owner) | starts(day)), len(order))
        runs = np.diff(ends)
        rank = np.repeat(ends[1:], runs) - np.repeat(opens, np.diff(np.append(opens, len(order))))
        keep[order[rank > MOST_KEPT]] = False
        if not keep.all():
            self._keys, self._owner, self._day = self._keys[keep], self._owner[keep], self._day[keep]

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self._keys.nbytes + self._owner.nbytes + self._day.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return {"keys": self._keys.copy(), **copy_arrays(self, _KEPT)}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._keys = saved.keys("keys")
        for name, kind in _KEPT.items():
            setattr(self, name, saved.array(name.lstrip("_"), kind, len(self._keys)))
