"""Define rules on sign-ins: legacy protocols, device code, success after a spray, prompt bombing."""

from __future__ import annotations

import numpy as np

from seawall.detection.rules.rule import BuiltinRule
from seawall.detection.rules.sprays import SPRAY, find_successes, match_own_sprays
from seawall.events.coded_batch import MISSING, Bools, CodedBatch
from seawall.events.microsoft.entra_results import NOT_GIVEN

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


def _legacy(batch: CodedBatch) -> Bools:
    return find_successes(batch) & batch.one_of("auth_protocol", ("legacy",))


def _device_code(batch: CodedBatch) -> Bools:
    return find_successes(batch) & batch.one_of("auth_protocol", ("device_code", "ropc"))


def _provider_warning(batch: CodedBatch) -> Bools:
    named = batch.one_of("kind", ("directory",)) & batch.one_of("activity_name", WARNINGS)
    return np.asarray((named | (find_successes(batch) & batch.one_of("status_code", ("suspicious",)))), bool)


def _prompt_bombing(batch: CodedBatch) -> Bools:
    """Match successes after at least three second-factor prompts that were not accepted within the hour before."""
    denied = np.flatnonzero(batch.one_of("status_code", NOT_GIVEN) & (batch.actor != MISSING))
    hits = np.zeros(len(batch), bool)
    if len(denied) < PROMPTS:
        return hits
    key = (batch.actor[denied].astype(np.int64) << 40) + batch.time[denied] // 1_000_000 % (1 << 40)
    key.sort()
    rows = np.flatnonzero(find_successes(batch))
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
        match_own_sprays,
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
