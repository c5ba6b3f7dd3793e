"""Interpret values of an Okta record: actor, outcome, authentication method.

Pure functions of text that run once for each distinct combination of arguments (see `distinct_values`).
"""

from __future__ import annotations

import re

from seawall.events.microsoft.entra_results import PROMPT_DENIED
from seawall.events.microsoft.m365_meanings import clean, identifier
from seawall.events.okta.event_kinds import CONTINUED, kind

_PROVIDER = "okta.com"
"""Domain of Okta's own staff and processes, which act in customers' organisations."""

_SUCCESS = frozenset({"success", "allow"})
_WAITING = frozenset({"challenge", "unanswered", "abandoned", "skipped", "deferred", "scheduled", "pending"})
_WAITING_REASONS = frozenset(
    {"MFA_REQUIRED", "MFA_ENROLL", "MFA_CHALLENGE", "PASSWORD_EXPIRED", "PASSWORD_WARN"}
)
_DENYING = "user.mfa.okta_verify.deny_push"
_SECOND_FACTOR = "user.authentication.auth_via_mfa"
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,63}")

_APPLICATIONS = (
    "publicclientapp",
    "clientapp",
    "appinstance",
    "application",
    "app",
    "oauth2",
    "serviceclient",
)
_ADDRESS = "ipaddress"
"""Type of the actor of a detected threat: nobody signed in, and the actor's id is the address."""
_PROCESSES = ("systemprincipal", "agent", "adagent", "iwa", "workflow", "oktaagent")

Who = tuple[str | None, str | None, str | None, str | None, str | None]


def who(
    kind_of: str | None, alternate: str | None, number: str | None, name: str | None, target: str | None
) -> Who:
    """Return organisation, account, account type, account id, and the application if it acts as itself.

    `target` is the mail domain of the person whom the record concerns. Okta's own staff and processes have no customer
    domain, so `target` gives the organisation. For others it is None, and the account's domain is used later.
    """
    kind_of = re.sub(r"[^a-z0-9]", "", (kind_of or "").lower())
    uid, address = identifier(number), (clean(alternate) or "").lower()
    domain = address.rpartition("@")[2]
    if kind_of.startswith(_PROCESSES) or kind_of.endswith("agent"):
        return target, (clean(name) or "").lower() or _local(address) or uid, "system", uid, None
    if kind_of.startswith(_APPLICATIONS) and "@" not in address:
        found = uid or address or None
        return target, found, "service" if found else None, uid, found
    account = None if kind_of == _ADDRESS else address or uid
    if account is None:
        return target, None, None, None, None
    is_providers = domain == _PROVIDER and target not in (None, _PROVIDER)
    return target if is_providers else None, account, "user", uid, None


def _local(address: str) -> str | None:
    return address.partition("@")[0] or None


def status(
    event_type: str | None, result: str | None, reason: str | None
) -> tuple[str | None, str | None, str | None]:
    """Return status, code (None for success) and detail.

    A prompt that was refused, unanswered or answered wrongly is a failure with the code `PROMPT_DENIED`.
    """
    name, said = (event_type or "").lower(), clean(reason)
    outcome = (clean(result) or "").lower()
    if name.startswith(_DENYING):
        return "failure", PROMPT_DENIED, said
    if not outcome:
        return None, None, said
    if outcome in _SUCCESS:
        return "success", None, said
    is_prompt = name.startswith(_SECOND_FACTOR) and outcome in ("failure", "deny", "unanswered")
    if is_prompt:
        return "failure", PROMPT_DENIED, said
    code = said if said and _CODE.fullmatch(said) else outcome.upper()[:64]
    waits = outcome in _WAITING or code in _WAITING_REASONS
    return "interrupted" if waits else "failure", code, said


_STRONG = re.compile(
    r"(?i)fido|webauthn|passkey|signed_nonce|fastpass|security key|phishing_resistant|smart.?card|x\.?509|\bpiv\b|certificate"
)
_SECOND = re.compile(
    r"(?i)okta.?verify|\bpush|otp|\bsms|\bcall\b|voice|phone|e-?mail|question|duo|yubikey|symantec|\brsa\b|authenticator"
    r"|token:|software|hardware|one.?time|magic.?link"
)
_PASSWORD = re.compile(r"(?i)passw|\bpwd\b")
_BY_PASSWORD = (
    "user.authentication.auth_via_ad",
    "user.authentication.auth_via_ldap",
    "user.authentication.auth_via_radius",
)


def method(
    event_type: str | None,
    said: str | None,
    credential: str | None,
    account_type: str | None,
    ended: str | None,
) -> tuple[str | None]:
    """Return the authentication method (`auth_method`) of a sign-in. `said` are the factors that the record names, joined."""
    name, steps = (event_type or "").lower(), said or ""
    if account_type == "service":
        lowered = (credential or "").lower()
        is_key = "jwt" in lowered or "tls" in lowered or "cert" in lowered
        return ("certificate" if is_key else "secret" if "secret" in lowered else None,)
    if name.startswith(CONTINUED):
        return (None,)
    if ended == "success":
        if _STRONG.search(steps):
            return ("phishing_resistant",)
        if _SECOND.search(steps) or name.startswith(_SECOND_FACTOR):
            return ("mfa",)
    is_password = _PASSWORD.search(steps) is not None or name.startswith(_BY_PASSWORD)
    return ("password" if is_password else None,)


def protocol(
    event_type: str | None, mode: str | None, grant: str | None, path: str | None
) -> tuple[str | None]:
    """Return the authentication protocol (`auth_protocol`). `path` classifies the requested URL (see `system_log._path`)."""
    asked, signed = (grant or "").lower(), (mode or "").lower()
    if "device_code" in asked or "device-code" in asked:
        return ("device_code",)
    if asked == "password":
        return ("ropc",)
    if path == "active":
        return ("legacy",)
    if "saml" in signed or "ws" in signed or path == "passive":
        return ("saml",)
    is_named = (event_type or "").lower().startswith("app.oauth2.") and kind(event_type or "") == "sign_in"
    is_oauth = is_named or asked or "openid" in signed or "oidc" in signed
    return ("oauth" if is_oauth else None,)


def interactive(event_type: str | None) -> tuple[float | None]:
    """Return whether a person was present:

    1 if a session begins or a factor is requested, 0 if a token is exchanged, else None.
    """
    name = (event_type or "").lower()
    if name.startswith(("user.session.start", "user.authentication.auth_via_", "user.mfa.okta_verify")):
        return (1.0,)
    if name.startswith(CONTINUED[0]) or ".token.grant" in name:
        return (0.0,)
    return (None,)


def logon_type(event_type: str | None, is_application: str | None) -> tuple[str | None]:
    """Return `delegate` for impersonation by support, `application` for an application that acts as itself."""
    if (event_type or "").lower().startswith("user.session.impersonation"):
        return ("delegate",)
    return ("application" if is_application else None,)
