"""Build steps for accounts and applications of Microsoft 365 and Entra with Microsoft Graph v1.0. Pure.

`exchange.py` has what Graph cannot do. All permissions are application permissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    StepSubject,
    describe_record,
    make_account_step,
    make_powershell,
    make_record_step,
)
from seawall.response.containment.templates import escape_filter_text, fill_address, is_guid
from seawall.response.containment.values import (
    ChangeCheck,
    ContainmentStep,
    StateRead,
    StepNotice,
    TargetCondition,
    VendorCall,
)
from seawall_base.times import rfc3339

DOCS: Final = "https://learn.microsoft.com/en-us/graph/api/"
METHODS: Final = (
    ("fido2Methods", "passkeys and security keys", "fido2authenticationmethod-list", "fido2authenticationmethod-delete"),
    ("microsoftAuthenticatorMethods", "Microsoft Authenticator", "microsoftauthenticatorauthenticationmethod-list",
     "microsoftauthenticatorauthenticationmethod-delete"),
    ("softwareOathMethods", "authenticator codes", "authentication-list-softwareoathmethods",
     "softwareoathauthenticationmethod-delete"),
    ("windowsHelloForBusinessMethods", "Windows Hello for Business", "windowshelloforbusinessauthenticationmethod-list",
     "windowshelloforbusinessauthenticationmethod-delete"),
    ("platformCredentialMethods", "platform credentials of Macs", "platformcredentialauthenticationmethod-list",
     "platformcredentialauthenticationmethod-delete"),
    ("externalAuthenticationMethods", "external methods", "authentication-list-externalauthenticationmethods",
     "authentication-delete-externalauthenticationmethods"),
    ("temporaryAccessPassMethods", "temporary access passes", "authentication-list-temporaryaccesspassmethods",
     "temporaryaccesspassauthenticationmethod-delete"),
)  # fmt: skip
"""Sign-in methods: path segment, words, and documentation pages for listing and deleting."""

REGISTRATIONS: Final = frozenset(
    {
        "User registered security info",
        "User registered all required security info",
        "Admin registered security info",
        "User changed default security info",
    }
)
"""Operations of Entra's audit log that register a sign-in method."""

DEVICES: Final = frozenset(
    {"Register device", "Add device", "Add registered owner to device", "Add registered users to device"}
)
"""Operations that register a device, whose primary refresh token can be used to sign in again."""

METHODS_PERMISSION: Final = "UserAuthenticationMethod.ReadWrite.All"
COVERED: Final = {
    "Application.Read.All": "Application.ReadWrite.All",
    "RoleEligibilitySchedule.ReadWrite.Directory": "RoleManagement.ReadWrite.Directory",
}
"""Permissions covered by another one.

A read asks for the permission of the change that follows it, if that permission also allows reading; few entries are
needed here.
"""

CHANGED: Final = (200, 204)
MADE: Final = (200, 201)
ADMINISTRATORS: Final = "Privileged Authentication Administrator, for an administrator's account"
_SYNCED: Final = TargetCondition("onPremisesSyncEnabled", "equal", "true")
_EXTERNAL: Final = TargetCondition("userPrincipalName", "contains", "#EXT#")
_USER_FIELDS: Final = (
    "id",
    "userPrincipalName",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "signInSessionsValidFromDateTime",
    "lastPasswordChangeDateTime",
)


def call_graph(
    method: str,
    path: str,
    permission: str,
    page: str,
    *,
    body: dict[str, Any] | None = None,
    expect: tuple[int, ...] | None = None,
    role: str = "",
) -> VendorCall:
    """Build a Graph call. `page` is its documentation page, which also states the success statuses."""
    known = {"GET": (200,), "PATCH": CHANGED, "DELETE": CHANGED, "POST": MADE}[method]
    return VendorCall(method, path, body, expect or known, permission, role, DOCS + page)


def user_path(name: str, rest: str = "") -> str:
    """Return the path of an account or its mailbox.

    A name that begins with `$` goes into an OData key, because OData would take it for an option.
    """
    if name.startswith("$"):
        return fill_address("/users('{name}')", name=escape_filter_text(name)) + rest
    return fill_address("/users/{name}", name=name) + rest


def read_user(subject: StepSubject, *notices: StepNotice) -> StateRead:
    """Build the read of an account: enabled or not, since when sessions and password are valid, where it is managed."""
    path = user_path(subject.account, "?$select=" + ",".join(_USER_FIELDS))
    return StateRead(
        "user", call_graph("GET", path, "User.Read.All", "user-get"), _USER_FIELDS, notices=notices
    )


