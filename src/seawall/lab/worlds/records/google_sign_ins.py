"""Google's records of sign-ins (application `login`) and of changes by owners to their own account."""

from __future__ import annotations

from collections.abc import Iterator

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import network_of
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.records.accounts import client_id, digits, program_name, read_seen_address
from seawall.lab.worlds.records.google_activity import (
    Found,
    Record,
    activity,
    event,
    flag,
    messages,
    text,
    texts,
)
from seawall.lab.worlds.seeded_random import SeededRandom

_FAILURES = {
    50126: "login_failure_invalid_password",
    50053: "login_failure_account_disabled",
    50034: "login_failure_unknown",
    50055: "login_failure_invalid_password",
}
_DENIED = (500121, 50074)
_CHALLENGES = (
    "google_prompt",
    "google_authenticator",
    "idv_any_phone",
    "security_key",
    "google_prompt",
    "backup_code",
)
FULL_MAIL = "https://mail.google.com/"
READ_MAIL = "https://www.googleapis.com/auth/gmail.readonly"


def second_factor(who: LabAccount) -> str:
    """Return the second factor that a person uses."""
    return _CHALLENGES[int(digits(who.object_id, 4)) % len(_CHALLENGES)]


def is_program(client: LabClient) -> bool:
    """Return whether a client accesses Gmail by the owner's consent to a program instead of a sign-in."""
    return client.style in ("graph", "rest", "ews") or client.family in ("thunderbird", "apple-mail")


def sign_in(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of a sign-in. A token refresh is not logged, and behind Okta, neither are failures."""
    client, error = act.program, act.details["error"]
    if not act.details["interactive"] or client.family in ("app", "teams"):
        return
    if not error:
        yield activity("login", act, tenant, dice, _success(act, tenant, dice))
        if is_program(client):
            yield activity("token", act, tenant, dice, _authorise(client), time=act.time + 1)
        return
    if tenant.systems.is_federated:
        return
    kind = text("login_type", "google_password")
    if error in _FAILURES:
        yield activity(
            "login",
            act,
            tenant,
            dice,
            event(
                "login",
                "login_failure",
                kind,
                texts("login_challenge_method", "password"),
                text("login_failure_type", _FAILURES[error]),
            ),
        )
    elif error in _DENIED:
        yield activity(
            "login",
            act,
            tenant,
            dice,
            event(
                "login",
                "login_challenge",
                text("login_challenge_status", "Challenge Failed."),
                texts("login_challenge_method", second_factor(act.person)),
                kind,
            ),
        )


def _success(act: Act, tenant: Tenant, dice: SeededRandom) -> Record:
    method = act.details["method"]
    if tenant.systems.is_federated:
        kind, challenges = "saml", ["none"]
    else:
        kind = "google_password"
        challenges = ["password", second_factor(act.person)] if method == "mfa" else ["password"]
    network = network_of(act.client_address)
    is_abroad = network is not None and network.country != act.person.country
    return event(
        "login",
        "login_success",
        text("login_type", kind),
        texts("login_challenge_method", *challenges),
        flag("is_suspicious", is_abroad and dice.chance(0.1)),
        flag("is_second_factor", len(challenges) > 1),
    )


def _authorise(client: LabClient) -> Record:
    scope = FULL_MAIL if client.style in ("imap", "activesync", "ews") else READ_MAIL
    return authorise(program_name(client), client.app, "NATIVE_DESKTOP", [scope, "openid", "email"])


def authorise(name: str, app: str, kind: str, scopes: list[str]) -> Record:
    """Return the event of a consent to an application."""
    return event(
        "auth",
        "authorize",
        text("client_id", client_id(app)),
        text("app_name", name),
        text("client_type", kind),
        messages(
            "scope_data", *([text("scope_name", s), texts("product_bucket", bucket_of(s))] for s in scopes)
        ),
        texts("scope", *scopes),
    )


def bucket_of(scope: str) -> str:
    """Return the product of a scope."""
    if "mail" in scope.replace("email", ""):
        return "GMAIL"
    for word, bucket in (("drive", "DRIVE"), ("calendar", "CALENDAR"), ("contacts", "CONTACTS")):
        if word in scope:
            return bucket
    return "IDENTITY"


def own_account(
    act: Act, tenant: Tenant, dice: SeededRandom, kind: str, name: str, *parameters: Record
) -> Iterator[Found]:
    """Yield a record of a change of the owner's account (application `user_accounts`)."""
    yield activity(
        "user_accounts",
        act,
        tenant,
        dice,
        event(kind, name, *parameters),
        client_address=read_seen_address(act.client_address, act.who, dice),
    )
