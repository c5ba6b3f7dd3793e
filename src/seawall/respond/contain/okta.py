"""Steps for an account of Okta: the management API. Pure.

An account is suspended rather than deactivated: deactivating takes its applications away and cannot be undone exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.report.times import rfc3339
from seawall.respond.contain.records import Record
from seawall.respond.contain.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    Subject,
    by_account,
    by_record,
    why,
)
from seawall.respond.contain.templates import address
from seawall.schema.response import Action, Call, Check, Condition, Read

DOCS: Final = "https://developer.okta.com/docs/api/openapi/okta-management/management/tags/"
MANAGE: Final = "okta.users.manage"


def _call(
    method: str, path: str, scope: str, page: str, body: dict[str, Any] | None = None, **values: str
) -> Call:
    return Call(
        method, address("/api/v1" + path, **values), body, permission=scope, documentation=DOCS + page
    )


def _user(account: str) -> Read:
    return Read(
        "user",
        _call("GET", "/users/{account}", "okta.users.read", "user", account=account),
        ("id", "status", "passwordChanged"),
    )


def suspend(subject: Subject) -> Action:
    """Suspend the account."""
    return by_account(
        subject,
        vendor="okta",
        kind="disable_account",
        title=f"Suspend {subject.account} at Okta",
        reason="Nobody signs in to any application behind Okta until its holder has the account back.",
        before=(_user(subject.account),),
        calls=(
            _call(
                "POST", "/users/{account}/lifecycle/suspend", MANAGE, "userlifecycle", account=subject.account
            ),
        ),
        done=Check("user", "equal", ("status",), "SUSPENDED"),
        undo=(
            _call(
                "POST",
                "/users/{account}/lifecycle/unsuspend",
                MANAGE,
                "userlifecycle",
                account=subject.account,
            ),
        ),
        undone=Check("user", "restored", ("status",)),
    )


def reset(subject: Subject) -> Action:
    """Replace the password by one that nobody knows."""
    body = {"credentials": {"password": {"value": {"$given": "password"}}}}
    return by_account(
        subject,
        vendor="okta",
        kind="reset_password",
        title=f"Replace the password of {subject.account} at Okta",
        reason="A password that the intruder knows opens the next session. Accounts from a directory are reset there.",
        before=(_user(subject.account),),
        calls=(_call("POST", "/users/{account}", MANAGE, "user", body, account=subject.account),),
        done=Check("user", "changed", ("passwordChanged",)),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke(subject: Subject, *, is_last: bool) -> Action:
    """End all sessions and OAuth tokens. Okta does not tell whether sessions were ended."""
    return by_account(
        subject,
        vendor="okta",
        kind="revoke_sessions",
        title=f"End the sessions and tokens of {subject.account} at Okta{' once more' if is_last else ''}",
        reason="What was opened while the other steps ran would live on."
        if is_last
        else "Ends Okta's sessions, refresh and access tokens. Sessions of the applications behind Okta live on in them.",
        before=(_user(subject.account),),
        calls=(_call("DELETE", "/users/{user.id}/sessions?oauthTokens=true", MANAGE, "usersessions"),),
        irreversible=SESSIONS_STAY_ENDED,
        details={"last": is_last},
    )


def _enrolled(subject: Subject, record: Record) -> Action:
    """Remove factors that were enrolled during the intrusion."""
    account = record.resource if "@" in record.resource else subject.account
    return by_record(
        subject,
        record,
        account=account,
        kind="remove_method",
        title=f"Remove factors of {account} that were enrolled at Okta during the intrusion",
        reason=why(record, "A factor that an intruder enrolled survives the reset of the password"),
        before=(
            _user(account),
            Read(
                "factor",
                _call("GET", "/users/{user.id}/factors", "okta.users.read", "userfactor"),
                ("id", "factorType", "provider", "status", "created"),
                items=".",
                where=(Condition("created", "between", _span(subject)),),
            ),
        ),
        each="factor",
        calls=(_call("DELETE", "/users/{user.id}/factors/{factor.id}", MANAGE, "userfactor"),),
        done=Check("factor", "absent", ("id",)),
        irreversible="A removed factor cannot be put back: its holder enrols it again.",
    )


def _consented(subject: Subject, record: Record) -> Action:
    """Remove consents to applications that were given during the intrusion."""
    return by_record(
        subject,
        record,
        kind="remove_consent",
        title=f"Remove consents of {subject.account} that were given at Okta during the intrusion",
        reason=why(record, "A consent lets an application act for the account until it is removed"),
        before=(
            _user(subject.account),
            Read(
                "grant",
                _call("GET", "/users/{user.id}/grants", "okta.users.read", "usergrant"),
                ("id", "clientId", "scopeId", "issuer", "created"),
                items=".",
                where=(Condition("created", "between", _span(subject)),),
            ),
        ),
        each="grant",
        calls=(_call("DELETE", "/users/{user.id}/grants/{grant.id}", MANAGE, "usergrant"),),
        done=Check("grant", "absent", ("id",)),
        irreversible="The account's holder has to consent anew.",
    )


def _span(subject: Subject) -> str:
    return f"{rfc3339(subject.first)}/{rfc3339(subject.last)}"


def from_record(subject: Subject, record: Record) -> Iterator[Action]:
    """The steps that take back what a record of Okta did; none for a record of anything else."""
    name = record.activity
    if name == "user.mfa.factor.activate":
        yield _enrolled(subject, record)
    elif name in {"app.oauth2.consent.grant", "app.oauth2.as.consent.grant"}:
        yield _consented(subject, record)
    elif name == "system.api_token.create" and record.resource:
        yield _api_token(subject, record)
    elif name == "user.account.privilege.grant" and record.resource and record.text("privilegeGranted"):
        yield _role(subject, record)
    elif name in {"system.idp.lifecycle.create", "system.idp.lifecycle.activate"} and record.resource:
        yield _identity_provider(subject, record)
    elif name.startswith("app.oauth2.credentials.lifecycle."):
        yield by_record(
            subject,
            record,
            kind="remove_app_credential",
            title=f"Remove the credential that was added to {record.text('Target') or record.resource}",
            reason=why(record, "A credential that an intruder added works until it is removed"),
            by_hand="In the Admin Console: Applications, the application, General, Client Credentials: deactivate it, "
            "then delete it.",
            irreversible="A deleted credential cannot be put back; a deactivated one can be activated.",
        )


def _api_token(subject: Subject, record: Record) -> Action:
    path, page = "/api-tokens/{token}", "apitoken"
    return by_record(
        subject,
        record,
        kind="remove_app_credential",
        title=f"Revoke the API token “{record.text('Target') or record.resource}”",
        reason=why(record, "An API token acts as whoever made it, without a sign-in"),
        before=(
            Read(
                "token",
                _call("GET", path, "okta.apiTokens.read", page, token=record.resource),
                ("id", "name", "userId", "created"),
            ),
        ),
        calls=(_call("DELETE", path, "okta.apiTokens.manage", page, token=record.resource),),
        done=Check("token", "absent", ("id",)),
        irreversible="A revoked API token cannot be put back: make another one.",
    )


def _role(subject: Subject, record: Record) -> Action:
    base, page = "/users/{user.id}/roles", "roleassignmentauser"
    member = record.resource
    return by_record(
        subject,
        record,
        account=member,
        kind="remove_role",
        title=f"Take the role {record.text('privilegeGranted')} from {record.text('Target') or member}",
        reason=why(record, "A role that was handed out stays when the account is clean again"),
        before=(
            _user(member),
            Read(
                "role",
                _call("GET", base, "okta.roles.read", page),
                ("id", "type", "label"),
                items=".",
                where=(Condition("label", "equal", record.text("privilegeGranted")),),
            ),
        ),
        each="role",
        calls=(_call("DELETE", base + "/{role.id}", "okta.roles.manage", page),),
        done=Check("role", "absent", ("id",)),
        undo=(_call("POST", base, "okta.roles.manage", page, {"type": {"$read": "role.type"}}),),
        undone=Check("role", "restored", ("type",)),
        details={"note": "A role that is given back gets a new id."},
    )


def _identity_provider(subject: Subject, record: Record) -> Action:
    path, page, scope = "/idps/{idp}", "identityprovider", "okta.idps.manage"
    idp = record.resource
    return by_record(
        subject,
        record,
        kind="block_renewal",
        title=f"Deactivate the identity provider “{record.text('Target') or record.resource}”",
        reason=why(record, "Who controls it signs in as anybody, whatever is done to their accounts"),
        before=(
            Read(
                "provider",
                _call("GET", path, "okta.idps.read", page, idp=idp),
                ("id", "name", "type", "status"),
            ),
        ),
        calls=(_call("POST", path + "/lifecycle/deactivate", scope, page, idp=idp),),
        done=Check("provider", "equal", ("status",), "INACTIVE"),
        undo=(_call("POST", path + "/lifecycle/activate", scope, page, idp=idp),),
        undone=Check("provider", "restored", ("status",)),
    )
