"""Test whether an account has more sessions without issuing sign-in in 14 days than its organisation's logs explain.

One session without a sign-in says little where logs lose some. Several of one account say much, unless everybody has them:
sign-in logs have gaps, and some applications' sign-ins are never logged.

Misses: a thief who uses one session only; applications whose sign-ins are never logged; an account that always had orphans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.lineage.orphan_expectation import BegunSessions, OrphanCounts, OrphanExpectation
from seawall.detection.lineage.orphan_rates import sum_by
from seawall.detection.lineage.remembered_orphans import RememberedOrphans
from seawall.detection.lineage.session_uses import SessionUses, SignInCounts, tally_sign_ins
from seawall.detection.tallies import Tally, code_floats, count_rows, decode_floats
from seawall.events.array_state import (
    Array,
    Kind,
    RestoredState,
    State,
    copy_arrays,
    nest_states,
    trim_rows,
)
from seawall.events.coded_batch import Codes, Floats, Keys
from seawall.events.grouping import distinct

WINDOW_DAYS = 14
LEAST = 2
"""Orphans below this number add nothing: a single one has its own evidence."""

MOST_NATS = 12.0
"""Evidence is clipped to this: the counts are too small to distinguish more."""

DECAY = 0.985
"""Factor by which the weight of an account's older days shrinks per day."""

OWN_DOUBT = 1.0
LEAST_OWN = 0.5
"""An account's older orphans against those expected count with this pseudo-count; at least half of what is usual is expected."""

DISPERSION = 0.5
DISPERSION_WEIGHT = 5.0
FORGETTING = 0.95
"""Relative variance of the expected number among accounts before anything is learnt, its weight, and its decay per day."""

LEAST_DISPERSION = 0.1
FEW = 2.0
"""Only accounts with fewer expected orphans teach how much accounts differ: the others do not need it."""

MOST_SQUARES = 4.0
"""Most that one account adds to the sum of squares in a day."""

_RING: dict[str, Kind] = dict.fromkeys(("_orphans", "_sessions", "_counted", "_expected"), np.float32)


@dataclass(frozen=True, slots=True)
class OrphansTogether:
    """Hold evidence for a accounts that used an orphan on a day, (a,), ordered by code.

    `nats` is the evidence. `orphans` of `sessions` that began in 14 days have no issuing sign-in; `expected` were expected.
    """

    owner: Codes
    nats: Floats
    orphans: Floats
    sessions: Floats
    expected: Floats

    def of(self, owner: Codes) -> OrphansTogether:
        """Return the evidence of n accounts, (n,): zeros for those without any."""
        place = np.searchsorted(self.owner, owner)
        place[place == len(self.owner)] = 0
        hit = self.owner[place] == owner if len(self.owner) else np.zeros(len(owner), bool)
        columns = [
            np.where(hit, np.append(getattr(self, name), 0.0)[place], 0.0)
            for name in ("nats", "orphans", "sessions", "expected")
        ]
        return OrphansTogether(owner, *columns)


def measure_excess(counted: Floats, expected: Floats, dispersion: Floats) -> Floats:
    """Return a lower bound of −ln P(K ≥ counted), float64 (n,), at least 0, for K of a negative binomial distribution.

    Its mean is `expected`, its variance expected + dispersion · expected². The bound (Chernoff's) holds for fractions too, and
    rises with `counted`.
    """
    mean = np.maximum(expected, 1e-6)
    shape = 1.0 / dispersion
    k = np.maximum(counted, mean)
    nats = k * np.log(k / mean) - (k + shape) * np.log((k + shape) / (mean + shape))
    return np.asarray(np.maximum(nats, 0.0))


@dataclass(frozen=True, slots=True)
class OrphanDay:
    """Hold the sessions of a day while they are judged, of the accounts `owners`, (a,), with their organisations `tenant`.

    `touched` are orphans that another part remembers.
    """

    uses: SessionUses
    owners: Codes
    tenant: Codes
    begun: BegunSessions
    number: int
    touched: Keys


