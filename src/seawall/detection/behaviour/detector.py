"""Score how surprising an account's day is under its past, then learn the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.attempts import SignInAttempts
from seawall.detection.behaviour.counts import FieldCounts
from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.behaviour.fields import FIELD_NAMES, FIELDS, BehaviourField, DerivedColumns
from seawall.detection.behaviour.presence import (
    ESTABLISHED_DAYS,
    ActiveHours,
    UsualNetworkUse,
    measure_simultaneity,
    order_by_account,
)
from seawall.detection.behaviour.sign_in_facts import measure_managed_devices
from seawall.detection.behaviour.surprise import (
    FieldSurprise,
    GroupValuePairs,
    distinct_cells,
    field_pairs,
    select_strongest,
)
from seawall.detection.behaviour.volume import ReadVolume
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays, nest_states, trim_rows
from seawall.events.coded_batch import MISSING, Bools, Codes, Floats, Vocabulary
from seawall.events.grouping import Rows, distinct

KIND_FLAGS = {
    "has_sign_in": ("kind", ("sign_in",)),
    "has_mail": ("kind", ("mail_access",)),
    "has_rule": ("kind", ("mail_rule",)),
    "has_admin": ("kind", ("admin",)),
    "has_directory": ("kind", ("directory",)),
    "has_file": ("kind", ("file",)),
    "delegate": ("logon_type", ("delegate", "admin")),
    "legacy": ("auth_protocol", ("legacy",)),
    "device_code": ("auth_protocol", ("device_code", "ropc")),
    "hosting": ("src_network_class", ("hosting",)),
    "anonymiser": ("src_network_class", ("anonymiser",)),
    "mobile": ("src_network_class", ("mobile",)),
    "residential": ("src_network_class", ("residential",)),
    "microsoft": ("src_network_class", ("microsoft",)),
}
"""Features that are 1 if at least one event of the group has one of these values in this column."""

_BY_ACCOUNT: dict[str, Kind] = {"_active": np.float64, "_first_day": np.int32}
_BY_TENANT: dict[str, Kind] = {"_tenant_accounts": np.float64, "_tenant_first": np.int32}


@dataclass(frozen=True, slots=True)
class BehaviourGroups:
    """Hold the behaviour scores of the g groups of a day.

    `features` maps names to float64 (g,). `fields` holds each field's surprise, `pairs` the prior counts of each value.
    `parts` splits the code of a paired value into its two codes.
    """

    day: GroupedDay
    fields: dict[str, FieldSurprise]
    features: dict[str, Floats]
    pairs: dict[str, GroupValuePairs]
    parts: Callable[[str, int], tuple[int, int]]

    def __len__(self) -> int:
        return len(self.day.actor)


class BehaviourDetector:
    """Learn every account's behaviour, and score each day's groups against it. The state is arrays, bounded per account.

    Misses: an attacker who uses the account's usual network, client, applications and amounts; and changes in the first
    days of an account, which has no past to differ from.
    """

    def __init__(self) -> None:
        self.derived = DerivedColumns()
        self.counts = {name: FieldCounts() for name in FIELD_NAMES}
        self.attempts = SignInAttempts()
        self._volume = ReadVolume()
        self._hours = ActiveHours()
        self._usual = UsualNetworkUse()
        self._active = np.zeros(0, np.float64)
        self._first_day = np.zeros(0, np.int32)
        self._tenant_accounts = np.zeros(0)
        self._tenant_first = np.zeros(0, np.int32)

    def score(self, day: GroupedDay) -> BehaviourGroups:
        """Score a day, or its part so far, against the days before. Does not change the state."""
        self._reserve(day)
        cells = distinct_cells(day)
        pairs = {f.name: field_pairs(f, day, cells, self.counts[f.name], self.derived) for f in FIELDS}
        fields = self.select_values(day, pairs)
        features = self._context_features(day, fields, pairs)
        features.update(self.attempts.features(day))
        features.update(self._volume.features(day))
        features["hour"] = self._hours.features(day)
        return BehaviourGroups(day, fields, features, pairs, self.derived.parts)

    def select_values(self, day: GroupedDay, pairs: dict[str, GroupValuePairs]) -> dict[str, FieldSurprise]:
        """Return each group's most surprising value of each field."""
        self._reserve(day)
        active, accounts = self._active[day.actor], self._tenant_accounts[day.tenant]
        return {
            f.name: select_strongest(pairs[f.name], len(day.actor), active, accounts, self._texts(f, day))
            for f in FIELDS
        }

    def _texts(self, field: BehaviourField, day: GroupedDay) -> Callable[[Codes], list[tuple[str, ...]]]:
        return lambda codes: self.derived.texts(field, codes, day.batch.vocabularies)

    def _context_features(
        self, day: GroupedDay, fields: dict[str, FieldSurprise], pairs: dict[str, GroupValuePairs]
    ) -> dict[str, Floats]:
        size = len(day.actor)
        features = _flags(day)
        network = pairs["network"]
        known = np.zeros(size)
        known[network.group] = network.looked.seen
        established = known >= ESTABLISHED_DAYS
        rows = order_by_account(day)
        features.update(measure_simultaneity(day, established, rows))
        features.update(self._usual.features(day, established, rows))
        features["device_managed"] = measure_managed_devices(day, _show_new(pairs, size))
        for name in ("device", "client"):
            features[f"{name}_days"] = _count_known_days(pairs[name], size)
        features["network_days"] = np.log1p(known)
        features["network_variety"] = np.zeros(size)
        features["network_variety"][network.group] = np.log1p(network.looked.distinct)
        features["foreign_mailboxes"] = _count(pairs["mailbox"], size)
        features["new_mailboxes"] = _count(pairs["mailbox"], size, only_new=True)
        features["new_values"] = count_new_values(fields)
        features["app_explains"] = self._app_explains(pairs["app_network"], size)
        features["active_days"] = np.log1p(self._active[day.actor])
        features["age"] = _age(day.number, self._first_day[day.actor])
        features["tenant_age"] = _age(day.number, self._tenant_first[day.tenant])
        features["tenant_accounts"] = np.log1p(self._tenant_accounts[day.tenant])
        features["service"] = _account_types(day)
        return features

    def _app_explains(self, pairs: GroupValuePairs, size: int) -> Floats:
        """Return how unusual the network is for the application in the tenant, float64 (g,).

        It is near 0 if many accounts combine the two. An application that runs at a hosting provider explains its network,
        for every account that uses it.
        """
        with_it = pairs.looked.accounts + pairs.looked.adopting * 0
        surprise = -np.log((with_it + 0.5) / (with_it + 3.0))
        result = np.zeros(size)
        np.maximum.at(result, pairs.group, surprise)
        return result

    def count_day(self, groups: BehaviourGroups) -> dict[str, Tally]:
        """Return what `learn` adds to the numbers that accounts share, so that it can be added over parts.

        These are for each field by (tenant, value) the accounts that never showed the value, by (tenant, items) the accounts that
        read as many, and by tenant the new accounts and all accounts.
        """
        day = groups.day
        found = {}
        for name in groups.pairs:
            actor, value = _distinct_values(groups, name)
            found[f"meetings.{name}"] = self.counts[name].list_meetings(
                actor, self._tenant_of(day, actor), value
            )
        found["readers"] = self._volume.count_readers(day, groups.features["items"])
        actors, first = np.unique(day.actor, return_index=True)
        fresh = self._first_day[actors] < 0
        return found | {
            "accounts.new": count_rows(day.tenant[first[fresh]]),
            "accounts.today": count_rows(day.tenant[first]),
        }

    def learn(self, groups: BehaviourGroups, shared: Mapping[str, Tally] | None = None) -> None:
        """Learn a scored day at once, whatever its score. Measurements showed a delay to be far worse.

        `shared` is what all parts count; by default, these are all groups. See `count_day`.
        """
        day = groups.day
        told: Mapping[str, Tally] = {} if shared is None else shared
        for name in groups.pairs:
            actor, value = _distinct_values(groups, name)
            meetings = told.get(f"meetings.{name}")
            self.counts[name].learn(actor, self._tenant_of(day, actor), value, day.number, meetings)
        self._volume.learn(day, groups.features["items"], told.get("readers"))
        self._hours.learn(day)
        self._usual.learn(day, np.expm1(groups.features["network_days"]) >= ESTABLISHED_DAYS)
        actors, first = np.unique(day.actor, return_index=True)
        fresh = self._first_day[actors] < 0
        self._first_day[actors[fresh]] = day.number
        new = told["accounts.new"] if shared else count_rows(day.tenant[first[fresh]])
        today = told["accounts.today"] if shared else count_rows(day.tenant[first])
        tenants = today.column(0)
        self.reserve_tenants(int(tenants.max(initial=-1)) + 1)
        self._tenant_accounts[new.column(0)] += new.counts
        self._tenant_first[tenants[self._tenant_first[tenants] < 0]] = day.number
        self._active[actors] += 1

    @staticmethod
    def _tenant_of(day: GroupedDay, actor: Codes) -> Codes:
        return day.tenant[np.searchsorted(day.actor, actor)]

    def _reserve(self, day: GroupedDay) -> None:
        actors = int(day.actor.max(initial=-1)) + 1
        if actors > len(self._active):
            extra = max(actors, 2 * len(self._active)) - len(self._active)
            self._active = np.concatenate([self._active, np.zeros(extra)])
            self._first_day = np.concatenate([self._first_day, np.full(extra, -1, np.int32)])
        self.reserve_tenants(int(day.tenant.max(initial=-1)) + 1)

    def reserve_tenants(self, tenants: int) -> None:
        """Make room for the organisations with codes below a number: other parts may see them first."""
        if tenants > len(self._tenant_accounts):
            extra = tenants - len(self._tenant_accounts)
            self._tenant_accounts = np.concatenate([self._tenant_accounts, np.zeros(extra)])
            self._tenant_first = np.concatenate([self._tenant_first, np.full(extra, -1, np.int32)])

    def active_days(self, actor: Codes) -> Floats:
        """Return the number of days on which each account was active so far, float64 (n,)."""
        return np.asarray(self._active[actor])

    def tenant_sizes(self, tenant: Codes) -> Rows:
        """Return how many accounts of each tenant were active so far, (n,); 0 for one of which no group was scored yet."""
        self.reserve_tenants(int(tenant.max(initial=-1)) + 1)
        return np.asarray(self._tenant_accounts[tenant], np.intp)

    def tenant_accounts(self, tenant: int) -> int:
        """Return how many accounts of the tenant were active so far."""
        return int(self._tenant_accounts[tenant]) if tenant < len(self._tenant_accounts) else 0

    def accounts_of(self, organisations: Vocabulary, today: GroupedDay | None = None) -> dict[str, int]:
        """Return by organisation how many of its accounts were active so far, including a day that is not learnt yet."""
        accounts = self._tenant_accounts
        if today is not None:
            self._reserve(today)
            actors, first = np.unique(today.actor, return_index=True)
            fresh = first[self._first_day[actors] < 0]
            accounts = self._tenant_accounts + np.bincount(
                today.tenant[fresh], minlength=len(self._tenant_accounts)
            )
        found = np.flatnonzero(accounts)
        return {organisations.text(code): int(accounts[code]) for code in found.tolist()}

    def accounts(self) -> int:
        """Return how many accounts were active so far."""
        return int((self._first_day >= 0).sum())

    def tenants(self) -> int:
        """Return how many tenants had an active account so far."""
        return int((self._tenant_accounts > 0).sum())

    def state_bytes(self) -> int:
        """Return the size of the state of all accounts in bytes."""
        return (
            sum(c.nbytes() for c in self.counts.values())
            + self._volume.nbytes()
            + self._hours.nbytes()
            + self._usual.nbytes()
            + int(self._active.nbytes + self._first_day.nbytes)
        )

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return {
            **nest_states(**{f"counts.{name}": counts.state() for name, counts in self.counts.items()}),
            **nest_states(
                derived=self.derived.state(),
                attempts=self.attempts.state(),
                volume=self._volume.state(),
                hours=self._hours.state(),
                usual=self._usual.state(),
            ),
            **trim_rows(copy_arrays(self, _BY_ACCOUNT), {"active": 0, "first_day": -1}),
            **trim_rows(copy_arrays(self, _BY_TENANT), {"tenant_accounts": 0, "tenant_first": -1}),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for name, counts in self.counts.items():
            counts.restore(saved.part("counts").part(name))
        self.derived.restore(saved.part("derived"))
        self.attempts.restore(saved.part("attempts"))
        self._volume.restore(saved.part("volume"))
        self._hours.restore(saved.part("hours"))
        self._usual.restore(saved.part("usual"))
        for name, array in (saved.columns(_BY_ACCOUNT) | saved.columns(_BY_TENANT)).items():
            setattr(self, name, array)


def _distinct_values(groups: BehaviourGroups, name: str) -> tuple[Codes, Codes]:
    """Return the distinct (account, value) pairs of a field."""
    pairs = groups.pairs[name]
    keys = distinct((groups.day.actor[pairs.group].astype(np.int64) << 32) | pairs.value)
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)


