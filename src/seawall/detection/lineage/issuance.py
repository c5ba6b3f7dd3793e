"""Keep what lineage needs: the issuances of sessions and tokens, how often they are found, and revocations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from seawall.detection.tallies import Tally
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays, pack_texts
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats, Keys, Times, pair_keys
from seawall.events.grouping import Grouped, Rows, Whole, distinct, group_rows, starts

KEEP_DAYS = 45
"""Days without use after which an issuance is forgotten; an unused refresh token has expired by then."""

REVOKING = (
    "Update StsRefreshTokenValidFrom Timestamp.",
    "Update StsRefreshTokenValidFrom Timestamp",
    "Revoke user sign-in sessions",
    "Reset user password.",
    "Reset password (by admin)",
    "Reset user password",
    "Change user password.",
    "Change password (self-service)",
    "Disable account.",
    "Disable account",
    "user.session.clear",
    "user.authentication.universal_logout",
    "user.lifecycle.suspend",
    "user.lifecycle.deactivate",
    "password_edit",
    "CHANGE_PASSWORD",
    "RESET_SIGNIN_COOKIES",
    "SUSPEND_USER",
    "account_disabled_hijacked",
    "account_disabled_password_leak",
    "user_signed_out_due_to_suspicious_session_cookie",
)
"""Operations of Entra, Okta and Google Workspace that end sessions. A password change by an Okta user himself ends none."""

NamedTime = tuple[str, str, int]
"""Organisation, account, and microseconds since 1970."""

CAREFUL = 5.0
"""Pseudo-count of a share, in units: it pulls the share towards 0, or towards a given prior."""

_KEPT: dict[str, Kind] = {"_network": np.int32, "_client": np.int32, "_time": np.int64, "_day": np.int32}


@dataclass(frozen=True, slots=True)
class IssuanceLookup:
    """Hold the first issuance of n keys. Where `hit` is false, the other arrays are meaningless."""

    hit: Bools
    network: Codes
    client: Codes
    time: Times

    def of(self, place: Rows) -> IssuanceLookup:
        """Return the rows at the given indices."""
        return IssuanceLookup(self.hit[place], self.network[place], self.client[place], self.time[place])


class IssuanceTable:
    """Map each key to its first issuance (network, client, time) and the last day on which it was seen, as sorted arrays."""

    __slots__ = ("_client", "_day", "_keys", "_network", "_time")

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.uint64)
        self._network: Codes = np.empty(0, np.int32)
        self._client: Codes = np.empty(0, np.int32)
        self._time: Times = np.empty(0, np.int64)
        self._day: Codes = np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self._keys)

    def learn(self, keys: Keys, network: Codes, client: Codes, time: Times, day: int) -> None:
        """Keep the earliest row of each new key, and note the day for known keys. Rows are ordered by time."""
        group = group_rows(keys)
        found = self.find(group.keys)
        if found.hit.any():
            self._day[np.searchsorted(self._keys, group.keys[found.hit])] = day
        fresh = ~found.hit
        if not fresh.any():
            return
        places = np.searchsorted(self._keys, group.keys[fresh])
        rows = group.first[fresh]
        self._keys = np.insert(self._keys, places, group.keys[fresh])
        self._network = np.insert(self._network, places, network[rows])
        self._client = np.insert(self._client, places, client[rows])
        self._time = np.insert(self._time, places, time[rows])
        self._day = np.insert(self._day, places, np.int32(day))

    def find(self, keys: Keys) -> IssuanceLookup:
        """Look up keys, uint64 (n,). Sorted keys are fastest."""
        if not len(self._keys):
            none = np.full(len(keys), MISSING, np.int32)
            return IssuanceLookup(np.zeros(len(keys), bool), none, none, np.zeros(len(keys), np.int64))
        places = np.searchsorted(self._keys, keys)
        places[places == len(self._keys)] = 0
        return IssuanceLookup(
            self._keys[places] == keys, self._network[places], self._client[places], self._time[places]
        )

    def forget(self, day: int) -> None:
        """Drop issuances not seen for `KEEP_DAYS`."""
        keep = self._day >= day - KEEP_DAYS
        if keep.all():
            return
        self._keys, self._network, self._client = self._keys[keep], self._network[keep], self._client[keep]
        self._time, self._day = self._time[keep], self._day[keep]

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return sum(int(getattr(self, name).nbytes) for name in self.__slots__)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return copy_arrays(self, {"_keys": np.uint64, **_KEPT})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._keys = saved.keys("keys")
        for name, kind in _KEPT.items():
            setattr(self, name, saved.array(name.lstrip("_"), kind, len(self._keys)))


class LineageCoverage:
    """Learn for each context (tenant, or tenant and application) the share of units (sessions, networks) with some property."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, list[float]] = {}

    def share(self, context: Grouped, prior: Floats | None = None) -> Floats:
        """Return the share for each row, float64 (n,): a lower bound that starts at 0 and rises with evidence.

        With `prior`, float64 (n,), the share starts there instead.
        """
        counts = np.array([self._counts.get(key, (0.0, 0.0)) for key in context.keys.tolist()]).reshape(-1, 2)
        true, total = counts[context.place].T
        return np.asarray((true + (0.0 if prior is None else CAREFUL * prior)) / (total + CAREFUL))

    def is_rare(self, context: Grouped) -> Bools:
        """Return for each row whether the property is known to be rarer than not, bool (n,)."""
        return self.are_rare(context.keys)[context.place]

    def are_rare(self, contexts: Whole) -> Bools:
        """Do the same for the contexts of keys, bool (c,)."""
        counts = np.array([self._counts.get(key, (0.0, 0.0)) for key in contexts.tolist()]).reshape(-1, 2)
        true, total = counts.T
        return np.asarray((total >= CAREFUL) & (2 * true < total))

    def learn(self, units: Tally) -> None:
        """Learn a day's units, counted by (context, property); see `count_units`. Units of parts can be added."""
        counted: dict[int, list[int]] = {}
        for key, is_true, count in zip(*units.keys.T.tolist(), units.counts.tolist(), strict=True):
            counted.setdefault(key, [0, 0])[is_true] += count
        for key, (falses, trues) in counted.items():
            counts = self._counts.setdefault(key & 0xFFFFFFFFFFFFFFFF, [0.0, 0.0])
            counts[0] = counts[0] * 0.95 + trues
            counts[1] = counts[1] * 0.95 + (falses + trues)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        keys = np.array(sorted(self._counts), np.uint64)
        counts = [self._counts[key] for key in keys.tolist()]
        return {"keys": keys, "counts": np.array(counts, np.float64).reshape(-1, 2)}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        keys = saved.keys("keys")
        counts = saved.array("counts", np.float64, len(keys), 2)
        self._counts = dict(zip(keys.tolist(), counts.tolist(), strict=True))


