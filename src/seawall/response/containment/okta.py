"""Build steps for an Okta account with the management API. Pure.

Accounts are suspended, not deactivated: deactivation removes application assignments and cannot be undone exactly.
Okta suspends only ACTIVE accounts, and a suspended account can only be unsuspended or deactivated. So the password is
replaced before suspension. docs/reference/containment-calls.md lists every call with the statement of Okta's
documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    StepSubject,
    describe_record,
    make_account_step,
    make_record_step,
)
from seawall.response.containment.templates import fill_address
from seawall.response.containment.values import (
    ActionKind,
    ChangeCheck,
    ContainmentStep,
    StateRead,
    StepNotice,
    TargetCondition,
    VendorCall,
)
from seawall_base.times import rfc3339

DOCS: Final = "https://developer.okta.com/docs/api/openapi/okta-management/management/tags/"
MANAGE: Final = "okta.users.manage"
ROLE_FIELDS: Final = ("type", "role", "resource-set")
"""Fields that restore a role assignment: `type` for a standard role, the role and resource-set ids for a custom one."""

BLOCKED: Final = ("SUSPENDED", "DEPROVISIONED")
"""Statuses in which nobody can sign in until an administrator changes them."""


def _call(
    method: str, path: str, scope: str, page: str, body: dict[str, Any] | None = None, **values: str
) -> VendorCall:
    return VendorCall(
        method, fill_address("/api/v1" + path, **values), body, permission=scope, documentation=DOCS + page
    )


def _user(account: str, *notices: StepNotice) -> StateRead:
    return StateRead(
        "user",
        _call("GET", "/users/{account}", "okta.users.read", "user", account=account),
        ("id", "status", "passwordChanged", "credentials.provider.type"),
        notices=notices,
    )


_NOT_ACTIVE: Final = StepNotice(
    TargetCondition("status", "outside", "|".join(("ACTIVE", *BLOCKED))),
    "Okta suspends accounts that are ACTIVE, and this one is {value}, which can become usable again without an administrator. "
    "Activate or unlock it and run this again, or deactivate it (which takes its applications away), then say --done.",
    by_hand=True,
)
_KEPT_ELSEWHERE: Final = StepNotice(
    TargetCondition("credentials.provider.type", "outside", "OKTA|IMPORT"),
    "Its password is kept in {value} and not in Okta: replace it there, then say --done.",
    by_hand=True,
)


def suspend_account(subject: StepSubject) -> ContainmentStep:
    """Build the step that suspends the account."""
    return make_account_step(
        subject,
        vendor="okta",
        kind="disable_account",
        title=f"Suspend {subject.account} at Okta",
        reason="Nobody signs in to any application behind Okta until its owner has the account back.",
        before=(_user(subject.account, _NOT_ACTIVE),),
        calls=(
            _call(
                "POST", "/users/{account}/lifecycle/suspend", MANAGE, "userlifecycle", account=subject.account
            ),
        ),
        done=ChangeCheck("user", "among", ("status",), list(BLOCKED)),
        undo=(
            _call(
                "POST",
                "/users/{account}/lifecycle/unsuspend",
                MANAGE,
                "userlifecycle",
                account=subject.account,
            ),
        ),
        undone=ChangeCheck("user", "restored", ("status",)),
    )


def reset_password(subject: StepSubject) -> ContainmentStep:
    """Build the step that sets a random unknown password."""
    body = {"credentials": {"password": {"value": {"$given": "password"}}}}
    return make_account_step(
        subject,
        vendor="okta",
        kind="reset_password",
        title=f"Replace the password of {subject.account} at Okta",
        reason="A password that the intruder knows opens the next session. Accounts from a directory are reset there.",
        before=(_user(subject.account, _KEPT_ELSEWHERE),),
        calls=(_call("POST", "/users/{account}", MANAGE, "user", body, account=subject.account),),
        done=ChangeCheck("user", "changed", ("passwordChanged",)),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke_sessions(subject: StepSubject, *, is_last: bool) -> ContainmentStep:
    """Build the step that ends sessions and OAuth tokens and forgets trusted devices.

    Okta does not report whether it happened.
    """
    return make_account_step(
        subject,
        vendor="okta",
        kind="revoke_sessions",
        title=f"End the sessions and tokens of {subject.account} at Okta{' once more' if is_last else ''}",
        reason="What was opened while the other steps ran would live on."
        if is_last
        else "Ends Okta's sessions, refresh and access tokens. Sessions of the applications behind Okta live on in them.",
        before=(_user(subject.account),),
        calls=(
            _call(
                "DELETE",
                "/users/{user.id}/sessions?oauthTokens=true&forgetDevices=true",
                MANAGE,
                "usersessions",
            ),
        ),
        irreversible=SESSIONS_STAY_ENDED,
        details={"last": is_last},
    )


def review_methods(subject: StepSubject) -> ContainmentStep:
    """Build a manual step to review the authenticators.

    Okta's list depends on policies and on the caller.
    """
    return make_account_step(
        subject,
        vendor="okta",
        kind="remove_method",
        confidence="precaution",
        title=f"Look through the authenticators of {subject.account} at Okta with its owner",
        reason="A factor that an intruder enrolled survives the reset of the password. Okta lists the factors that the "
        "enrolment policy allows, judged from where it is asked, and logs do not hold every enrolment.",
        by_hand="In the Admin Console: Directory, People, the account: its authenticators and devices. Remove what its owner "
        "does not know.",
        irreversible="Note what you remove: the owner enrols it again.",
    )


def _undo_enrolment(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    """Build the step that removes factors enrolled during the intrusion."""
    account = record.resource if "@" in record.resource else subject.account
    return make_record_step(
        subject,
        record,
        account=account,
        kind="remove_method",
        title=f"Remove factors of {account} that were enrolled at Okta during the intrusion",
        reason=describe_record(
            record, "A factor that an intruder enrolled survives the reset of the password"
        ),
        before=(
            _user(account),
            StateRead(
                "factor",
                _call("GET", "/users/{user.id}/factors", "okta.users.read", "userfactor"),
                ("id", "factorType", "provider", "status", "created"),
                items=".",
                where=(TargetCondition("created", "between", _span(subject)),),
            ),
        ),
        each="factor",
        calls=(_call("DELETE", "/users/{user.id}/factors/{factor.id}", MANAGE, "userfactor"),),
        done=ChangeCheck("factor", "absent", ("id",)),
        irreversible="A removed factor cannot be put back: its owner enrols it again. With a push factor of Okta Verify, Okta "
        "removes all of Okta Verify's factors of the account, the owner's too.",
    )


def _undo_consent(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    """Build the step that removes consents given to applications during the intrusion."""
    return make_record_step(
        subject,
        record,
        kind="remove_consent",
        title=f"Remove consents of {subject.account} that were given at Okta during the intrusion",
        reason=describe_record(
            record, "A consent lets an application act for the account until it is removed"
        ),
        before=(
            _user(subject.account),
            StateRead(
                "grant",
                _call("GET", "/users/{user.id}/grants", "okta.users.read", "usergrant"),
                ("id", "clientId", "scopeId", "issuer", "created"),
                items=".",
                where=(TargetCondition("created", "between", _span(subject)),),
            ),
        ),
        each="grant",
        calls=(_call("DELETE", "/users/{user.id}/grants/{grant.id}", MANAGE, "usergrant"),),
        done=ChangeCheck("grant", "absent", ("id",)),
        irreversible="The account's owner has to consent anew.",
    )


def _span(subject: StepSubject) -> str:
    return f"{rfc3339(subject.first)}/{rfc3339(subject.last)}"


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the steps that undo a record of Okta; none for a record of another kind."""
    name = record.activity
    if name == "user.mfa.factor.activate":
        yield _undo_enrolment(subject, record)
    elif name in {"app.oauth2.consent.grant", "app.oauth2.as.consent.grant"}:
        yield _undo_consent(subject, record)
    elif name in _NAMED:
        named = record.resource and (name != _GRANTED or record.text("privilegeGranted"))
        yield from _NAMED[name](subject, record) if named else _make_unnamed(subject, record)
    elif name == "system.idp.lifecycle.update":
        yield from _make_unnamed(subject, record)
    elif name.startswith("app.oauth2.credentials.lifecycle."):
        yield make_record_step(
            subject,
            record,
            kind="remove_app_credential",
            title=f"Remove the credential that was added to {record.text('Target') or record.resource}",
            reason=describe_record(record, "A credential that an intruder added works until it is removed"),
            by_hand="In the Admin Console: Applications, the application, General, Client Credentials: deactivate it, "
            "then delete it.",
            irreversible="A deleted credential cannot be put back; a deactivated one can be activated.",
        )


