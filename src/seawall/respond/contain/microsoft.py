"""Steps for an account or application of Microsoft 365 and Entra: Microsoft Graph v1.0. Pure.

What Graph cannot do is in `exchange.py`. Permissions are application permissions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.report.times import rfc3339
from seawall.respond.contain.records import Record
from seawall.respond.contain.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    Subject,
    by_account,
    by_record,
    shell,
    why,
)
from seawall.respond.contain.templates import address, is_guid
from seawall.schema.response import Action, Call, Check, Condition, Read

DOCS: Final = "https://learn.microsoft.com/en-us/graph/api/"
METHODS: Final = (
    ("fido2Methods", "passkeys and security keys", "fido2authenticationmethod-delete"),
    ("microsoftAuthenticatorMethods", "Microsoft Authenticator", "microsoftauthenticatorauthenticationmethod-delete"),
    ("softwareOathMethods", "authenticator codes", "softwareoathauthenticationmethod-delete"),
    ("windowsHelloForBusinessMethods", "Windows Hello for Business", "windowshelloforbusinessauthenticationmethod-delete"),
    ("temporaryAccessPassMethods", "temporary access passes", "temporaryaccesspassauthenticationmethod-delete"),
)  # fmt: skip
"""Kinds of sign-in methods that say when they were made: the part of the path, in words, the documentation's page."""

REGISTRATIONS: Final = frozenset(
    {
        "User registered security info",
        "User registered all required security info",
        "Admin registered security info",
        "User changed default security info",
    }
)
"""Operations of Entra's audit log by which a sign-in method is registered."""


def graph(method: str, path: str, permission: str, page: str, **rest: object) -> Call:
    """A call of Graph; `page` is the page of its documentation."""
    return Call(method, path, permission=permission, documentation=DOCS + page, **rest)  # type: ignore[arg-type]


def _user(subject: Subject, rest: str = "") -> str:
    return address("/users/{account}", account=subject.account) + rest


def user_read(subject: Subject) -> Read:
    """The account's state: whether it is enabled, and since when its sessions and password are valid."""
    fields = ("id", "accountEnabled", "signInSessionsValidFromDateTime", "lastPasswordChangeDateTime")
    call = graph("GET", _user(subject, "?$select=" + ",".join(fields)), "User.Read.All", "user-get")
    return Read("user", call, fields)


def disable(subject: Subject) -> Action:
    """Block sign-in of the account."""
    call = graph(
        "PATCH",
        _user(subject),
        "User.EnableDisableAccount.All",
        "user-update",
        body={"accountEnabled": False},
    )
    back = graph(
        "PATCH",
        _user(subject),
        "User.EnableDisableAccount.All",
        "user-update",
        body={"accountEnabled": {"$read": "user.accountEnabled"}},
    )
    return by_account(
        subject,
        vendor="microsoft",
        kind="disable_account",
        title=f"Block sign-in of {subject.account}",
        reason="Nobody signs in to the account until its holder has it back. Mail is still delivered.",
        before=(user_read(subject),),
        calls=(call,),
        done=Check("user", "equal", ("accountEnabled",), False),
        undo=(back,),
        undone=Check("user", "restored", ("accountEnabled",)),
        powershell=shell("Update-MgUser -UserId {account} -AccountEnabled:$false", account=subject.account),
        undo_powershell=shell(
            "Update-MgUser -UserId {account} -AccountEnabled:$true", account=subject.account
        ),
    )


