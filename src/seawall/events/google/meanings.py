"""Interpret Google Workspace events: kind, outcome, sign-in method and actor, as pure functions of text.

Names are those of Google's Reports API (developers.google.com/workspace/admin/reports/v1/appendix/activity). Each function
runs once for each distinct combination of arguments.
"""

from __future__ import annotations

import re
from functools import lru_cache

from seawall.events.microsoft.entra_results import PROMPT_DENIED
from seawall.events.microsoft.m365_meanings import clean

FORWARDING = "email_forwarding_out_of_domain"
AUTHORIZE = "authorize"

_SIGN_INS = frozenset({"login_success", "login_failure", "login_challenge", "login_verification"})
_BLOCKED = {
    "suspicious_login": None,
    "suspicious_login_less_secure_app": "legacy",
    "suspicious_programmatic_login": "legacy",
}
"""Sign-ins that Google blocked, with the protocol that the name implies."""

WARNING_TYPES = frozenset({"account_warning", "attack_warning"})
_ACCOUNT_TYPES = WARNING_TYPES | {
    "2sv_change", "password_change", "recovery_info_change", "titanium_change", "passkey_change",
}  # fmt: skip
_DIRECTORY_SETTINGS = frozenset({
    "USER_SETTINGS", "DELEGATED_ADMIN_SETTINGS", "SECURITY_SETTINGS", "DOMAIN_SETTINGS", "GROUP_SETTINGS",
    "ORG_SETTINGS", "LICENSES_SETTINGS",
})  # fmt: skip
MAILBOX_ADMINISTRATION = frozenset({
    "EMAIL_LOG_SEARCH", "REQUEST_MAILBOX_DUMP", "DELETE_MAILBOX_DUMP", "CREATE_EMAIL_MONITOR",
    "DELETE_EMAIL_MONITOR", "MAIL_ROUTING_DESTINATION_ADDED", "MAIL_ROUTING_DESTINATION_REMOVED",
    "EMAIL_UNDELETE",
})  # fmt: skip
"""Administrators' actions on somebody's mail that the log files under settings of users or domains."""

_BY_APPLICATION = {
    "groups": "directory", "groups_enterprise": "directory", "drive": "file", "vault": "admin", "takeout": "admin",
}  # fmt: skip
_UNATTENDED = frozenset({"rules", "mobile", "device", "alerts"})
"""Applications whose records report actions of Google or a device, and no access by a person."""

_MAIL_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("other", r"deliver"),
        ("mail_rule", r"forwarding|filter|vacation"),
        ("admin", r"delegat|imap|\bpop\b|_pop|pop_|setting|send_?as"),
        ("mail_access", r"view|open|read|download|preview|print|search|click|attachment"),
        ("mail_action", r"send|sent|reply|forward|delete|trash|move|archive|label|spam|draft|compose"),
    )
)
"""Words in event names of the `gmail` log, by kind; the first match counts."""

_CHANGES = frozenset({"create", "update", "patch", "delete", "insert", "verify"})
_READS = frozenset({"get", "list", "watch", "stop", "getprofile"})
_MAIL_SCOPE = re.compile(r"mail\.google\.com|auth/gmail|\bgmail", re.IGNORECASE)
_REFUSED = re.compile(r"(?i)(?:^|_)(?:denied|deny|blocked|failed|failure|rejected)(?:_|$)")

STRONG = frozenset({"security_key", "passkey", "cross_device"})
SECOND = frozenset({
    "google_prompt", "device_prompt", "google_authenticator", "backup_code", "offline_otp", "totp", "otp", "sms",
    "rescue_code", "internal_two_factor", "security_key_otp",
})  # fmt: skip
WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a result, no password
SUSPICIOUS = "suspicious"


@lru_cache(8192)
def kind(application: str, event_type: str, name: str, method: str, scopes: str) -> str:
    """Return the event's kind (`event.KINDS`). `method` and `scopes` matter for `token` events alone."""
    if name == FORWARDING:
        return "mail_rule"
    if application == "token":
        return method_kind(method, scopes) if name == "activity" else "directory"
    if application in ("login", "user_accounts", "logout"):
        if name in _SIGN_INS or name in _BLOCKED:
            return "sign_in"
        return "directory" if event_type in _ACCOUNT_TYPES else "other"
    if application == "saml":
        return "sign_in" if name in _SIGN_INS else "other"
    if application == "admin":
        is_directory = event_type in _DIRECTORY_SETTINGS and name not in MAILBOX_ADMINISTRATION
        return "directory" if is_directory else "admin"
    if application == "gmail":
        return next((of for of, pattern in _MAIL_WORDS if pattern.search(name)), "other")
    return _BY_APPLICATION.get(application, "other")


def method_kind(method: str, scopes: str) -> str:
    """Return the kind of an application's API call: reading mail, changing it, or changing its flow."""
    parts = method.lower().split(".")
    api, verb = parts[0], parts[-1]
    if not method:
        return "mail_access" if _MAIL_SCOPE.search(scopes) else "other"
    if api == "drive":
        return "file"
    if api != "gmail":
        return "other"
    if "settings" in parts:
        changes = verb in _CHANGES or verb.startswith("update")
        if not changes:
            return "other"
        is_rule = verb == "updateautoforwarding" or "filters" in parts or "forwardingaddresses" in parts
        return "mail_rule" if is_rule else "admin"
    return "mail_access" if verb in _READS or len(parts) < 3 else "mail_action"


