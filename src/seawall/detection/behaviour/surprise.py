"""Compute how improbable a group's value of each field is for its account, in nats.

Probabilities back off from the account to its tenant and to all tenants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seawall.detection.behaviour.counts import (
    FieldCounts,
    PriorCounts,
    count_first_meetings,
    count_meetings,
)
from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.fields import COLUMNS, BehaviourField, DerivedColumns
from seawall.detection.tallies import Tally
from seawall.events.coded_batch import MISSING, Codes, Floats, mix
from seawall.events.grouping import distinct, starts


@dataclass(frozen=True, slots=True)
class FieldSurprise:
    """Hold one field's numbers for the most surprising value of each of g groups, float64 (g,).

    `value` is the code of that value. It is MISSING if the group has no value in this field; then all numbers are 0.
    """

    value: Codes
    backed_off: Floats
    plain: Floats
    rarity: Floats
    is_new: Floats
    adopting: Floats
    cohort: Floats


@dataclass(frozen=True, slots=True)
class GroupValuePairs:
    """Hold the distinct (group, value) pairs of a field today, ordered by group, with their prior counts and surprise in nats."""

    group: Codes
    value: Codes
    looked: PriorCounts
    surprise: Floats


def distinct_pairs(group: Codes, value: Codes) -> tuple[Codes, Codes]:
    """Return the distinct (group, value) pairs of the events that have both, ordered by group."""
    both = (group != MISSING) & (value != MISSING)
    keys = distinct((group[both].astype(np.int64) << 32) | value[both].astype(np.int64))
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)


def field_pairs(
    field: BehaviourField,
    day: GroupedDay,
    cells: dict[str, Codes],
    counts: FieldCounts,
    derived: DerivedColumns,
) -> GroupValuePairs:
    """Look up a field's distinct values of the day. `cells` are the day's distinct combinations of columns."""
    value = derived.value(field, cells.__getitem__)
    group, value = distinct_pairs(cells["group"], value)
    looked = counts.look_up(day.actor[group], day.tenant[group], value, day.number)
    return GroupValuePairs(group, value, looked, back_off_surprise(looked))


def count_cohort(pairs: GroupValuePairs, tenant: Codes, everybody: Tally | None = None) -> GroupValuePairs:
    """Return pairs with the accounts counted that meet the values today; `tenant` is that of each pair, int32 (n,).

    `everybody` is what `count_new_pairs` returns for all parts; by default, these are all pairs.
    """
    is_new = np.isinf(pairs.looked.idle)
    if everybody is None:
        cohort = count_first_meetings(tenant, pairs.value, is_new)
    else:
        cohort = (everybody.find(tenant, pairs.value) - is_new).astype(np.float64)
    looked = replace(pairs.looked, cohort=cohort)
    return GroupValuePairs(pairs.group, pairs.value, looked, back_off_surprise(looked))


def count_new_pairs(pairs: GroupValuePairs, tenant: Codes) -> Tally:
    """Return by (tenant, value) the groups whose account never showed the value before. Those of parts can be added."""
    is_new = np.isinf(pairs.looked.idle)
    return count_meetings(tenant[is_new], pairs.value[is_new])


def select_strongest(
    pairs: GroupValuePairs,
    groups: int,
    active_days: Floats,
    accounts: Floats,
    texts: Callable[[Codes], Sequence[tuple[str, ...]]],
) -> FieldSurprise:
    """Reduce pairs to each group's most surprising value; of equal ones, take the alphabetically first.

    `active_days` and `accounts` (of the tenant) are float64 (g,). `texts` maps codes to their texts.
    """
    rows = _strongest_rows(pairs, texts)
    at = pairs.group[rows]
    known = PriorCounts(*(getattr(pairs.looked, name)[rows] for name in PriorCounts.__slots__))
    result = FieldSurprise(np.full(groups, MISSING, np.int32), *(np.zeros(groups) for _ in range(6)))
    result.value[at] = pairs.value[rows]
    result.backed_off[at] = pairs.surprise[rows]
    result.plain[at] = own_surprise(known, active_days[at])
    result.rarity[at] = rarity(known, accounts[at])
    result.is_new[at] = known.seen == 0
    result.adopting[at] = known.adopting
    result.cohort[at] = known.cohort
    return result


def _strongest_rows(
    pairs: GroupValuePairs, texts: Callable[[Codes], Sequence[tuple[str, ...]]]
) -> np.ndarray:
    """Return the row of the most surprising pair of each group; pairs are ordered by group."""
    begins = starts(pairs.group)
    if not len(begins):
        return np.empty(0, np.intp)
    most = np.maximum.reduceat(pairs.surprise, np.flatnonzero(begins))
    rows = np.flatnonzero(pairs.surprise == most[np.cumsum(begins) - 1])
    first = starts(pairs.group[rows])
    if first.all():
        return rows
    tied = np.zeros(len(rows), bool)
    tied[1:] |= ~first[1:]
    tied[:-1] |= ~first[1:]
    among = rows[tied]
    codes = distinct(pairs.value[among])
    said = texts(codes)
    rank = np.empty(len(codes), np.int64)
    rank[sorted(range(len(codes)), key=said.__getitem__)] = np.arange(len(codes))
    among = among[np.lexsort((rank[np.searchsorted(codes, pairs.value[among])], pairs.group[among]))]
    return np.sort(np.concatenate([rows[~tied], among[starts(pairs.group[among])]]))


def distinct_cells(day: GroupedDay) -> dict[str, Codes]:
    """Return the day's distinct combinations of group and field columns, as columns: far fewer than events."""
    rows = np.flatnonzero(day.group != MISSING)
    mixed = np.zeros(len(rows), np.uint64)
    for name in ("group", *COLUMNS):
        column = day.group if name == "group" else day.columns[name]
        mixed = mix(mixed, column[rows].astype(np.uint32).astype(np.uint64))
    order = np.argsort(mixed)
    chosen = rows[order[starts(mixed[order])]]
    cells = {name: day.columns[name][chosen] for name in COLUMNS}
    cells["group"] = day.group[chosen]
    return cells