def reset(subject: Subject) -> Action:
    """Replace the password by one that nobody knows."""
    call = graph(
        "PATCH",
        _user(subject),
        "User-PasswordProfile.ReadWrite.All",
        "user-update",
        body={"passwordProfile": {"forceChangePasswordNextSignIn": True, "password": {"$given": "password"}}},
    )
    return by_account(
        subject,
        vendor="microsoft",
        kind="reset_password",
        title=f"Replace the password of {subject.account}",
        reason="A password that the intruder knows opens the next session. Accounts whose password is kept on-premises "
        "are reset there.",
        before=(user_read(subject),),
        calls=(call,),
        done=Check("user", "changed", ("lastPasswordChangeDateTime",)),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke(subject: Subject, *, is_last: bool) -> Action:
    """End all sessions and refresh tokens; once more at the end."""
    again = " once more" if is_last else ""
    reason = (
        "What was issued while the other steps ran would live on."
        if is_last
        else "Ends what the intruder holds. Access tokens that were already issued work on until they end, "
        "up to an hour and longer where an application ignores continuous access evaluation."
    )
    return by_account(
        subject,
        vendor="microsoft",
        kind="revoke_sessions",
        title=f"Revoke sessions and refresh tokens of {subject.account}{again}",
        reason=reason,
        before=(user_read(subject),),
        calls=(
            graph(
                "POST",
                _user(subject, "/revokeSignInSessions"),
                "User.RevokeSessions.All",
                "user-revokesigninsessions",
            ),
        ),
        done=Check("user", "changed", ("signInSessionsValidFromDateTime",)),
        irreversible=SESSIONS_STAY_ENDED,
        powershell=shell("Revoke-MgUserSignInSession -UserId {account}", account=subject.account),
        details={"last": is_last},
    )


def registers_method(record: Record) -> bool:
    """Whether a record says that a sign-in method was registered."""
    name = record.activity.strip().rstrip(".")
    return name in REGISTRATIONS or (
        name == "Update user" and any("strongauthentication" in key for key in record.parameters)
    )


def methods(subject: Subject, record: Record) -> Iterator[Action]:
    """Remove sign-in methods that were registered during the intrusion, one step for each kind of method."""
    span = f"{rfc3339(subject.first)}/{rfc3339(subject.last)}"
    for part, words, page in METHODS:
        base = _user(subject, f"/authentication/{part}")
        listing = graph("GET", base, "UserAuthenticationMethod.Read.All", page.replace("-delete", "-list"))
        yield by_record(
            subject,
            record,
            kind="remove_method",
            title=f"Remove {words} of {subject.account} that were registered during the intrusion",
            reason=why(record, "A method that an intruder registered survives the reset of the password"),
            before=(
                Read(
                    "method",
                    listing,
                    ("id", "displayName", "createdDateTime", "model", "phoneAppVersion"),
                    items="value",
                    where=(Condition("createdDateTime", "between", span),),
                ),
            ),
            each="method",
            calls=(graph("DELETE", base + "/{method.id}", "UserAuthenticationMethod.ReadWrite.All", page),),
            done=Check("method", "absent", ("id",)),
            irreversible="A removed sign-in method cannot be put back: its holder registers it again.",
        )


def look_at_methods(subject: Subject) -> Action:
    """Have a person look through the sign-in methods: telephone numbers do not say when they were registered."""
    return by_account(
        subject,
        vendor="microsoft",
        kind="remove_method",
        confidence="precaution",
        title=f"Look through the sign-in methods of {subject.account} with its holder",
        reason="A method that an intruder added survives the reset of the password, and logs do not hold every registration. "
        "Graph does not say when telephone numbers and mail addresses were registered.",
        by_hand="In the Entra admin center, under the account's authentication methods, remove what its holder does not know.",
        powershell=shell("Get-MgUserAuthenticationMethod -UserId {account}", account=subject.account),
        irreversible="Note a telephone number before removing it: it can be registered again.",
    )


def principal_path(app: str) -> str:
    """The path of an application's service principal, by the application's id or by its own."""
    return f"/servicePrincipals(appId='{app.lower()}')"


def disable_application(subject: Subject) -> Action:
    """Block an application's service principal."""
    if not is_guid(subject.account):
        return by_account(
            subject,
            vendor="microsoft",
            kind="disable_service_principal",
            title=f"Block the application {subject.account}",
            reason="The log does not state the application's id in the usual form, so that no call can be made.",
            by_hand="In the Entra admin center, find the enterprise application and set “Enabled for users to sign-in?” to no.",
            irreversible="",
        )
    path = principal_path(subject.account)
    read = Read(
        "principal",
        graph(
            "GET",
            path + "?$select=id,accountEnabled,displayName",
            "Application.Read.All",
            "serviceprincipal-get",
        ),
        ("id", "accountEnabled", "displayName"),
    )
    principal = f"(Get-MgServicePrincipal -Filter \"appId eq '{subject.account.lower()}'\").Id"
    return by_account(
        subject,
        vendor="microsoft",
        kind="disable_service_principal",
        title=f"Block the application {subject.account}",
        reason="Ends new tokens at once; those that exist end within about an hour. Whatever depends on the application stops.",
        before=(read,),
        calls=(
            graph(
                "PATCH",
                path,
                "Application.ReadWrite.All",
                "serviceprincipal-update",
                body={"accountEnabled": False},
            ),
        ),
        done=Check("principal", "equal", ("accountEnabled",), False),
        undo=(
            graph(
                "PATCH",
                path,
                "Application.ReadWrite.All",
                "serviceprincipal-update",
                body={"accountEnabled": {"$read": "principal.accountEnabled"}},
            ),
        ),
        undone=Check("principal", "restored", ("accountEnabled",)),
        powershell=(f"Update-MgServicePrincipal -ServicePrincipalId {principal} -AccountEnabled:$false",),
        undo_powershell=(f"Update-MgServicePrincipal -ServicePrincipalId {principal} -AccountEnabled:$true",),
    )