class OrphanTest:
    """Keep by account the sessions that began in 14 days, and by organisation how much accounts differ.

    `_orphans`, `_sessions`, `_counted` and `_expected` are (accounts, 14), a day's place being its number modulo 14; `_day` is
    the last one counted. `_older` are decayed sums of orphans and expected ones of older days. `_spread` is (tenants + 1, 2).
    """

    def __init__(self) -> None:
        self._usual = OrphanExpectation()
        self._remembered = RememberedOrphans()
        self._orphans, self._sessions, self._counted, self._expected = (
            np.zeros((0, WINDOW_DAYS), np.float32) for _ in _RING
        )
        self._older = np.zeros((0, 2), np.float32)
        self._day: Codes = np.zeros(0, np.int32)
        self._spread: Floats = np.zeros((0, 2))

    def observe(self, uses: SessionUses, sign_ins: SignInCounts, number: int) -> OrphansTogether:
        """Judge the accounts that use an orphan on a day, then learn the day. `number` is the day's number since 1970.

        Both arguments are of all accounts, in any order.
        """
        day = self.begin(uses, number)
        hours = self.weigh(day, day.begun.counted, tally_sign_ins(sign_ins))
        together, taught, spread = self.judge(day, hours)
        self.learn(taught, spread)
        return together

    def remembers(self, tokens: Keys) -> Keys:
        """Return the orphans among some tokens that are remembered here."""
        return tokens[self._remembered.has(tokens)]

    def begin(self, uses: SessionUses, number: int, elsewhere: Keys | None = None) -> OrphanDay:
        """Take the sessions of a part's accounts. `elsewhere` are the orphans that other parts remember."""
        known = np.empty(0, np.uint64) if elsewhere is None else elsewhere[~self._remembered.has(elsewhere)]
        touched = uses.key[uses.is_orphan & np.isin(uses.key, known)]
        begun = uses.take(~self._remembered.observe(uses, number, known))
        owners = distinct(uses.owner)
        tenant = np.zeros(len(owners), np.int32)
        tenant[np.searchsorted(owners, uses.owner)] = uses.tenant
        self._reserve(owners, tenant)
        self._advance(owners, number)
        return OrphanDay(uses, owners, tenant, BegunSessions(begun), number, touched)

    def weigh(self, day: OrphanDay, cells: Tally, sign_ins: Tally, touched: Keys | None = None) -> Tally:
        """Weigh the sessions by what all parts counted; return accounts by (tenant and hour, whether with an orphan).

        `cells` are `day.begun.counted` of all parts, `sign_ins` those of `tally_sign_ins`, `touched` those of `day.touched`.
        """
        if touched is not None:
            self._remembered.touch(touched, day.number)
        self._remembered.forget(day.number)
        return self._usual.weigh(day.begun, cells, sign_ins, day.number)

    def judge(self, day: OrphanDay, hours: Tally) -> tuple[OrphansTogether, Tally, Tally]:
        """Judge the accounts by the `hours` of all parts; return the evidence, and what `learn` needs of all parts."""
        owners, tenant = day.owners, day.tenant
        counts, taught = self._usual.count(day.begun, hours, owners)
        self._add(counts, day.number)
        orphans, sessions, counted, expected = (
            getattr(self, name)[owners].sum(axis=1, dtype=np.float64) for name in _RING
        )
        older = self._older[owners].astype(np.float64)
        own = (older[:, 0] + OWN_DOUBT) / (older[:, 1] + OWN_DOUBT)
        expected = expected * np.maximum(own, LEAST_OWN)
        nats = np.minimum(measure_excess(counted, expected, self._dispersion(tenant)), MOST_NATS)
        mine = np.isin(owners, day.uses.owner[day.uses.is_orphan])
        nats = np.where(orphans >= LEAST, nats, 0.0)
        together = OrphansTogether(owners[mine], nats[mine], orphans[mine], sessions[mine], expected[mine])
        return together, taught, _tally_spread(tenant, orphans, expected)

    def learn(self, taught: Tally, spread: Tally) -> None:
        """Learn a day from what all parts teach: the rates of applications, and by how much accounts differ."""
        self._usual.learn(taught)
        self._learn_spread(spread)

    def _reserve(self, owners: Codes, tenant: Codes) -> None:
        accounts, tenants = int(owners.max(initial=-1)) + 1, int(tenant.max(initial=-1)) + 2
        for name in (*_RING, "_older", "_day"):
            setattr(self, name, _grow(getattr(self, name), accounts))
        self._spread = _grow(self._spread, tenants)

    def _advance(self, owners: Codes, number: int) -> None:
        """Move what is older than the window to the older days."""
        last = self._day[owners][:, None]
        held = last - (last - np.arange(WINDOW_DAYS)) % WINDOW_DAYS
        expired = held <= number - WINDOW_DAYS
        decay = DECAY ** np.maximum(number - last, 0)
        for column, name in enumerate(("_orphans", "_expected")):
            gone = (getattr(self, name)[owners] * expired).sum(axis=1)
            self._older[owners, column] = self._older[owners, column] * decay[:, 0] + gone
        for name in _RING:
            ring = getattr(self, name)
            ring[owners] = np.where(expired, 0.0, ring[owners])
        self._day[owners] = number

    def _add(self, today: OrphanCounts, number: int) -> None:
        at = today.owner, number % WINDOW_DAYS
        self._orphans[at] += today.orphans
        self._sessions[at] += today.sessions
        self._counted[at] += today.counted
        self._expected[at] += today.expected

    def _dispersion(self, tenant: Codes) -> Floats:
        squares, weight = self._spread[tenant + 1].T
        found = (DISPERSION * DISPERSION_WEIGHT + squares) / (DISPERSION_WEIGHT + weight)
        return np.asarray(np.maximum(found, LEAST_DISPERSION))

    def _learn_spread(self, spread: Tally) -> None:
        """Learn by how much more than chance accounts differ, each with a bounded part; a taken account is one of them."""
        tenant, squares, expected = spread.repeat(0, 1, 2)
        self._spread = _grow(self._spread, int(tenant.max(initial=-1)) + 2)
        size = len(self._spread)
        today = np.stack(
            [sum_by(tenant + 1, decode_floats(column), size) for column in (squares, expected)], axis=1
        )
        seen = np.bincount(tenant + 1, minlength=size) > 0
        self._spread[seen] = self._spread[seen] * FORGETTING + today[seen]

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        own = sum(int(getattr(self, name).nbytes) for name in (*_RING, "_older", "_day"))
        return own + self._remembered.nbytes() + self._usual.nbytes()

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return {
            **nest_states(usual=self._usual.state(), remembered=self._remembered.state()),
            **trim_rows(
                copy_arrays(self, {**_RING, "_older": np.float32, "_day": np.int32}),
                dict.fromkeys((*(name.lstrip("_") for name in _RING), "older", "day"), 0),
            ),
            **trim_rows(copy_arrays(self, {"_spread": np.float64}), {"spread": 0}),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        self._usual.restore(saved.part("usual"))
        self._remembered.restore(saved.part("remembered"))
        self._day = saved.array("day", np.int32, None)
        for name, kind in _RING.items():
            setattr(self, name, saved.array(name.lstrip("_"), kind, len(self._day), WINDOW_DAYS))
        self._older = saved.array("older", np.float32, len(self._day), 2)
        self._spread = saved.array("spread", np.float64, None, 2)


def _tally_spread(tenant: Codes, orphans: Floats, expected: Floats) -> Tally:
    """Return by (tenant, square, variance) the accounts that tell by how much accounts differ.

    These are no sums but numbers bit by bit: fractions are added in one order only, in the last step.
    """
    few = expected < FEW
    tenant, orphans, expected = tenant[few], orphans[few], expected[few]
    squares = np.clip((orphans - expected) ** 2 - expected, -1.0, MOST_SQUARES)
    return count_rows(tenant, code_floats(squares), code_floats(expected**2))


def _grow(array: Array, size: int) -> Array:
    """Return the array with at least `size` rows; new ones are 0."""
    if size <= len(array):
        return array
    grown = np.zeros((max(size, len(array) + len(array) // 2), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
