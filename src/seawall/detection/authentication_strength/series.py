"""Summarise for each tenant and day how strongly accounts signed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.authentication_strength.collect import SignIns
from seawall.detection.authentication_strength.strength import CLAIMED, FEDERATED, LEVEL_WORDS
from seawall.events.coded_batch import Vocabulary

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """Count one tenant's day. `sign_ins` and `accounts` are counts by level, in the order of `LEVEL_WORDS`.

    An account counts once, at the weakest known level of its sign-ins. `claimed` and `federated` count sign-ins.
    """

    organisation: str
    day: int
    sign_ins: tuple[int, ...]
    accounts: tuple[int, ...]
    claimed: int
    federated: int


def summarise_days(signs: SignIns, organisations: Vocabulary | None) -> list[DayCoverage]:
    """Return every tenant's days with granted sign-ins, ordered by tenant and day."""
    rows = np.flatnonzero(signs.is_granted)
    if organisations is None or not len(rows):
        return []
    day = (signs.time[rows] // DAY).astype(np.int64)
    organisation, level = signs.organisation[rows].astype(np.int64), signs.level[rows].astype(np.int64)
    keys, place = np.unique((organisation << 32) | day, return_inverse=True)
    size = len(LEVEL_WORDS)
    counts = np.zeros((len(keys), size), np.int64)
    np.add.at(counts, (place, level), 1)
    # Sort level 0, unknown, after all others, so that the minimum is the weakest known level.
    order = np.where(level == 0, size, level)
    pairs, of_pair = np.unique((place.astype(np.int64) << 32) | signs.actor[rows], return_inverse=True)
    weakest = np.full(len(pairs), size)
    np.minimum.at(weakest, of_pair, order)
    accounts = np.zeros((len(keys), size), np.int64)
    np.add.at(accounts, (pairs >> 32, weakest % size), 1)
    flags = signs.flags[rows]
    claimed = np.bincount(place, ((flags & CLAIMED) != 0).astype(float), len(keys))
    federated = np.bincount(place, ((flags & FEDERATED) != 0).astype(float), len(keys))
    return [
        DayCoverage(
            organisations.text(int(key >> 32)), int(key & 0xFFFFFFFF), tuple(counts[row].tolist()),
            tuple(accounts[row].tolist()), int(claimed[row]), int(federated[row]),
        )
        for row, key in enumerate(keys.tolist())
    ]  # fmt: skip
