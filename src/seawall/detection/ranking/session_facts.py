"""Describe where a group's sessions and tokens come from: issued here, brought along from an own network, or old."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.counts import FieldCounts
from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.presence import ESTABLISHED_DAYS
from seawall.detection.lineage.detector import LineageEvidence
from seawall.events.coded_batch import MISSING, Bools, Codes, Floats
from seawall.events.grouping import Rows, group_pairs

SESSION_FACTS = ("session_elsewhere", "session_usual", "session_age")
UNKNOWN = -1.0
"""Value of a fact that the records do not state."""

OLDEST = 90 * 1440.0
"""Longest age that is told apart, in minutes: an unused refresh token has expired by then."""


def measure_sessions(day: GroupedDay, lineage: LineageEvidence, networks: FieldCounts) -> dict[str, Floats]:
    """Return facts about the sessions that each group uses, float64 (g,); -1 where none is known.

    `networks` are the counts of networks before the day.

    - `session_elsewhere`: share of the uses whose session was issued on another network than the group's;
    - `session_usual`: share whose session was issued on another network that is the account's own, and keeps its client;
    - `session_age`: ln(1 + minutes) since the oldest session was issued.

    Misses: records that name no session, and sessions that were issued before the log begins.
    """
    size = len(day.actor)
    rows = np.flatnonzero((day.group != MISSING) & (lineage.age >= 0))
    group, root = day.group[rows], lineage.root[rows]
    is_elsewhere = (root != day.network[group]) & (root != MISSING)
    is_own = np.zeros(len(rows), bool)
    away = np.flatnonzero(is_elsewhere & lineage.keeps_client[rows])
    is_own[away] = _are_established(day, group[away], root[away], networks)
    known = np.bincount(group, minlength=size)
    return {
        "session_elsewhere": _share(is_elsewhere, group, known),
        "session_usual": _share(is_own, group, known),
        "session_age": _oldest(lineage.age[rows], group, size),
    }


def _are_established(day: GroupedDay, group: Codes, root: Codes, networks: FieldCounts) -> Bools:
    """Return which roots are networks of the group's account, bool (n,)."""
    found = group_pairs(group, root)
    owner = group[found.first]
    seen = networks.count_days(day.actor[owner], root[found.first], day.number)
    return np.asarray((seen >= ESTABLISHED_DAYS)[found.place])


def _share(mask: Bools, group: Codes, known: Rows) -> Floats:
    counted = np.bincount(group, mask, len(known))
    return np.where(known > 0, counted / np.maximum(known, 1), UNKNOWN)


def _oldest(minutes: Floats, group: Codes, size: int) -> Floats:
    oldest = np.full(size, UNKNOWN)
    np.maximum.at(oldest, group, np.log1p(np.minimum(minutes, OLDEST)))
    return oldest
