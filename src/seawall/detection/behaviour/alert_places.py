"""Find the group of events that a vendor's statement about an account belongs to.

The statement is no act of the account, so it changes no baseline and no group. Only the hits of rules on it count, at one of
the account's groups of that day. Misses: a statement on a day without any act of the account.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.events.coded_batch import MISSING, CodedBatch, Codes, Keys, Times, hash_text
from seawall.events.grouping import Rows

SETTLED = (
    "dismissed", "Dismissed", "confirmedSafe", "falsePositive", "informationalExpectedActivity", "benignPositive",
)  # fmt: skip
"""Decisions about a statement that it was no attack; it counts for nothing then."""

_NAMED = (("resource_uid", "metadata_uid"), ("session_uid", "session_uid"))
"""Columns of a statement that name an event or a session, and the column with that name in events."""


@dataclass(frozen=True, slots=True)
class GroupSpans:
    """Hold g groups, (g,), ordered by account and network: `first` is their first time, `ends` their last event."""

    actor: Codes
    network: Codes
    first: Times
    ends: Rows


def place_alerts(batch: CodedBatch, networks: Codes, group: Codes, spans: GroupSpans) -> Rows:
    """Return the event at which a rule's hit counts, for each of n events: itself, except for statements of vendors.

    A statement belongs to the group with the event or the session that it names, else to the one on the network that it
    names, else to the one that began last before it, else to the account's first one. It counts at that group's last event,
    because the vendor often knows later than it happens. `networks` and `group` are those of the events, (n,).
    """
    rows = np.arange(len(batch))
    is_open = batch.one_of("kind", ("vendor_alert",)) & ~batch.one_of("status_code", SETTLED)
    alerts = np.flatnonzero(is_open & (batch.actor != MISSING))
    if not len(alerts):
        return rows
    named = _find_named(batch, group, alerts)
    for at, row in enumerate(alerts.tolist()):
        low, high = np.searchsorted(spans.actor, [batch.actor[row], batch.actor[row] + 1]).tolist()
        if low < high:
            inside = low <= named[at] < high
            chosen = (
                int(named[at]) if inside else low + _choose(batch, networks, spans, row, slice(low, high))
            )
            rows[row] = spans.ends[chosen]
    return rows


def _choose(batch: CodedBatch, networks: Codes, spans: GroupSpans, row: int, own: slice) -> int:
    """Return the place of the statement's group among its account's own groups."""
    first = spans.first[own]
    is_named = (spans.network[own] == networks[row]) & (networks[row] != MISSING)
    has_begun = first <= batch.time[row]
    return int(np.lexsort((np.where(has_begun, first, -first), has_begun, is_named))[-1])


def _find_named(batch: CodedBatch, group: Codes, alerts: Rows) -> Codes:
    """Return the group with the event or session that each statement names, int32 (k,); MISSING for none."""
    found = np.full(len(alerts), MISSING, np.int32)
    grouped = np.flatnonzero((group != MISSING) & np.isin(batch.actor, batch.actor[alerts]))
    for said, column in _NAMED:
        wanted: Keys = hash_text(batch.texts[said].take(alerts))
        if not wanted.any():
            continue
        known = batch.hash_column(column)[grouped]
        rows = grouped[(known != 0) & np.isin(known, wanted)]
        keys = zip(batch.actor[rows].tolist(), batch.hash_column(column)[rows].tolist(), strict=True)
        groups = dict(zip(keys, group[rows].tolist(), strict=True))
        asked = zip(batch.actor[alerts].tolist(), wanted.tolist(), strict=True)
        mine = np.array([groups.get(key, MISSING) for key in asked], np.int32)
        found = np.where(found == MISSING, mine, found)
    return found