def messages(of_kind: str | None, method: str | None, name: str | None) -> tuple[float | None]:
    """Return how many messages a record proves touched.

    It is one for an API call that gets a message, and for an action in the `gmail` log.
    """
    if of_kind not in ("mail_access", "mail_action"):
        return (None,)
    if method and of_kind == "mail_access":
        return (1.0 if method.lower() in ("gmail.users.messages.get", "gmail.users.threads.get") else 0.0,)
    return (0.0 if name == "activity" and of_kind == "mail_access" else 1.0,)


def status(
    of_kind: str | None, application: str | None, name: str | None, failure: str | None, challenges: str | None,
    challenge: str | None, suspicious: str | None,
) -> tuple[str | None, str | None, str | None]:  # fmt: skip
    """Return status, code (None for an ordinary success) and detail."""
    if name is None:
        return None, None, None
    if of_kind != "sign_in":
        if application in _UNATTENDED or (application == "gmail" and of_kind == "other"):
            return None, None, None
        refused = _REFUSED.search(name) is not None and name != "blocked_sender"
        return ("failure", name, None) if refused else ("success", None, None)
    if name in _BLOCKED:
        return "failure", name, None
    used = factors(challenges)
    outcome = (challenge or "").lower()
    if name == "login_success":
        return "success", SUSPICIOUS if suspicious == "true" else None, clean(challenges)
    if name == "login_failure":
        code = clean(failure)
        if code in (None, "login_failure_unknown", "failure_unknown") and used:
            code = _is_failed(used)
        if code == "login_failure_invalid_second_factor":
            code = PROMPT_DENIED
        return "failure", code or name, clean(challenges)
    if "pass" in outcome:
        return "success", None, clean(challenges)
    if "fail" in outcome or "incorrect" in outcome or "denied" in outcome:
        return "failure", _is_failed(used), clean(challenges)
    return "interrupted", name, clean(challenges)


def _is_failed(used: list[str]) -> str:
    return PROMPT_DENIED if used and _is_factor(used[-1]) else WRONG_PASSWORD


def factors(challenges: str | None) -> list[str]:
    """Return the challenges of a sign-in in their order, in lower case."""
    return [part for part in re.split(r"[\s,;|]+", (challenges or "").lower()) if part]


def _is_factor(challenge: str) -> bool:
    return challenge in STRONG or challenge in SECOND or challenge.startswith("idv_")


def authentication(
    of_kind: str | None, application: str | None, name: str | None, outcome: str | None, login_type: str | None,
    challenges: str | None, second: str | None,
) -> tuple[str | None, str | None]:  # fmt: skip
    """Return authentication method and protocol of a sign-in."""
    if of_kind != "sign_in":
        return None, None
    how = (login_type or "").lower()
    protocol = _BLOCKED.get(name or "")
    if application == "saml" or how == "saml":
        protocol = "saml"
    elif how == "exchange":
        protocol = "oauth"
    used = factors(challenges)
    if outcome == "success":
        # Challenges are in order, so the last factor is the one that completed the sign-in.
        last = next((one for one in reversed(used) if _is_factor(one)), None)
        if last is not None:
            return ("phishing_resistant" if last in STRONG else "mfa"), protocol
        if second == "true" and used and used != ["password"]:
            return "mfa", protocol
    is_password = "password" in used or (how == "google_password" and not used)
    return ("password" if is_password else None), protocol


def interactive(of_kind: str | None, login_type: str | None, name: str | None) -> tuple[float | None]:
    """Return whether a person signed in: an `exchange` converts one credential into another without a prompt."""
    if of_kind != "sign_in":
        return (None,)
    how = (login_type or "").lower()
    if how == "exchange" or name == "suspicious_programmatic_login":
        return (0.0,)
    return (1.0 if how in ("google_password", "saml", "reauth") else None,)


_ANONYMOUS = "105250506097979753968"
"""Profile id of somebody who is not signed in."""
_UNIQUE_ID = re.compile(r"[0-9]{18,24}")


def is_service_account(client: str | None) -> bool:
    """Return whether an OAuth client id is the numeric id of a service account, which acts as itself.

    Clients that users authorise have names (`….apps.googleusercontent.com`). In `token` records of a service account, the
    actor is the user that it impersonates (domain-wide delegation).
    """
    return client is not None and _UNIQUE_ID.fullmatch(client) is not None


_ROBOT = re.compile(r"(?i)@(?:[\w.-]+\.)?gserviceaccount\.com$")


def actor(
    email: str | None, caller: str | None, key: str | None, profile: str | None, client: str | None,
    affected: str | None, event_type: str | None,
) -> tuple[str | None, ...]:  # fmt: skip
    """Return account, account type, profile id, and the application if it acts as itself.

    A warning by Google belongs to the account that it names.
    """
    name = (clean(email) or "").lower()
    about = (clean(affected) or "").lower()
    person = clean(profile) if profile != _ANONYMOUS else None
    if event_type in WARNING_TYPES and "@" in about:
        return about, "user", person if name == about else None, None
    if _ROBOT.search(name):
        return name, "service", person, name
    if "@" in name:
        return name, "user", person, None
    holder = (clean(key) or "").lower()
    if holder == "system" or holder.startswith("system:"):
        return "system", "system", None, None
    application = (clean(client) or "").lower() or (holder if (caller or "").upper() != "USER" else "")
    if application:
        return application, "service", person, application
    return (person, "user", person, None) if person else (None, None, None, None)
