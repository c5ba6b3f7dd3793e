"""Keep the counts behind surprise: on how many days an account showed a value, and how many accounts of a tenant did.

An account adds at most one day to its own count, and one account to its tenant's, whatever its number of events. So neither
ten thousand events nor one noisy account can shift a baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.ragged import Ragged, collect, gather
from seawall.detection.tallies import Tally
from seawall.events.array_state import Kind, RestoredState, State, copy_arrays, nest_states, trim_rows
from seawall.events.coded_batch import Codes, Floats, Keys, Times, pair_keys
from seawall.events.grouping import group_rows

DAILY_DECAY = 0.985
"""Factor by which the weight of a past day of an account shrinks per day (half-life 46 days)."""

ADOPTION_DECAY = 0.85
"""Factor per day for the count of accounts that met a value for the first time; this count reveals roll-outs."""


@dataclass(frozen=True, slots=True)
class PriorCounts:
    """Hold the counts before today of n (account, value) pairs. All arrays are float64 (n,).

    - `seen`: decayed number of days on which the account showed the value; `total`: its sum over the account's values.
    - `distinct`: number of values of the account. `idle`: days since the value was last seen, inf if never.
    - `accounts`: other accounts of the tenant that showed the value. `tenant_total` and `tenant_distinct`: like `total` and
      `distinct`.
    - `adopting`: decayed number of the tenant's accounts that met the value lately. `cohort`: other accounts that meet it
      today.
    """

    seen: Floats
    total: Floats
    distinct: Floats
    idle: Floats
    accounts: Floats
    tenant_total: Floats
    tenant_distinct: Floats
    adopting: Floats
    cohort: Floats


class SortedCounts:
    """Map sorted uint64 keys to a row of float32 numbers and the day of the last change."""

    __slots__ = ("keys", "last", "values")

    def __init__(self, width: int) -> None:
        self.keys: Keys = np.empty(0, np.uint64)
        self.values = np.empty((0, width), np.float32)
        self.last: Codes = np.empty(0, np.int32)

    def find(self, keys: Keys) -> tuple[np.ndarray, np.ndarray]:
        """Return for n keys their positions, int64 (n,), and whether they exist, bool (n,)."""
        if not len(self.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
        places = np.searchsorted(self.keys, keys)
        places[places == len(self.keys)] = 0
        return places, self.keys[places] == keys

    def insert(self, keys: Keys, values: np.ndarray, day: int) -> None:
        """Add sorted keys that do not exist yet, with their values (n, width)."""
        places = np.searchsorted(self.keys, keys)
        self.keys = np.insert(self.keys, places, keys)
        self.values = np.insert(self.values, places, values.astype(np.float32), axis=0)
        self.last = np.insert(self.last, places, np.int32(day))

    def forget(self, keep: np.ndarray) -> None:
        """Keep only the rows where the mask is true, bool (keys,)."""
        self.keys, self.values, self.last = self.keys[keep], self.values[keep], self.last[keep]

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self.keys.nbytes + self.values.nbytes + self.last.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return copy_arrays(self, {"keys": np.uint64, "values": np.float32, "last": np.int32})

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self.keys = saved.keys("keys")
        self.values = saved.array("values", np.float32, len(self.keys), self.values.shape[1])
        self.last = saved.array("last", np.int32, len(self.keys))


_BY_ACCOUNT: dict[str, Kind] = {"_total": np.float32, "_total_day": np.int32, "_distinct": np.float32}
_BY_TENANT: dict[str, Kind] = {"tenant_total": np.float64, "tenant_distinct": np.float64}


def _grow(array: np.ndarray, size: int) -> np.ndarray:
    if size <= len(array):
        return array
    grown = np.zeros(max(size, 2 * len(array)), array.dtype)
    grown[: len(array)] = array
    return grown


class FieldCounts:
    """Keep the counts of one field. Each pair of account and value takes 16 bytes."""

    __slots__ = ("_distinct", "_total", "_total_day", "account", "tenant", "tenant_distinct", "tenant_total")

    def __init__(self) -> None:
        self.account = SortedCounts(1)
        self.tenant = SortedCounts(2)
        self._total = np.zeros(0, np.float32)
        self._total_day = np.zeros(0, np.int32)
        self._distinct = np.zeros(0, np.float32)
        self.tenant_total = np.zeros(0, np.float64)
        self.tenant_distinct = np.zeros(0, np.float64)

    def look_up(self, actor: Codes, tenant: Codes, value: Codes, day: int) -> PriorCounts:
        """Return the counts before `day` of distinct (actor, value) pairs; the codes are int32 (n,)."""
        self._reserve(actor, tenant)
        places, hit = self.account.find(pair_keys(actor, value))
        seen, idle = np.zeros(len(actor)), np.full(len(actor), np.inf)
        if hit.any():
            gap = day - self.account.last[places[hit]]
            seen[hit] = self.account.values[places[hit], 0] * DAILY_DECAY**gap
            idle[hit] = gap
        accounts, adopting = self._tenant_counts(tenant, value, day)
        return PriorCounts(
            seen=seen,
            total=self._total[actor] * DAILY_DECAY ** (day - self._total_day[actor]),
            distinct=self._distinct[actor].astype(np.float64),
            idle=idle,
            accounts=accounts - (seen > 0),
            tenant_total=self.tenant_total[tenant],
            tenant_distinct=self.tenant_distinct[tenant],
            adopting=adopting,
            cohort=count_first_meetings(tenant, value, ~hit),
        )

    def count_days(self, actor: Codes, value: Codes, day: int) -> Floats:
        """Return the decayed number of days before `day` on which each account showed a value, float64 (n,)."""
        places, hit = self.account.find(pair_keys(actor, value))
        seen = np.zeros(len(actor))
        if hit.any():
            gap = day - self.account.last[places[hit]]
            seen[hit] = self.account.values[places[hit], 0] * DAILY_DECAY**gap
        return seen

    def _tenant_counts(self, tenant: Codes, value: Codes, day: int) -> tuple[Floats, Floats]:
        places, hit = self.tenant.find(pair_keys(tenant, value))
        accounts, adopting = np.zeros(len(tenant)), np.zeros(len(tenant))
        if hit.any():
            accounts[hit] = self.tenant.values[places[hit], 0]
            gap = day - self.tenant.last[places[hit]]
            adopting[hit] = self.tenant.values[places[hit], 1] * ADOPTION_DECAY**gap
        return accounts, adopting

    def learn(
        self, actor: Codes, tenant: Codes, value: Codes, day: int, meetings: Tally | None = None
    ) -> None:
        """Count the day once for each distinct (actor, value) pair, in any order; the codes are int32 (n,).

        `meetings` are the accounts of all parts that meet a value today, by (tenant, value); by default those of the pairs.
        """
        self._reserve(actor, tenant if meetings is None else meetings.column(0))
        keys = pair_keys(actor, value)
        if (keys[1:] < keys[:-1]).any():
            order = np.argsort(keys)
            keys, actor, tenant, value = keys[order], actor[order], tenant[order], value[order]
        places, hit = self.account.find(keys)
        if hit.any():
            rows = places[hit]
            gap = day - self.account.last[rows]
            self.account.values[rows, 0] = self.account.values[rows, 0] * DAILY_DECAY**gap + 1
            self.account.last[rows] = day
        fresh = ~hit
        if fresh.any():
            self.account.insert(keys[fresh], np.ones((int(fresh.sum()), 1)), day)
            np.add.at(self._distinct, actor[fresh], 1)
            if meetings is None:
                self._learn_tenant(count_meetings(tenant[fresh], value[fresh]), day)
        if meetings is not None and len(meetings):
            self._learn_tenant(meetings, day)
        gap = day - self._total_day[actor]
        self._total[actor] *= DAILY_DECAY**gap
        self._total_day[actor] = day
        np.add.at(self._total, actor, 1)

    def list_meetings(self, actor: Codes, tenant: Codes, value: Codes) -> Tally:
        """Return by (tenant, value) how many accounts never showed the value, for distinct (actor, value) pairs, (n,) each."""
        fresh = ~self.account.find(pair_keys(actor, value))[1]
        return count_meetings(tenant[fresh], value[fresh])

    def _learn_tenant(self, meetings: Tally, day: int) -> None:
        keys, counts = pair_keys(*meetings.keys.T), meetings.counts
        owners = (keys >> np.uint64(32)).astype(np.int64)
        places, hit = self.tenant.find(keys)
        if hit.any():
            rows = places[hit]
            gap = day - self.tenant.last[rows]
            self.tenant.values[rows, 0] += counts[hit]
            self.tenant.values[rows, 1] = self.tenant.values[rows, 1] * ADOPTION_DECAY**gap + counts[hit]
            self.tenant.last[rows] = day
        fresh = ~hit
        if fresh.any():
            self.tenant.insert(keys[fresh], np.repeat(counts[fresh, None], 2, axis=1), day)
            np.add.at(self.tenant_distinct, owners[fresh], 1)
        np.add.at(self.tenant_total, owners, counts)

    def _reserve(self, actor: Codes, tenant: Codes | Times) -> None:
        actors = int(actor.max(initial=-1)) + 1
        tenants = int(tenant.max(initial=-1)) + 1
        self._total = _grow(self._total, actors)
        self._total_day = _grow(self._total_day, actors)
        self._distinct = _grow(self._distinct, actors)
        self.tenant_total = _grow(self.tenant_total, tenants)
        self.tenant_distinct = _grow(self.tenant_distinct, tenants)

    def most_frequent(self, actor: Codes, day: int, most: int) -> tuple[Ragged, Floats]:
        """Return for each account its value codes with the most days before `day`, and these decayed days, (n,).

        These are `most` values, the most frequent first, and all that are as frequent as the last of them.
        """
        low = actor.astype(np.uint64) << np.uint64(32)
        keys = self.account.keys
        known = gather(np.searchsorted(keys, low), np.searchsorted(keys, low + np.uint64(1 << 32)))
        rows, owners = known.values, known.owners
        days = self.account.values[rows, 0] * DAILY_DECAY ** (day - self.account.last[rows])
        order = np.lexsort((-days, owners))
        rows, days = rows[order], days[order]
        least = np.zeros(len(actor))
        filled = np.flatnonzero(known.sizes)
        least[filled] = days[known.bounds[filled] + np.minimum(known.sizes[filled], most) - 1]
        kept = days >= least[owners]
        values = (keys[rows[kept]] & np.uint64(0xFFFFFFFF)).astype(np.int32)
        return collect(owners[kept], values, len(actor)), np.asarray(days[kept], np.float64)

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return self.account.nbytes() + self.tenant.nbytes() + int(self._total.nbytes + self._distinct.nbytes)

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        parts = nest_states(account=self.account.state(), tenant=self.tenant.state())
        own = copy_arrays(self, _BY_ACCOUNT | _BY_TENANT)
        own = trim_rows(own, dict.fromkeys(("total", "total_day", "distinct"), 0))
        return {**parts, **trim_rows(own, dict.fromkeys(_BY_TENANT, 0))}

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self.account.restore(saved.part("account"))
        self.tenant.restore(saved.part("tenant"))
        for name, array in (saved.columns(_BY_ACCOUNT) | saved.columns(_BY_TENANT)).items():
            setattr(self, name, array)


def count_meetings(tenant: Codes, value: Codes) -> Tally:
    """Count rows of (tenant, value), given as codes without null, int32 (n,)."""
    keys, counts = np.unique(pair_keys(tenant, value), return_counts=True)
    halves = np.stack([keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)
    return Tally(halves, counts.astype(np.int64))


def count_first_meetings(tenant: Codes, value: Codes, is_new: np.ndarray) -> Floats:
    """Return how many other accounts of the tenant meet the value for the first time today, float64 (n,)."""
    if not is_new.any():
        return np.zeros(len(value))
    place = group_rows(pair_keys(tenant, value)).place
    counts = np.bincount(place, weights=is_new.astype(np.float64))
    return np.asarray(counts[place] - is_new, np.float64)
