"""Divide one day of events into groups: the access that one account gained from one network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.alert_places import GroupSpans, place_alerts
from seawall.detection.behaviour.fields import DerivedColumns
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Times
from seawall.events.grouping import Rows, group_rows, stable_order

EPISODE_GAP_SECONDS = 30 * 60
"""Longest pause between two events of one session (or network and client) that still belong to one episode."""


@dataclass(frozen=True, slots=True)
class GroupedDay:
    """Hold the n events of a day and the g groups that they form.

    `group` is int32 (n,): each event's group, or MISSING if the event gained no access (failures, processes of the
    provider, statements of a vendor, events without an account). The other arrays are (g,), ordered by account and network.
    `row` is the group's first event; `first` and `last` are in microseconds since 1970. An event without an address gets the
    network that its account used in the half hour before.

    `evidence_row` is int (n,): the event at which a rule's hit on an event counts. It is the event itself. A vendor's
    statement about an account counts at the last event of one of the account's groups (see `place_alerts`).
    """

    number: int
    batch: CodedBatch
    columns: dict[str, Codes]
    gained: Bools
    group: Codes
    row: Rows
    actor: Codes
    tenant: Codes
    network: Codes
    first: Times
    last: Times
    evidence_row: Rows


def split_into_groups(batch: CodedBatch, derived: DerivedColumns, number: int) -> GroupedDay:
    """Group the events of one day. `number` is the day's number since 1970."""
    columns = derived.columns(batch)
    acting = batch.are_acts()
    gained = acting & batch.one_of("status", ("success",))
    columns["network"] = _carry_forward(batch, columns["network"], acting)
    rows = np.flatnonzero(gained)
    found = group_rows(group_keys(batch.actor[rows], columns["network"][rows]))
    group = np.full(len(batch), MISSING, np.int32)
    group[rows] = found.place
    first, last = _spans(batch.time[rows], found.place, len(found.keys))
    at = rows[found.first]
    actor, network = batch.actor[at], columns["network"][at]
    ends = np.zeros(len(at), np.intp)
    ends[found.place] = rows
    evidence_row = place_alerts(batch, columns["network"], group, GroupSpans(actor, network, first, ends))
    tenant = batch.codes["org_uid"][at].astype(np.int32)
    return GroupedDay(
        number, batch, columns, gained, group, at, actor, tenant, network, first, last, evidence_row
    )


def group_keys(actor: Codes, network: Codes) -> Times:
    """Return the numbers by which the groups of a day are ordered, int64 (n,)."""
    return (actor.astype(np.int64) << 32) | (network.astype(np.int64) & 0xFFFFFFFF)


def _spans(times: Times, group: np.ndarray, groups: int) -> tuple[Times, Times]:
    """Return the first and last time of each group. NumPy keeps the last write to a repeated index."""
    first, last = np.empty(groups, np.int64), np.empty(groups, np.int64)
    first[group[::-1]] = times[::-1]
    last[group] = times
    return first, last


def _carry_forward(batch: CodedBatch, network: Codes, acting: Bools) -> Codes:
    """Give events without an address the last network of their account, if at most an episode's gap ago.

    Records of inbox rules, grants and directory changes often have no address. They belong to the session around them.
    """
    rows = np.flatnonzero(acting)
    if (network[rows] != MISSING).all():
        return network
    order = rows[stable_order(batch.actor[rows])]
    actor, time, known = batch.actor[order], batch.time[order], network[order] != MISSING
    source = np.where(known, np.arange(len(order)), -1)
    source = np.maximum.accumulate(source)
    usable = (
        (source >= 0) & (actor[source] == actor) & (time - time[source] <= EPISODE_GAP_SECONDS * 1_000_000)
    )
    carried = network.copy()
    carried[order] = np.where(known | usable, network[order[np.maximum(source, 0)]], MISSING)
    return carried