def block_sign_in(subject: StepSubject) -> ContainmentStep:
    """Build the step that blocks the account's sign-in."""
    path, permission = user_path(subject.account), "User.EnableDisableAccount.All"
    call = call_graph(
        "PATCH", path, permission, "user-update", body={"accountEnabled": False}, role=ADMINISTRATORS
    )
    back = call_graph(
        "PATCH",
        path,
        permission,
        "user-update",
        body={"accountEnabled": {"$read": "user.accountEnabled"}},
        role=ADMINISTRATORS,
    )
    synced = StepNotice(
        _SYNCED,
        "the account is synchronised from Active Directory: disable it there too (Disable-ADAccount). Microsoft's "
        "documentation asks for both, and does not say whether a synchronisation enables it again",
    )
    return make_account_step(
        subject,
        vendor="microsoft",
        kind="disable_account",
        title=f"Block sign-in of {subject.account}",
        reason="Nobody signs in to the account until its owner has it back. Mail is still delivered.",
        before=(read_user(subject, synced),),
        calls=(call,),
        done=ChangeCheck("user", "equal", ("accountEnabled",), False),
        undo=(back,),
        undone=ChangeCheck("user", "restored", ("accountEnabled",)),
        powershell=make_powershell(
            "Update-MgUser -UserId {account} -AccountEnabled:$false", account=subject.account
        ),
        undo_powershell=make_powershell(
            "Update-MgUser -UserId {account} -AccountEnabled:$true", account=subject.account
        ),
    )