DISCOUNT = 0.5
CONCENTRATION_TENANT = 10.0
CONCENTRATION_ACCOUNT = 3.0
UNSEEN_IN_WORLD = 0.02
"""Share of all unseen values lumped together; over an open vocabulary a uniform base only adds a constant."""


def back_off_surprise(looked: PriorCounts) -> Floats:
    """Return the Pitman-Yor surprise −ln P(value | account) as float64 (n,), in nats.

    The account backs off to its tenant, where a value counts once per account that ever showed it and once
    per account that meets it today, so that a roll-out explains itself on its first day.
    """
    accounts = looked.accounts + looked.cohort
    tenant = (
        np.maximum(accounts - DISCOUNT, 0)
        + (CONCENTRATION_TENANT + DISCOUNT * looked.tenant_distinct) * UNSEEN_IN_WORLD
    ) / (looked.tenant_total + looked.cohort + CONCENTRATION_TENANT)
    tenant = np.minimum(tenant, 1.0)
    account = (
        np.maximum(looked.seen - DISCOUNT, 0) + (CONCENTRATION_ACCOUNT + DISCOUNT * looked.distinct) * tenant
    ) / (looked.total + CONCENTRATION_ACCOUNT)
    return np.asarray(-np.log(np.clip(account, 1e-12, 1.0)))


def own_surprise(looked: PriorCounts, active_days: Floats) -> Floats:
    """Return the surprise against the account's own days alone: −ln (days seen + ½) / (active days + 1)."""
    return np.asarray(-np.log(np.clip((looked.seen + 0.5) / (active_days + 1.0), 1e-9, 1.0)))


def rarity(looked: PriorCounts, accounts: Floats) -> Floats:
    """Return how rare the value is among the tenant's other accounts: −ln (accounts with it + ½) / (accounts + 1)."""
    with_it = looked.accounts + looked.cohort
    return np.asarray(-np.log(np.clip((with_it + 0.5) / (np.maximum(accounts, with_it) + 1.0), 1e-9, 1.0)))
