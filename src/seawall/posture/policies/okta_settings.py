"""Lessons on Okta: sessions, second factors, API tokens. No SCuBA baseline exists for Okta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import read_fields, read_flag, read_number, read_text

_LONGEST_MINUTES = 12 * 60
_WEAK = frozenset({"phone_number", "security_question"})


def _check_threats(configuration: Configuration) -> PolicyVerdict:
    found = [read_text(one.get("action")).lower() for one in configuration.all("okta_threats")]
    return configuration.judge_offenders(
        "okta_threats",
        [f"action: {action}" for action in found if action in ("none", "audit")],
        "requests from known attackers are not blocked",
        "requests from known attackers are blocked",
        ["action"] if not found or not set(found) <= {"none", "audit", "block"} else [],
    )


def _sessions(configuration: Configuration) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and action of each active rule of a global session policy that lets people in."""
    for one in configuration.all("okta_sign_on_rules"):
        action = read_fields(read_fields(one.get("actions")).get("signon"))
        is_off = read_text(one.get("status")).upper() == "INACTIVE"
        if action and not is_off and read_text(action.get("access")).upper() != "DENY":
            yield name_of(one, "name"), action


def _check_factor(configuration: Configuration) -> PolicyVerdict:
    rules = list(_sessions(configuration))
    if not rules:
        return verdict("cannot say", "no rule of a global session policy is in the export")
    wrong = [name for name, action in rules if read_flag(action.get("requirefactor")) is False]
    unknown = [name for name, action in rules if read_flag(action.get("requirefactor")) is None]
    return configuration.judge_offenders(
        "okta_sign_on_rules",
        wrong,
        "rules let people in without a second factor",
        "every rule asks for a second factor",
        unknown,
    )


def _check_sessions(configuration: Configuration) -> PolicyVerdict:
    rules = list(_sessions(configuration))
    if not rules:
        return verdict("cannot say", "no rule of a global session policy is in the export")
    wrong, unknown = [], []
    for name, action in rules:
        session = read_fields(action.get("session"))
        minutes = read_number(session.get("maxsessionlifetimeminutes"))
        if minutes is None:
            unknown.append(name)
        elif not 0 < minutes <= _LONGEST_MINUTES:
            wrong.append(f"{name}: {minutes:.0f} minutes" if minutes else f"{name}: no limit")
        if read_flag(session.get("usepersistentcookie")):
            wrong.append(f"{name}: sessions outlive the browser")
    return configuration.judge_offenders(
        "okta_sign_on_rules",
        wrong,
        "sessions last longer than twelve hours",
        "sessions last at most twelve hours",
        unknown,
    )


def _check_tokens(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for one in configuration.all("okta_tokens"):
        connection = read_text(read_fields(one.get("network")).get("connection")).upper()
        if connection == "ANYWHERE":
            wrong.append(name_of(one, "name"))
        elif not connection:
            unknown.append(name_of(one, "name"))
    return configuration.judge_offenders(
        "okta_tokens",
        wrong,
        "API tokens work from anywhere",
        "API tokens work from named networks alone",
        unknown,
    )


def _check_authenticators(configuration: Configuration) -> PolicyVerdict:
    return configuration.judge_offenders(
        "okta_authenticators",
        [
            read_text(one.get("key"))
            for one in configuration.all("okta_authenticators")
            if read_text(one.get("key")).lower() in _WEAK
            and read_text(one.get("status")).upper() != "INACTIVE"
        ],
        "methods that anybody can intercept or guess are active",
        "telephone and security question are inactive",
    )


OKTA_SETTINGS = (
    BaselinePolicy(
        "SEAWALL.OKTA.1v1",
        "Requests from known attackers are blocked",
        "ThreatInsight blocks addresses from which Okta saw attacks on others.",
        "lesson",
        ("okta_threats",),
        _check_threats,
        "Sprays and stolen sessions from known addresses fail at the door.",
        "Set ThreatInsight to Log and enforce under Security, General.",
        ("okta-support", "unc5537"),
    ),
    BaselinePolicy(
        "SEAWALL.OKTA.2v1",
        "Every sign-in asks for a second factor",
        "No rule of a global session policy lets people in with a password alone.",
        "lesson",
        ("okta_sign_on_rules",),
        _check_factor,
        "A stolen password alone would not have sufficed.",
        "Require a second factor in each rule under Security, Global Session Policy.",
        ("unc5537",),
    ),
    BaselinePolicy(
        "SEAWALL.OKTA.3v1",
        "Sessions end after twelve hours",
        "Sessions have a limit of at most twelve hours, and end with the browser.",
        "lesson",
        ("okta_sign_on_rules",),
        _check_sessions,
        "The session cookie in the uploaded file would have been dead.",
        "Set Maximum Okta global session lifetime to 12 hours in each rule of the global session policy.",
        ("okta-support", "citrix-bleed"),
    ),
    BaselinePolicy(
        "SEAWALL.OKTA.4v1",
        "API tokens work from named networks alone",
        "No API token works from anywhere.",
        "lesson",
        ("okta_tokens",),
        _check_tokens,
        "A token that leaked at a vendor fails outside the vendor's addresses.",
        "Limit the token to a network zone under Security, API, Tokens.",
        ("okta-support", "salesloft-drift"),
    ),
    BaselinePolicy(
        "SEAWALL.OKTA.5v1",
        "Telephone and security question are inactive",
        "No method is active that a third party can divert or guess.",
        "lesson",
        ("okta_authenticators",),
        _check_authenticators,
        "Codes that a relaying site asks for, or that a swapped SIM card receives, do not exist.",
        "Deactivate Phone and Security Question under Security, Authenticators.",
        ("tycoon-2fa",),
    ),
)
"""Lessons on Okta."""