def count_units(context: Grouped, unit: Grouped, true: Bools, rows: Bools | None = None) -> Tally:
    """Count each distinct unit of a context once, by (context, property).

    A unit has the property if all its rows have it (`true`, bool (n,)). `rows`, bool (n,), selects the rows that count;
    None selects all.
    """
    both = (context.place * len(unit.keys) + unit.place) * 2 + true
    both = np.sort(both if rows is None else both[rows])
    # False sorts first within a unit, so that one false row decides for the unit.
    both = both[starts(both >> 1)]
    owner, is_true = both // (2 * max(len(unit.keys), 1)), both & 1
    counts = np.bincount(2 * owner + is_true, minlength=0)
    found = np.flatnonzero(counts)
    # Contexts are in ascending order, null first, and so are these rows.
    keys = np.stack([context.keys[found >> 1].astype(np.int64), found & 1], axis=1)
    return Tally(keys, counts[found].astype(np.int64))


class SessionRevocations:
    """Keep when each account's sessions were revoked or its password changed, by organisation and account name."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], list[int]] = {}

    def learn(self, batch: CodedBatch) -> None:
        """Read revocations from directory records.

        The revoked account is the record's resource. If that is no address, it may be a directory id; then the mailbox is
        the account.
        """
        self.learn_named(name_revoked(batch))

    def learn_named(self, revoked: Iterable[NamedTime]) -> None:
        """Do the same for revocations that are given as organisation, account and time."""
        for organisation, account, time in revoked:
            self._times.setdefault((organisation, account), []).append(time)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        rows = [(*name, time) for name, times in sorted(self._times.items()) for time in sorted(times)]
        return {
            **pack_texts("organisations", (organisation for organisation, _, _ in rows)),
            **pack_texts("accounts", (account for _, account, _ in rows)),
            "times": np.array([time for _, _, time in rows], np.int64),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        times = saved.array("times", np.int64, None).tolist()
        organisations, accounts = (
            saved.texts("organisations", len(times)),
            saved.texts("accounts", len(times)),
        )
        self._times = {}
        for organisation, account, time in zip(organisations, accounts, times, strict=True):
            self._times.setdefault((organisation, account), []).append(time)

    def times(self, batch: CodedBatch, rows: Rows) -> Times:
        """Return the latest revocation before each use, int64 (n,), in microseconds since 1970; 0 if none."""
        result = np.zeros(len(rows), np.int64)
        organisations, accounts = batch.vocabularies["org_uid"], batch.vocabularies["account"]
        named = {
            (organisations.code(organisation), accounts.code(account)): times
            for (organisation, account), times in self._times.items()
        }
        known = [key for key in named if MISSING not in key]
        if not known or not len(rows):
            return result
        revoked = np.sort(pair_keys(*np.array(known, np.int32).T))
        keys = pair_keys(batch.codes["org_uid"][rows], batch.codes["account"][rows])
        among = np.flatnonzero(np.isin(keys, revoked))
        for key in distinct(keys[among]).tolist():
            mine = among[keys[among] == key]
            ordered = np.sort(np.array(named[key >> 32, key & 0xFFFFFFFF], np.int64))
            place = np.searchsorted(ordered, batch.time[rows[mine]]) - 1
            result[mine] = np.where(place >= 0, ordered[np.maximum(place, 0)], 0)
        return result


def name_revoked(batch: CodedBatch) -> list[NamedTime]:
    """Return the accounts whose sessions a batch ends, as organisation, account and time."""
    return [
        (batch.value("org_uid", row), account, int(batch.time[row])) for row, account in list_revoked(batch)
    ]


def list_revoked(batch: CodedBatch) -> list[tuple[int, str]]:
    """Return the rows that end sessions, and the name of each account whose sessions they end."""
    rows = np.flatnonzero(batch.one_of("activity_name", REVOKING) & batch.one_of("status", ("success",)))
    found = []
    for row in rows.tolist():
        target = (batch.texts["resource_uid"][row].as_py() or "").lower()
        targets = {target} if "@" in target else {target, batch.value("mailbox", row)}
        found += [(row, account) for account in sorted(targets - {""})]
    return found
