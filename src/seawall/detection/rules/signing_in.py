"""Define rules on sign-ins: legacy protocols, device code, success after a spray, prompt bombing."""

from __future__ import annotations

import numpy as np

from seawall.detection.rules.rule import BuiltinRule
from seawall.detection.tallies import Tally, count_rows
from seawall.events.coded_batch import MISSING, Bools, CodedBatch
from seawall.events.grouping import group_rows, starts
from seawall.events.microsoft.entra_results import NOT_GIVEN

SPRAY = "spray-then-success"
"""Name of the rule that needs the failures of other accounts."""

SPRAYED_ACCOUNTS = 5
PROMPTS = 3
PROMPT_WINDOW = 60 * 60 * 1_000_000
WARNINGS = (
    "account_disabled_generic",
    "account_disabled_hijacked",
    "account_disabled_password_leak",
    "account_disabled_spamming",
    "account_disabled_spamming_through_relay",
    "gov_attack_warning",
    "risky_sensitive_action_allowed",
    "user_signed_out_due_to_suspicious_session_cookie",
)
"""Google's warnings about an account that are records of their own. Warnings about a sign-in are in its record."""


def _successes(batch: CodedBatch) -> Bools:
    signed_in = batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("success",))
    return np.asarray(signed_in & (batch.actor != MISSING), bool)


def _legacy(batch: CodedBatch) -> Bools:
    return _successes(batch) & batch.one_of("auth_protocol", ("legacy",))


def _device_code(batch: CodedBatch) -> Bools:
    return _successes(batch) & batch.one_of("auth_protocol", ("device_code", "ropc"))


def _provider_warning(batch: CodedBatch) -> Bools:
    named = batch.one_of("kind", ("directory",)) & batch.one_of("activity_name", WARNINGS)
    return np.asarray((named | (_successes(batch) & batch.one_of("status_code", ("suspicious",)))), bool)


def list_first_failures(batch: CodedBatch) -> Tally:
    """Return by (address block, time) the accounts that first failed to sign in from it then: the first `SPRAYED_ACCOUNTS`.

    Those of parts can be added.
    """
    failed = (
        batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("failure",)) & (batch.actor != MISSING)
    )
    prefix = batch.codes["src_prefix"]
    rows = np.flatnonzero(failed & (prefix != MISSING))
    found = group_rows((prefix[rows].astype(np.int64) << 32) | batch.actor[rows])
    block, time = found.keys >> 32, batch.time[rows[found.first]]
    order = np.lexsort((time, block))
    opens = np.flatnonzero(starts(block[order]))
    place = np.arange(len(order)) - np.repeat(opens, np.diff(np.append(opens, len(order))))
    order = order[place < SPRAYED_ACCOUNTS]
    return count_rows(block[order], time[order])


def match_sprayed(batch: CodedBatch, failures: Tally) -> Bools:
    """Match successes from an address block from which at least five accounts failed earlier that day.

    `failures` are what `list_first_failures` returns for all accounts.
    """
    hits = np.zeros(len(batch), bool)
    block, time = failures.repeat(0, 1)
    opens = np.flatnonzero(starts(block))
    broad = opens[np.diff(np.append(opens, len(block))) >= SPRAYED_ACCOUNTS]
    prefix = batch.codes["src_prefix"]
    reached = time[broad + SPRAYED_ACCOUNTS - 1]
    for code, since in zip(block[broad].tolist(), reached.tolist(), strict=True):
        hits |= (prefix == code) & (batch.time >= since)
    return hits & _successes(batch)


def _spray_then_success(batch: CodedBatch) -> Bools:
    return match_sprayed(batch, list_first_failures(batch))


def _prompt_bombing(batch: CodedBatch) -> Bools:
    """Match successes after at least three second-factor prompts that were not accepted within the hour before."""
    denied = np.flatnonzero(batch.one_of("status_code", NOT_GIVEN) & (batch.actor != MISSING))
    hits = np.zeros(len(batch), bool)
    if len(denied) < PROMPTS:
        return hits
    key = (batch.actor[denied].astype(np.int64) << 40) + batch.time[denied] // 1_000_000 % (1 << 40)
    key.sort()
    rows = np.flatnonzero(_successes(batch))
    now = (batch.actor[rows].astype(np.int64) << 40) + batch.time[rows] // 1_000_000 % (1 << 40)
    count = np.searchsorted(key, now) - np.searchsorted(key, now - PROMPT_WINDOW // 1_000_000)
    hits[rows[count >= PROMPTS]] = True
    return hits


RULES = (
    BuiltinRule(
        "legacy-sign-in",
        "legacy",
        "T1078.004 Cloud Accounts",
        "signs in by a protocol that cannot ask for a second factor",
        "legacy protocols that use modern tokens",
        _legacy,
    ),
    BuiltinRule(
        "device-code",
        "device_code",
        "T1528 Steal Application Access Token",
        "signs in by device code or by handing over the password",
        "sign-ins whose record does not name the protocol",
        _device_code,
    ),
    BuiltinRule(
        SPRAY,
        "attempts",
        "T1110.003 Password Spraying",
        "succeeds from an address block from which sign-ins to five or more accounts had failed that day",
        "sprays spread over many address blocks, days or organisations",
        _spray_then_success,
    ),
    BuiltinRule(
        "provider-warning",
        "attempts",
        "T1078.004 Cloud Accounts",
        "is warned of by the provider itself",
        "warnings that reach administrators by mail alone",
        _provider_warning,
    ),
    BuiltinRule(
        "prompt-bombing",
        "attempts",
        "T1621 Multi-Factor Authentication Request Generation",
        "signs in after a second factor was asked for and not given three times or more within an hour",
        "requests for a second factor more than an hour before",
        _prompt_bombing,
    ),
)
