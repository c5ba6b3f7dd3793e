"""Map Okta event types to kinds of event."""

from __future__ import annotations

from functools import lru_cache

CONTINUED = (
    "user.authentication.sso", "user.session.access_admin_app", "policy.evaluate_sign_on", "app.oauth2.authorize",
    "app.oauth2.as.authorize",
)  # fmt: skip
"""Event types that continue a session and never begin one."""

_SIGN_IN = (
    *CONTINUED, "user.session.start", "user.authentication.", "user.mfa.okta_verify", "user.mfa.attempt_bypass",
    "app.oauth2.signon", "app.oauth2.as.token.grant",
    "app.oauth2.token.grant", "app.oauth2.as.token.detect_reuse", "app.oauth2.token.detect_reuse",
    "app.oauth2.invalid_client_credentials", "app.generic.unauth_app_access_attempt",
    "application.policy.sign_on.deny_access",
)  # fmt: skip
_OTHER = (
    "user.authentication.slo", "user.session.end", "user.session.expire",
    "user.session.context", "policy.auth_reevaluate", "system.email.", "system.sms.",
    "system.voice.", "system.push.", "system.org.rate_limit", "system.operation.rate_limit", "system.import.",
    "system.agent.", "app.oauth2.as.token.revoke", "app.oauth2.token.revoke",
)  # fmt: skip
_DIRECTORY = (
    "user.", "group.", "application.", "app.", "policy.", "iam.", "device.",
    "role.", "directory.", "access.", "governance.", "pam.",
)  # fmt: skip
_ADMIN = ("system.", "zone.", "network_zone.", "security.", "org.", "account.", "core.", "inline_hook.",
          "event_hook.", "oauth2.", "certification.", "workflows.", "analytics.", "support.")  # fmt: skip
_ALERTS = ("user.risk.", "security.threat.", "security.attack.", "security.breached_credential.",
           "policy.entity_risk.evaluate")  # fmt: skip
"""Event types with which Okta states a risk: no account does anything in them."""
_RATE_LIMITS = ("rate_limit", "ratelimit")


@lru_cache(maxsize=4_096)
def kind(event_type: str) -> str:
    """Return the event's kind, one of `event.KINDS`. Changes of the organisation itself are `admin`, others `directory`."""
    lowered = event_type.lower()
    if any(word in lowered for word in _RATE_LIMITS):
        return "other"
    if lowered.startswith("user.authentication.universal_logout"):
        return "directory"
    if lowered.startswith(_ALERTS):
        return "vendor_alert"
    if lowered.startswith(_OTHER):
        return "other"
    if lowered.startswith(_SIGN_IN):
        return "sign_in"
    if lowered.startswith(_DIRECTORY):
        return "directory"
    return "admin" if lowered.startswith(_ADMIN) else "other"
