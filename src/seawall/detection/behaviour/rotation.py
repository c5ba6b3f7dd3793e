"""Count the networks between which an account, or one of its sessions, changes: rotating proxies change often."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.events.coded_batch import MISSING, Bools, Floats, Keys
from seawall.events.grouping import Rows, distinct, group_rows, starts

ROTATION = ("new_networks_hour", "new_networks_day", "session_networks")

HOUR = 3_600_000_000


def measure_rotation(day: GroupedDay, is_new: Bools, sessions: Keys) -> dict[str, Floats]:
    """Return how many networks are used together with each group's, float64 (g,), as ln n: 0 for a single one.

    `is_new` (g,) says which groups are on a network that is new to the account. `sessions` (n,) are keys of the events' sessions,
    0 for none.

    - `new_networks_hour`: new networks that the account begins to use within an hour of the group, its own included;
    - `new_networks_day`: new networks of the account that day;
    - `session_networks`: networks on which the session of the group is used that day, the session with the most.

    The first two are 0 for a group on a known network. Misses: a proxy that keeps one network a day.
    """
    return {
        "new_networks_hour": _count_near(day, is_new),
        "new_networks_day": _log(np.bincount(day.actor[is_new], minlength=_size(day))[day.actor] * is_new),
        "session_networks": _log(_count_session_networks(day, sessions)),
    }


def _count_near(day: GroupedDay, is_new: Bools) -> Floats:
    counted = np.zeros(len(day.actor))
    rows = np.flatnonzero(is_new)
    keys = (day.actor[rows].astype(np.int64) << 40) + day.first[rows] // 1_000_000 - day.number * 86_400
    ordered = np.sort(keys)
    hour = HOUR // 1_000_000
    counted[rows] = np.searchsorted(ordered, keys + hour, "right") - np.searchsorted(ordered, keys - hour)
    return _log(counted)


def _count_session_networks(day: GroupedDay, sessions: Keys) -> Rows:
    most = np.zeros(len(day.actor), np.intp)
    rows = np.flatnonzero((sessions != 0) & (day.group != MISSING))
    rows = rows[day.network[day.group[rows]] != MISSING]
    if not len(rows):
        return most
    session = group_rows(sessions[rows]).place
    pairs = distinct((session.astype(np.int64) << 32) | day.group[rows])
    owner = pairs >> 32
    networks = np.diff(np.append(np.flatnonzero(starts(owner)), len(owner)))[owner]
    np.maximum.at(most, pairs & 0xFFFFFFFF, networks)
    return most


def _log(counts: Rows | Floats) -> Floats:
    return np.log(np.maximum(counts, 1).astype(np.float64))


def _size(day: GroupedDay) -> int:
    return int(day.actor.max(initial=-1)) + 1
