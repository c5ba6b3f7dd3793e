"""Measure how much was read, sent and deleted, compared with the account's past days and its tenant's."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays, trim_rows
from seawall.events.coded_batch import MISSING, Codes, Floats, Times

SHRINKAGE_DAYS = 10.0
"""Active days at which an account's own mean counts half; the tenant's mean makes up the rest."""

_GRAPH_MAILBOXES = ("/me", "/users/{id}")
_GRAPH_MESSAGES = tuple(
    f"{whose}{place}/messages" for whose in _GRAPH_MAILBOXES for place in ("", "/mailFolders/{id}")
)
_GRAPH_SENT = ("send", "reply", "replyAll", "forward")
SENT = (
    "Send",
    "SendAs",
    "SendOnBehalf",
    "gmail.users.messages.send",
    "gmail.users.drafts.send",
    *(f"POST {whose}/sendMail" for whose in _GRAPH_MAILBOXES),
    *(f"POST {messages}/{{id}}/{act}" for messages in _GRAPH_MESSAGES for act in _GRAPH_SENT),
)
DELETED = (
    "HardDelete",
    "SoftDelete",
    "MoveToDeletedItems",
    "gmail.users.messages.trash",
    "gmail.users.messages.delete",
    "gmail.users.messages.batchDelete",
    "gmail.users.threads.trash",
    "gmail.users.threads.delete",
    *(f"DELETE {messages}/{{id}}" for messages in _GRAPH_MESSAGES),
    *(f"POST {messages}/{{id}}/permanentDelete" for messages in _GRAPH_MESSAGES),
)
SEARCHED = (
    "SearchQueryPerformed",
    "SearchCreated",
    "SearchStarted",
    "New-ComplianceSearch",
    "ViewedSearchExported",
    "EMAIL_LOG_SEARCH",
    "POST /search/query",
    *(f"GET {messages}?$search" for messages in _GRAPH_MESSAGES),
)
"""Operations that send, delete and search for mail; those of Microsoft Graph as `graph_activity` spells them."""

_BY_ACCOUNT: dict[str, Kind] = {"_count": np.float64, "_mean": np.float64, "_spread": np.float64}


class ReadVolume:
    """Keep running mean and variance of ln(1 + items read) per account and day; see `FEATURES` for the features of groups.

    Misses: slow reading within the account's usual amounts. Reading, sending and deleting that the log does not count stays
    unseen.
    """

    FEATURES = ("items", "items_z", "syncs", "sent", "deleted", "events", "share", "throttled", "searched")
    __slots__ = ("_count", "_mean", "_spread", "_tenant")

    def __init__(self) -> None:
        self._count = np.zeros(0)
        self._mean = np.zeros(0)
        self._spread = np.zeros(0)
        self._tenant = np.zeros((0, 3))

    def features(self, day: GroupedDay) -> dict[str, Floats]:
        """Return features of groups, float64 (g,).

        Counts are ln(1 + n). `items_z` is in standard deviations above the mean, and `share` is the group's share of the
        account's events that day.
        """
        self._reserve(day)
        batch, size = day.batch, len(day.actor)
        rows = np.flatnonzero(day.group != MISSING)
        group = day.group[rows]

        def count(mask: np.ndarray) -> Floats:
            return np.asarray(np.bincount(group, mask[rows], size), np.float64)

        items = np.log1p(np.bincount(group, np.maximum(batch.numbers["item_count"][rows], 0), size))
        events = np.bincount(group, minlength=size).astype(np.float64)
        per_actor = np.bincount(day.actor, events) if size else np.zeros(0)
        return {
            "items": items,
            "items_z": self._deviation(day, items),
            "syncs": np.log1p(count(batch.one_of("access_type", ("sync",)))),
            "sent": np.log1p(count(batch.one_of("activity_name", SENT))),
            "deleted": np.log1p(count(batch.one_of("activity_name", DELETED))),
            "events": np.log1p(events),
            "share": events / per_actor[day.actor] if size else events,
            "throttled": np.minimum(count(batch.numbers["is_throttled"] == 1), 1.0),
            "searched": np.log1p(count(batch.one_of("activity_name", SEARCHED))),
        }

    def _deviation(self, day: GroupedDay, items: Floats) -> Floats:
        count = self._count[day.actor]
        tenant = self._tenant[day.tenant]
        known = np.maximum(tenant[:, 0], 1.0)
        peers_mean, peers_spread = tenant[:, 1] / known, np.sqrt(tenant[:, 2] / known + 0.25)
        weight = count / (count + SHRINKAGE_DAYS)
        mean = weight * self._mean[day.actor] + (1 - weight) * peers_mean
        own_spread = np.sqrt(self._spread[day.actor] / np.maximum(count, 1.0) + 0.25)
        spread = weight * own_spread + (1 - weight) * peers_spread
        # Without any past day of the tenant there is no mean to deviate from.
        trust = tenant[:, 0] / (tenant[:, 0] + SHRINKAGE_DAYS)
        return np.asarray(trust * np.maximum(items - mean, 0.0) / spread)

    @staticmethod
    def _sum_items(day: GroupedDay, items: Floats) -> tuple[Codes, Times, Times]:
        """Return account, tenant and number of items, (a,) each, of each account that read anything."""
        actor, inverse = np.unique(day.actor, return_inverse=True)
        # Sums of integers do not depend on the order of groups.
        total = np.bincount(inverse.reshape(-1), np.rint(np.expm1(items)), len(actor)).astype(np.int64)
        tenant = np.zeros(len(actor), np.int64)
        tenant[inverse.reshape(-1)] = day.tenant
        read = total > 0
        return actor[read], tenant[read], total[read]

    def count_readers(self, day: GroupedDay, items: Floats) -> Tally:
        """Return by (tenant, number of items read that day) the number of accounts."""
        _, tenant, total = self._sum_items(day, items)
        return count_rows(tenant, total)

    def learn(self, day: GroupedDay, items: Floats, readers: Tally | None = None) -> None:
        """Learn the day: one observation for each account that read anything, however many groups it has.

        `readers` are those of all parts, by default of this day alone; see `count_readers`.
        """
        actor, tenant, items_read = self._sum_items(day, items)
        total = np.log1p(items_read.astype(np.float64))
        self._count[actor] = np.minimum(self._count[actor] + 1, 60)
        step = total - self._mean[actor]
        self._mean[actor] += step / self._count[actor]
        self._spread[actor] = np.where(self._count[actor] >= 60, 59 / 60, 1) * self._spread[actor] + step * (
            total - self._mean[actor]
        )
        # Sum in order of size, so that account numbering does not affect rounding.
        readers = count_rows(tenant, items_read) if readers is None else readers
        tenant, items_read = readers.repeat(0, 1)
        total = np.log1p(items_read.astype(np.float64))
        self._reserve_tenants(int(tenant.max(initial=-1)) + 1)
        known = self._tenant[tenant]
        peers = known[:, 1] / np.maximum(known[:, 0], 1.0)
        np.add.at(self._tenant, tenant, np.stack([np.ones(len(total)), total, (total - peers) ** 2], axis=1))

    def _reserve(self, day: GroupedDay) -> None:
        self._count, self._mean, self._spread = (
            _grow(array, int(day.actor.max(initial=-1)) + 1)
            for array in (self._count, self._mean, self._spread)
        )
        self._reserve_tenants(int(day.tenant.max(initial=-1)) + 1)

    def _reserve_tenants(self, tenants: int) -> None:
        if tenants > len(self._tenant):
            self._tenant = np.concatenate([self._tenant, np.zeros((tenants - len(self._tenant), 3))])

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self._count.nbytes + self._mean.nbytes + self._spread.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        own = copy_arrays(self, {**_BY_ACCOUNT, "_tenant": np.float64})
        own = trim_rows(own, dict.fromkeys(("count", "mean", "spread"), 0))
        return trim_rows(own, {"tenant": 0})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name, array in saved.columns(_BY_ACCOUNT).items():
            setattr(self, name, array)
        self._tenant = saved.array("tenant", np.float64, None, 3)


def _grow(array: Floats, size: int) -> Floats:
    if size <= len(array):
        return array
    return np.concatenate([array, np.zeros(max(size, 2 * len(array)) - len(array))])