_GRANTED: Final = "user.account.privilege.grant"


def _make_unnamed(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield a manual step for a record that lacks the changed object or its earlier value."""
    kind, what, where = _TO_LOOK_AT[record.activity]
    yield make_record_step(
        subject,
        record,
        kind=kind,
        title=f"Look through the {what} at Okta" + (f": {record.resource}" if record.resource else ""),
        reason=describe_record(
            record, "What an intruder made or changed there stays when the account is clean again"
        ),
        by_hand=f"The record does not say enough for a call. In the Admin Console: {where}.",
        irreversible="Note what you change: Seawall cannot put it back.",
    )


_TO_LOOK_AT: Final[dict[str, tuple[ActionKind, str, str]]] = {
    "system.api_token.create": ("remove_app_credential", "API tokens", "Security, API, Tokens"),
    _GRANTED: ("remove_role", "administrators", "Security, Administrators"),
    "system.idp.lifecycle.create": ("block_renewal", "identity providers", "Security, Identity Providers"),
    "system.idp.lifecycle.activate": ("block_renewal", "identity providers", "Security, Identity Providers"),
    "system.idp.lifecycle.update": ("block_renewal", "identity providers", "Security, Identity Providers"),
}


def _api_token(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    path, page = "/api-tokens/{token}", "apitoken"
    yield make_record_step(
        subject,
        record,
        kind="remove_app_credential",
        title=f"Revoke the API token “{record.text('Target') or record.resource}”",
        reason=describe_record(record, "An API token acts as whoever made it, without a sign-in"),
        before=(
            StateRead(
                "token",
                _call("GET", path, "okta.apiTokens.read", page, token=record.resource),
                ("id", "name", "userId", "created"),
            ),
        ),
        calls=(_call("DELETE", path, "okta.apiTokens.manage", page, token=record.resource),),
        done=ChangeCheck("token", "absent", ("id",)),
        irreversible="A revoked API token cannot be put back: make another one.",
    )


def _roles(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield a step for each role that a record names; several are separated by commas."""
    for label in dict.fromkeys(part.strip() for part in record.text("privilegeGranted").split(",")):
        if label:
            yield _role(subject, record, label)


def _role(subject: StepSubject, record: ChangeRecord, label: str) -> ContainmentStep:
    base, page = "/users/{user.id}/roles", "roleassignmentauser"
    member = record.resource
    return make_record_step(
        subject,
        record,
        account=member,
        kind="remove_role",
        title=f"Take the role {label} from {record.text('Target') or member}",
        reason=describe_record(record, "A role that was handed out stays when the account is clean again"),
        before=(
            _user(member),
            StateRead(
                "role",
                _call("GET", base, "okta.roles.read", page),
                ("id", "label", "assignmentType", *ROLE_FIELDS),
                items=".",
                where=(TargetCondition("label", "equal", label),),
            ),
        ),
        each="role",
        calls=(_call("DELETE", base + "/{role.id}", "okta.roles.manage", page),),
        done=ChangeCheck("role", "absent", ("id",)),
        undo=(
            _call(
                "POST",
                base,
                "okta.roles.manage",
                page,
                {field: {"$read": f"role.{field}"} for field in ROLE_FIELDS},
            ),
        ),
        undone=ChangeCheck("role", "restored", ROLE_FIELDS),
        details={
            "note": "A role that is given back gets a new id, and is not limited again to the groups or applications that it "
            "was limited to. A role that comes from a group is taken away there."
        },
    )


def _identity_provider(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    path, page, scope = "/idps/{idp}", "identityprovider", "okta.idps.manage"
    idp = record.resource
    yield make_record_step(
        subject,
        record,
        kind="block_renewal",
        title=f"Deactivate the identity provider “{record.text('Target') or record.resource}”",
        reason=describe_record(
            record, "Who controls it signs in as anybody, whatever is done to their accounts"
        ),
        before=(
            StateRead(
                "provider",
                _call("GET", path, "okta.idps.read", page, idp=idp),
                ("id", "name", "type", "status"),
            ),
        ),
        calls=(_call("POST", path + "/lifecycle/deactivate", scope, page, idp=idp),),
        done=ChangeCheck("provider", "equal", ("status",), "INACTIVE"),
        undo=(_call("POST", path + "/lifecycle/activate", scope, page, idp=idp),),
        undone=ChangeCheck("provider", "restored", ("status",)),
    )


_NAMED: Final[dict[str, Callable[[StepSubject, ChangeRecord], Iterator[ContainmentStep]]]] = {
    "system.api_token.create": _api_token,
    _GRANTED: _roles,
    "system.idp.lifecycle.create": _identity_provider,
    "system.idp.lifecycle.activate": _identity_provider,
}
