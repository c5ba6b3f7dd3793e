"""Collect the sessions and tokens that a day's uses name: those that nobody issued, and those issued that day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.events.coded_batch import Bools, CodedBatch, Codes, Floats, Keys, Times
from seawall.events.grouping import Grouped, Rows, group_pairs, stable_order, starts

HOUR = 3_600_000_000
"""An hour in microseconds."""

NEVER = int(np.iinfo(np.int64).max)
"""Stands for the time of an issuing sign-in that is not known."""


@dataclass(frozen=True, slots=True)
class SessionUses:
    """Hold u sessions or tokens (token if the record names no session), (u,): the day's orphans, and those issued that day.

    `owner`, `tenant` and `app` are codes of the first use, at `hour` (hours since 1970).
    """

    owner: Codes
    tenant: Codes
    app: Codes
    key: Keys
    hour: Times
    is_orphan: Bools

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, rows: Rows | Bools) -> SessionUses:
        """Return the given sessions."""
        return SessionUses(*(getattr(self, name)[rows] for name in SessionUses.__slots__))


@dataclass(frozen=True, slots=True)
class SignInCounts:
    """Hold how many sign-ins succeeded in h pairs of account and hour since 1970, (h,)."""

    owner: Codes
    tenant: Codes
    hour: Times
    count: Times


def hold_no_sessions() -> SessionUses:
    """Return no sessions."""
    codes = np.zeros(0, np.int32)
    return SessionUses(codes, codes, codes, np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, bool))


def hold_no_sign_ins() -> SignInCounts:
    """Return no sign-ins."""
    codes, times = np.zeros(0, np.int32), np.zeros(0, np.int64)
    return SignInCounts(codes, codes, times, times)


def collect_uses(
    batch: CodedBatch, rows: Rows, units: Grouped, issued: Times, is_lossy: Bools, begin: int
) -> tuple[SessionUses, Floats]:
    """Return the sessions of the uses `rows`, (n,), which `units` groups; and for each row how many orphans its account used.

    `issued` is when the issuing sign-in of each use was, `NEVER` if none is known; the day begins at `begin`. A session is an
    orphan if that is so of all its uses. Sessions that begin with a use of a lossy application are left out. The number of
    orphans, float64 (n,), is that of distinct ones of the account up to this use, and 0 for a use of another session.
    """
    size = len(units.keys)
    is_orphan, is_fresh = np.ones(size, bool), np.ones(size, bool)
    is_orphan[units.place[issued != NEVER]] = False
    is_fresh[units.place[(issued != NEVER) & (issued < begin)]] = False
    tells = ~is_lossy[units.first]
    first = rows[units.first]
    chosen = np.flatnonzero(is_fresh & tells)
    at = first[chosen]
    uses = SessionUses(
        batch.actor[at].astype(np.int32),
        batch.codes["org_uid"][at].astype(np.int32),
        batch.codes["app_uid"][at].astype(np.int32),
        units.keys[chosen].astype(np.uint64),
        batch.time[at] // HOUR,
        is_orphan[chosen],
    )
    return uses, _count_up(batch.actor[rows], units, is_orphan & tells)


def _count_up(actor: Codes, units: Grouped, is_orphan: Bools) -> Floats:
    """Return how many distinct orphans each use's account had used up to it, (n,); 0 for uses of other sessions."""
    counts = np.zeros(len(actor))
    used = np.flatnonzero(is_orphan[units.place])
    if not len(used):
        return counts
    begins = np.zeros(len(actor), bool)
    begins[units.first] = True
    order = used[stable_order(actor[used])]
    total = np.cumsum(begins[order])
    opens = np.flatnonzero(starts(actor[order]))
    before = np.append(0, total)[opens]
    counts[order] = total - np.repeat(before, np.diff(np.append(opens, len(order))))
    return counts


def count_sign_ins(batch: CodedBatch, rows: Rows) -> SignInCounts:
    """Return how many of the sign-ins `rows`, (n,), each account has in each hour."""
    day = int(batch.time[rows[0]]) // HOUR // 24 * 24 if len(rows) else 0
    hour = (batch.time[rows] // HOUR - day).astype(np.int32)
    found = group_pairs(batch.actor[rows], hour)
    at = rows[found.first]
    return SignInCounts(
        batch.actor[at].astype(np.int32),
        batch.codes["org_uid"][at].astype(np.int32),
        batch.time[at] // HOUR,
        np.bincount(found.place, minlength=len(found.keys)).astype(np.int64),
    )