def count_new_values(fields: dict[str, FieldSurprise]) -> Floats:
    """Return in how many fields each group shows a value that is new to its account, float64 (g,)."""
    return np.asarray(sum(f.is_new for f in fields.values()), np.float64)


def _age(today: int, first: Codes) -> Floats:
    """Return ln(1 + days since `first`), float64 (n,); 0 if there was no day yet (a negative `first`)."""
    return np.asarray(np.log1p(np.where(first < 0, 0, today - first).astype(np.float64)))


def _flags(day: GroupedDay) -> dict[str, Floats]:
    rows = np.flatnonzero(day.group != MISSING)
    group = day.group[rows]
    flags = {}
    for name, (column, wanted) in KIND_FLAGS.items():
        flag = np.zeros(len(day.actor))
        flag[group[day.batch.one_of(column, wanted)[rows]]] = 1.0
        flags[name] = flag
    flag = np.zeros(len(day.actor))
    flag[group[(day.batch.numbers["is_interactive"][rows] == 1)]] = 1.0
    flags["interactive"] = flag
    return flags


def _account_types(day: GroupedDay) -> Floats:
    rows = np.flatnonzero(day.group != MISSING)
    service = np.zeros(len(day.actor))
    service[day.group[rows[day.batch.one_of("account_type", ("service",))[rows]]]] = 1.0
    return service


def _count(pairs: GroupValuePairs, size: int, *, only_new: bool = False) -> Floats:
    counted = pairs.looked.seen == 0 if only_new else np.ones(len(pairs.group), bool)
    return np.log1p(np.bincount(pairs.group[counted], minlength=size).astype(np.float64))


def _count_known_days(pairs: GroupValuePairs, size: int) -> Floats:
    """Return ln(1 + days on which the account showed the best known value of each group), (g,); -1 for a group without one."""
    days = np.full(size, -1.0)
    np.maximum.at(days, pairs.group, np.log1p(pairs.looked.seen))
    return days


def _show_new(pairs: dict[str, GroupValuePairs], size: int) -> Bools:
    """Return which groups show a value that is new to their account, bool (g,)."""
    shown = np.zeros(size, bool)
    for found in pairs.values():
        shown[found.group[found.looked.seen == 0]] = True
    return shown
