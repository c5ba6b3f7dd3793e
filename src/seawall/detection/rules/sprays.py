"""Find successes from an address block from which sign-ins to several accounts of the same organisation failed before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.tallies import Tally, count_rows
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Times, pair_keys
from seawall.events.grouping import Rows, starts

SPRAY = "spray-then-success"
"""Name of the rule that needs the failures of other accounts."""

SPRAYED_ACCOUNTS = 5
"""Accounts that must have failed from an address block on a day before a success from it counts."""


@dataclass(frozen=True, slots=True)
class SignInColumns:
    """Hold n sign-ins: codes of organisation, address block and account, int32 (n,), and times, int64 (n,)."""

    tenant: Codes
    block: Codes
    actor: Codes
    time: Times

    def __len__(self) -> int:
        return len(self.time)


def find_successes(batch: CodedBatch) -> Bools:
    """Return which events are successful sign-ins of an account, bool (n,)."""
    signed_in = batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("success",))
    return np.asarray(signed_in & (batch.actor != MISSING), bool)


def find_failures(batch: CodedBatch) -> Bools:
    """Return which events are failed sign-ins of an account from a known address, bool (n,)."""
    failed = batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("failure",))
    return np.asarray(failed & (batch.actor != MISSING) & (batch.codes["src_prefix"] != MISSING), bool)


def take_sign_ins(batch: CodedBatch, rows: Rows) -> SignInColumns:
    """Return the sign-ins at some rows of a batch."""
    codes = batch.codes
    tenant, block = codes["org_uid"][rows].astype(np.int32), codes["src_prefix"][rows].astype(np.int32)
    return SignInColumns(tenant, block, batch.actor[rows], batch.time[rows])


def join_sign_ins(first: SignInColumns, second: SignInColumns) -> SignInColumns:
    """Return the sign-ins of both."""
    pairs = ((getattr(first, name), getattr(second, name)) for name in SignInColumns.__slots__)
    return SignInColumns(*(np.concatenate(pair) for pair in pairs))


def list_first_failures(failures: SignInColumns) -> Tally:
    """Count by (organisation, address block, time) the accounts that first failed to sign in from it then.

    A block has the first `SPRAYED_ACCOUNTS` of them. Those of parts can be added.
    """
    order = np.lexsort((failures.time, failures.block, failures.actor))
    begins = starts(failures.actor[order]) | starts(failures.block[order])
    first = order[begins]
    tenant, block, time = failures.tenant[first], failures.block[first], failures.time[first]
    order = np.lexsort((time, block, tenant))
    opens = np.flatnonzero(starts(tenant[order]) | starts(block[order]))
    place = np.arange(len(order)) - np.repeat(opens, np.diff(np.append(opens, len(order))))
    order = order[place < SPRAYED_ACCOUNTS]
    return count_rows(tenant[order], block[order], time[order])


def follow_spray(sign_ins: SignInColumns, failures: Tally) -> Bools:
    """Return which sign-ins follow the failures of enough accounts of their organisation from their address block, bool (n,).

    `failures` are what `list_first_failures` returns for all accounts.
    """
    hits = np.zeros(len(sign_ins), bool)
    tenant, block, time = failures.repeat(0, 1, 2)
    opens = np.flatnonzero(starts(tenant) | starts(block))
    broad = opens[np.diff(np.append(opens, len(block))) >= SPRAYED_ACCOUNTS]
    if not len(broad):
        return hits
    sprayed = pair_keys(tenant[broad], block[broad])
    order = np.argsort(sprayed)
    sprayed, since = sprayed[order], time[broad + SPRAYED_ACCOUNTS - 1][order]
    asked = pair_keys(sign_ins.tenant, sign_ins.block)
    place = np.minimum(np.searchsorted(sprayed, asked), len(sprayed) - 1)
    return np.asarray((sprayed[place] == asked) & (sign_ins.time >= since[place]), bool)


def match_sprayed(batch: CodedBatch, failures: Tally) -> Bools:
    """Match successes that follow a spray, bool (n,). `failures` are those of all accounts; see `list_first_failures`."""
    rows = np.flatnonzero(find_successes(batch) & (batch.codes["src_prefix"] != MISSING))
    hits = np.zeros(len(batch), bool)
    hits[rows[follow_spray(take_sign_ins(batch, rows), failures)]] = True
    return hits


def match_own_sprays(batch: CodedBatch) -> Bools:
    """Match successes that follow a spray among the events of a batch, bool (n,)."""
    return match_sprayed(
        batch, list_first_failures(take_sign_ins(batch, np.flatnonzero(find_failures(batch))))
    )
