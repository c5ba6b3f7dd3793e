"""Collect the sessions and tokens that a day's uses name: those that nobody issued, and those issued that day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.tallies import Tally, count_rows
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


@dataclass(frozen=True, slots=True)
class UnitFlags:
    """Say of u sessions or tokens, bool (u,), what their uses of a day tell.

    `is_orphan`: no use has a known issuing sign-in; `is_fresh`: none was issued on an earlier day; `tells`: it begins with a use
    of an application that loses few sign-ins; `is_first`: its first use is here, and not by an account of another part.
    """

    is_orphan: Bools
    is_fresh: Bools
    tells: Bools
    is_first: Bools


def flag_units(units: Grouped, issued: Times, is_lossy: Bools, begin: int) -> UnitFlags:
    """Return the flags of the units of n uses.

    `issued` (n,) is when the issuing sign-in of each use was, `NEVER` if none is known; the day begins at `begin`. `is_lossy`
    (n,) says whether the application of the use loses sign-ins.
    """
    size = len(units.keys)
    is_orphan, is_fresh = np.ones(size, bool), np.ones(size, bool)
    is_orphan[units.place[issued != NEVER]] = False
    is_fresh[units.place[(issued != NEVER) & (issued < begin)]] = False
    return UnitFlags(is_orphan, is_fresh, ~is_lossy[units.first], np.ones(size, bool))


def collect_uses(
    batch: CodedBatch, rows: Rows, units: Grouped, flags: UnitFlags
) -> tuple[SessionUses, Floats]:
    """Return the sessions of the uses `rows`, (n,), which `units` groups; and for each row how many orphans its account used.

    A session is an orphan if that is so of all its uses. Sessions that begin with a use of a lossy application are left out. The
    number of orphans, float64 (n,), is that of distinct ones of the account up to this use, and 0 for a use of another session.
    """
    first = rows[units.first]
    chosen = np.flatnonzero(flags.is_fresh & flags.tells & flags.is_first)
    at = first[chosen]
    uses = SessionUses(
        batch.actor[at].astype(np.int32),
        batch.codes["org_uid"][at].astype(np.int32),
        batch.codes["app_uid"][at].astype(np.int32),
        units.keys[chosen].astype(np.uint64),
        batch.time[at] // HOUR,
        flags.is_orphan[chosen],
    )
    return uses, _count_up(batch.actor[rows], units, flags)


def _count_up(actor: Codes, units: Grouped, flags: UnitFlags) -> Floats:
    """Return how many distinct orphans each use's account had used up to it, (n,); 0 for uses of other sessions."""
    counts = np.zeros(len(actor))
    used = np.flatnonzero((flags.is_orphan & flags.tells)[units.place])
    if not len(used):
        return counts
    begins = np.zeros(len(actor), bool)
    begins[units.first[flags.is_first]] = True
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


def tally_sign_ins(sign_ins: SignInCounts) -> Tally:
    """Return the sign-ins by (tenant, hour of the day)."""
    return count_rows(sign_ins.tenant, sign_ins.hour % 24, counts=sign_ins.count)
