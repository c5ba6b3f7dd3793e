"""Policies on accounts and applications of Google Workspace (GWS.COMMONCONTROLS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall.posture.google_settings import Judge, flag_is, judge_setting
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, verdict
from seawall.posture.values import DAY, read_flag, read_number, read_seconds, read_text, read_time

_NEEDS = ("google_policies",)
_TWO_STEP = "security.two_step_verification_"
_LONGEST_SESSION = 12 * 3600
_SHORTEST_PASSWORD = 12


def _is_enforced(configuration: Configuration) -> Judge:
    def judge(value: dict[str, Any]) -> bool | None:
        text = read_text(value.get("enforcedfrom"))
        time = read_time(text)
        return False if not text else None if time is None else 0 < time <= configuration.now

    return judge


def _check_enforced(configuration: Configuration) -> PolicyVerdict:
    return judge_setting(
        configuration, f"{_TWO_STEP}enforcement", _is_enforced(configuration),
        "2-Step Verification is not enforced", "2-Step Verification is enforced",
    )  # fmt: skip


def _factors(good: Callable[[str], bool]) -> Judge:
    def judge(value: dict[str, Any]) -> bool | None:
        found = read_text(value.get("allowedsigninfactorset")).upper()
        return good(found) if found else None

    return judge


def _check_factors(
    configuration: Configuration, good: Callable[[str], bool], bad: str, fine: str
) -> PolicyVerdict:
    enforced = _check_enforced(configuration)
    if enforced.state == "not met":
        return enforced
    found = judge_setting(configuration, f"{_TWO_STEP}enforcement_factor", _factors(good), bad, fine)
    return found if found.state != "met" else enforced if enforced.state != "met" else found


def _check_passkeys(configuration: Configuration) -> PolicyVerdict:
    return _check_factors(
        configuration,
        lambda factors: factors == "PASSKEY_ONLY",
        "methods that can be phished are allowed",
        "only passkeys are allowed",
    )


def _check_telephony(configuration: Configuration) -> PolicyVerdict:
    return _check_factors(
        configuration,
        lambda factors: factors != "ALL",
        "codes by text message and call are allowed",
        "codes by telephone are not allowed",
    )


def _check_grace(configuration: Configuration) -> PolicyVerdict:
    def judge(value: dict[str, Any]) -> bool | None:
        seconds = read_seconds(value.get("enrollmentgraceperiod"))
        return None if seconds is None else DAY <= seconds <= 7 * DAY

    return judge_setting(
        configuration,
        f"{_TWO_STEP}grace_period",
        judge,
        "new users have too long or no time to enrol",
        "new users have at most a week to enrol",
    )


def _check_trust(configuration: Configuration) -> PolicyVerdict:
    return judge_setting(
        configuration, f"{_TWO_STEP}device_trust", flag_is("allowTrustingDevice", wanted=False),
        "users may trust a device for ever", "users cannot trust a device",
    )  # fmt: skip


def _check_session(configuration: Configuration) -> PolicyVerdict:
    def judge(value: dict[str, Any]) -> bool | None:
        seconds = read_seconds(value.get("websessionduration"))
        return None if seconds is None else seconds <= _LONGEST_SESSION

    return judge_setting(
        configuration,
        "security.session_controls",
        judge,
        "sessions last longer than twelve hours",
        "sessions last at most twelve hours",
    )


def _check_length(configuration: Configuration) -> PolicyVerdict:
    def judge(value: dict[str, Any]) -> bool | None:
        length = read_number(value.get("minimumlength"))
        return None if length is None else length >= _SHORTEST_PASSWORD

    return judge_setting(
        configuration,
        "security.password",
        judge,
        "passwords may be shorter than 12 characters",
        "passwords have 12 characters or more",
    )


def _check_administrators(configuration: Configuration) -> PolicyVerdict:
    top = [
        read_text(one.get("primaryemail"))
        for one in configuration.all("google_users")
        if read_flag(one.get("isadmin")) is True and read_flag(one.get("suspended")) is not True
    ]
    if "google_users" in configuration.partial and len(top) <= 8:
        return verdict("cannot say", "the export is not complete: a next page is missing")
    state = "met" if 2 <= len(top) <= 8 else "not met"
    return verdict(
        "met" if state == "met" else "not met", f"{len(top)} accounts are super administrators", top
    )


def _check_own_recovery(configuration: Configuration) -> PolicyVerdict:
    return judge_setting(
        configuration, "security.super_admin_account_recovery", flag_is("enableAccountRecovery", wanted=False),
        "super administrators may recover their accounts themselves", "they cannot recover their accounts themselves",
    )  # fmt: skip


def _check_user_recovery(configuration: Configuration) -> PolicyVerdict:
    return judge_setting(
        configuration, "security.user_account_recovery", flag_is("enableAccountRecovery", wanted=False),
        "users may recover their accounts themselves", "users cannot recover their accounts themselves",
    )  # fmt: skip


def _check_third_parties(configuration: Configuration) -> PolicyVerdict:
    def judge(value: dict[str, Any]) -> bool | None:
        level = read_text(value.get("accesslevel")).upper()
        if level.startswith("BLOCK"):
            return True
        return False if "ALLOW" in level or "SIGN_IN" in level else None

    return judge_setting(
        configuration, "api_controls.unconfigured_third_party_apps", judge,
        "users may grant access to applications that nobody examined", "applications that nobody examined get no access",
    )  # fmt: skip


def _check_less_secure(configuration: Configuration) -> PolicyVerdict:
    return judge_setting(
        configuration, "security.less_secure_apps", flag_is("allowLessSecureApps", wanted=False),
        "programs may sign in with a password alone", "programs cannot sign in with a password alone",
    )  # fmt: skip


def _check_marketplace(configuration: Configuration) -> PolicyVerdict:
    def judge(value: dict[str, Any]) -> bool | None:
        level = read_text(value.get("accesslevel")).upper()
        return level in ("ALLOW_LISTED_APPS", "ALLOW_NONE") if level else None

    return judge_setting(
        configuration, "workspace_marketplace.apps_access_options", judge,
        "users may install any application of the Marketplace", "only listed applications may be installed",
    )  # fmt: skip


_NONE = " No catalogued incident used it."
GOOGLE_ACCOUNTS = (
    BaselinePolicy(
        "GWS.COMMONCONTROLS.1.1v1",
        "Passkeys are required of everybody",
        "2-Step Verification is enforced, and allows passkeys and security keys alone.",
        "shall",
        _NEEDS,
        _check_passkeys,
        "A site that relays the sign-in gets nothing: the method is bound to the real address.",
        "Allow only security keys under Security, 2-Step Verification, Methods.",
        ("tycoon-2fa", "code-of-conduct"),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.1.2v1",
        "A second factor is required of everybody",
        "2-Step Verification is enforced in every organisational unit.",
        "shall",
        _NEEDS,
        _check_enforced,
        "A stolen password alone would not have sufficed.",
        "Set Enforcement to On under Security, 2-Step Verification.",
        ("unc5537",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.1.3v1",
        "Codes by telephone are not allowed",
        "Text messages and calls do not count as a second factor.",
        "shall",
        _NEEDS,
        _check_telephony,
        "Codes that a relaying site asks for, or that a swapped SIM card receives, do not exist.",
        "Set Methods to Any except verification codes via text or phone call, under Security, 2-Step Verification.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.1.4v1",
        "New users enrol within a week",
        "New users have between one day and one week to enrol a second factor.",
        "shall",
        _NEEDS,
        _check_grace,
        "An attacker does not enrol first in an account that nobody used yet." + _NONE,
        "Set New user enrolment period to 1 week or less under Security, 2-Step Verification.",
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.1.5v1",
        "Devices are not trusted for ever",
        "Users cannot skip the second factor on a device that they trust.",
        "shall",
        _NEEDS,
        _check_trust,
        "A cookie that a program stole from the browser does not stand for the second factor.",
        "Clear Allow user to trust the device under Security, 2-Step Verification.",
        ("context-ai",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.4.1v1",
        "Sessions end after twelve hours",
        "Users sign in again after at most twelve hours.",
        "shall",
        _NEEDS,
        _check_session,
        "A stolen session cookie is dead the next morning.",
        "Set Web session duration to 12 hours under Security, Google session control.",
        ("okta-support", "context-ai"),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.5.2v1",
        "Passwords have twelve characters or more",
        "The password policy demands at least twelve characters.",
        "shall",
        _NEEDS,
        _check_length,
        "Short passwords fall to a spray first.",
        "Set Minimum length to 12 under Security, Password management.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.6.2v1",
        "Two to eight accounts are super administrators",
        "Neither a single account nor a crowd holds the highest role.",
        "shall",
        ("google_users",),
        _check_administrators,
        "Each further super administrator is one more session that opens everything.",
        "Give administrators a smaller role than Super Admin under Account, Admin roles.",
        ("context-ai",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.8.1v1",
        "Super administrators cannot recover their accounts themselves",
        "Account recovery is off for super administrators.",
        "shall",
        _NEEDS,
        _check_own_recovery,
        "A stolen telephone number does not open the highest account." + _NONE,
        "Set Super admin account recovery to Off under Security, Account recovery.",
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.8.2v1",
        "Users cannot recover their accounts themselves",
        "Account recovery is off for all other users.",
        "shall",
        _NEEDS,
        _check_user_recovery,
        "A stolen telephone number does not open an account." + _NONE,
        "Set User account recovery to Off under Security, Account recovery.",
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.10.4v1",
        "Applications that nobody examined get no access",
        "Users cannot grant access to third-party applications that are not configured.",
        "shall",
        _NEEDS,
        _check_third_parties,
        "The grant with all scopes would have waited for an administrator.",
        "Block unconfigured third-party apps under Security, API controls, Settings.",
        ("context-ai", "salesloft-drift"),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.10.5v1",
        "Programs cannot sign in with a password alone",
        "Access of less secure applications is off.",
        "shall",
        _NEEDS,
        _check_less_secure,
        "A stolen password alone does not open the mail.",
        "Disable access to less secure apps under Security, Less secure apps.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "GWS.COMMONCONTROLS.11.1v1",
        "Only listed applications may be installed",
        "The Marketplace offers users the applications that an administrator listed.",
        "shall",
        _NEEDS,
        _check_marketplace,
        "An integration that nobody examined gets no grant.",
        "Allow only selected apps under Apps, Google Workspace Marketplace apps, Settings.",
        ("context-ai", "salesloft-drift"),
    ),
)
"""Policies on accounts and applications of Google Workspace."""