def reset_password(subject: StepSubject) -> ContainmentStep:
    """Build the step that sets a random unknown password."""
    call = call_graph(
        "PATCH",
        user_path(subject.account),
        "User-PasswordProfile.ReadWrite.All",
        "user-update",
        body={"passwordProfile": {"forceChangePasswordNextSignIn": True, "password": {"$given": "password"}}},
        role=f"User Administrator; {ADMINISTRATORS}",
    )
    synced = StepNotice(
        _SYNCED,
        "the account is synchronised: its password is kept in Active Directory. Reset it there twice "
        "(Set-ADAccountPassword -Reset), as Microsoft advises, then confirm this step",
        by_hand=True,
    )
    external = StepNotice(
        _EXTERNAL,
        "the account is a guest: its password is its home organisation's. Tell that organisation",
        by_hand=True,
    )
    return make_account_step(
        subject,
        vendor="microsoft",
        kind="reset_password",
        title=f"Replace the password of {subject.account}",
        reason="A password that the intruder knows opens the next session. Accounts that are synchronised from on-premises, "
        "federated or guests are reset where their password is kept.",
        before=(read_user(subject, synced, external),),
        calls=(call,),
        done=ChangeCheck("user", "changed", ("lastPasswordChangeDateTime",)),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke_sessions(subject: StepSubject, *, is_last: bool) -> ContainmentStep:
    """Build the step that ends all sessions and refresh tokens. `is_last` marks the repetition at the end of the plan."""
    again = " once more" if is_last else ""
    reason = (
        "What was issued while the other steps ran would live on."
        if is_last
        else "Ends refresh tokens and sessions within minutes. Access tokens that were already issued work on: in Exchange, "
        "SharePoint and Teams with continuous access evaluation for up to 15 minutes, elsewhere until they end, by default an "
        "hour. Sessions that an application keeps by itself are ended there only."
    )
    external = StepNotice(
        _EXTERNAL,
        "the account is a guest, who signs in at the home organisation: by its documentation this call ends no session of "
        "guests. Tell that organisation, and block the account here",
    )
    return make_account_step(
        subject,
        vendor="microsoft",
        kind="revoke_sessions",
        title=f"Revoke sessions and refresh tokens of {subject.account}{again}",
        reason=reason,
        before=(read_user(subject, external),),
        calls=(
            call_graph(
                "POST",
                user_path(subject.account, "/revokeSignInSessions"),
                "User.RevokeSessions.All",
                "user-revokesigninsessions",
                expect=CHANGED,
            ),
        ),
        done=ChangeCheck("user", "changed", ("signInSessionsValidFromDateTime",)),
        irreversible=SESSIONS_STAY_ENDED,
        powershell=make_powershell("Revoke-MgUserSignInSession -UserId {account}", account=subject.account),
        details={"last": is_last},
    )


def is_method_registration(record: ChangeRecord) -> bool:
    """Return whether a record registers a sign-in method.

    A request to register one, or the end of a requirement, registers none.
    """
    name = record.activity.strip().rstrip(".")
    return name in REGISTRATIONS or (
        name == "Update user"
        and any("strongauthentication" in key and "requirement" not in key for key in record.parameters)
    )


def remove_methods(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield steps that remove sign-in methods registered during the intrusion, one for each kind of method."""
    span = f"{rfc3339(subject.first)}/{rfc3339(subject.last)}"
    undated = StepNotice(
        TargetCondition("createdDateTime", "missing"),
        "{count} of this kind do not say when they were registered: look at them with the account's owner",
    )
    for part, words, listed, deleted in METHODS:
        base = user_path(subject.account, f"/authentication/{part}")
        # An external method is a link to a configuration; delete only the link.
        one = base + "/{method.id}" + ("/$ref" if part.startswith("external") else "")
        yield make_record_step(
            subject,
            record,
            kind="remove_method",
            title=f"Remove {words} of {subject.account}, registered during the intrusion",
            reason=describe_record(
                record, "A method that an intruder registered survives the reset of the password"
            ),
            before=(
                StateRead(
                    "method",
                    call_graph("GET", base, METHODS_PERMISSION, listed),
                    ("id", "displayName", "createdDateTime", "model", "phoneAppVersion"),
                    items="value",
                    where=(TargetCondition("createdDateTime", "between", span),),
                    notices=(undated,),
                ),
            ),
            each="method",
            calls=(call_graph("DELETE", one, METHODS_PERMISSION, deleted),),
            done=ChangeCheck("method", "absent", ("id",)),
            irreversible="A removed sign-in method cannot be put back: its owner registers it again.",
        )


def disable_devices(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    """Build a manual step to disable devices registered during the intrusion.

    Graph can disable only Windows devices.
    """
    return make_record_step(
        subject,
        record,
        kind="disable_device",
        title=f"Disable devices of {subject.account} that were registered during the intrusion",
        reason=describe_record(
            record, "A device that an intruder registered gets tokens by itself and may pass for trusted"
        ),
        by_hand="Of the devices that this lists, disable those registered during the intrusion that their owner does not "
        "know: Update-MgDevice -DeviceId ID -AccountEnabled:$false, as a Cloud Device Administrator.",
        powershell=make_powershell(
            "Get-MgUserRegisteredDevice -UserId {account} -All", account=subject.account
        ),
        irreversible="",
    )


def is_device_registration(record: ChangeRecord) -> bool:
    """Return whether a record registers a device."""
    return record.activity.strip().rstrip(".") in DEVICES


def review_methods(subject: StepSubject) -> ContainmentStep:
    """Build a manual step to review the sign-in methods: telephone numbers have no registration date."""
    return make_account_step(
        subject,
        vendor="microsoft",
        kind="remove_method",
        confidence="precaution",
        title=f"Look through the sign-in methods of {subject.account} with its owner",
        reason="A method that an intruder added survives the reset of the password, and logs do not hold every registration. "
        "Graph promises no time of registration for telephone numbers, mail addresses, authenticator codes, and for Microsoft "
        "Authenticator without passwordless sign-in.",
        by_hand="In the Entra admin center, under the account's authentication methods, remove what its owner does not know.",
        powershell=make_powershell(
            "Get-MgUserAuthenticationMethod -UserId {account}", account=subject.account
        ),
        irreversible="Note a telephone number before removing it: it can be registered again.",
    )


def principal_path(app: str) -> str:
    """Return the path of an application's service principal, by application id or object id."""
    return f"/servicePrincipals(appId='{app.lower()}')"


def block_application(subject: StepSubject) -> ContainmentStep:
    """Build the step that blocks an application's service principal."""
    if not is_guid(subject.account):
        return make_account_step(
            subject,
            vendor="microsoft",
            kind="disable_service_principal",
            title=f"Block the application {subject.account}",
            reason="The log does not state the application's id in the usual form, so that no call can be made.",
            by_hand="In the Entra admin center, find the enterprise application and set “Enabled for users to sign-in?” to no.",
            irreversible="",
        )
    path = principal_path(subject.account)
    read = StateRead(
        "principal",
        call_graph(
            "GET",
            path + "?$select=id,accountEnabled,displayName",
            "Application.ReadWrite.All",
            "serviceprincipal-get",
        ),
        ("id", "accountEnabled", "displayName"),
    )
    principal = f"(Get-MgServicePrincipal -Filter \"appId eq '{subject.account.lower()}'\").Id"
    return make_account_step(
        subject,
        vendor="microsoft",
        kind="disable_service_principal",
        title=f"Block the application {subject.account}",
        reason="The application gets no new tokens. How long those that exist work on, the documentation of this call does not "
        "say: count on an hour, the usual length of an access token. Whatever depends on the application stops.",
        before=(read,),
        calls=(
            call_graph(
                "PATCH",
                path,
                "Application.ReadWrite.All",
                "serviceprincipal-update",
                body={"accountEnabled": False},
            ),
        ),
        done=ChangeCheck("principal", "equal", ("accountEnabled",), False),
        undo=(
            call_graph(
                "PATCH",
                path,
                "Application.ReadWrite.All",
                "serviceprincipal-update",
                body={"accountEnabled": {"$read": "principal.accountEnabled"}},
            ),
        ),
        undone=ChangeCheck("principal", "restored", ("accountEnabled",)),
        powershell=(f"Update-MgServicePrincipal -ServicePrincipalId {principal} -AccountEnabled:$false",),
        undo_powershell=(f"Update-MgServicePrincipal -ServicePrincipalId {principal} -AccountEnabled:$true",),
    )
