"""Steps for an account of Google Workspace: the Directory API. Gmail's settings are in `gmail.py`. Pure.

Every call is in docs/reference/containment-calls.md with what Google's documentation says of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.response.containment import gmail, google_roles
from seawall.response.containment.google_directory import SECURITY, USERS, directory, user
from seawall.response.containment.records import Record
from seawall.response.containment.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    Subject,
    by_account,
    by_record,
    why,
)
from seawall.response.containment.values import Action, Check, Condition, Read


def suspend(subject: Subject) -> Action:
    """Suspend the account."""
    account = {"account": subject.account}
    return by_account(
        subject,
        vendor="google",
        kind="disable_account",
        title=f"Suspend {subject.account}",
        reason="Nobody signs in to the account until its holder has it back. Google's help says that suspending resets sign-in "
        "cookies and applications' tokens, and that new mail is blocked meanwhile.",
        before=(user(subject.account),),
        calls=(directory("PUT", "/users/{account}", USERS, "users/update", {"suspended": True}, **account),),
        done=Check("user", "equal", ("suspended",), True),
        undo=(
            directory(
                "PUT",
                "/users/{account}",
                USERS,
                "users/update",
                {"suspended": {"$read": "user.suspended"}},
                **account,
            ),
        ),
        undone=Check("user", "restored", ("suspended",)),
    )


def reset(subject: Subject) -> Action:
    """Replace the password by one that nobody knows. Google does not tell whether a password was changed."""
    body = {"password": {"$given": "password"}, "changePasswordAtNextLogin": True}
    return by_account(
        subject,
        vendor="google",
        kind="reset_password",
        title=f"Replace the password of {subject.account}",
        reason="A password that the intruder knows opens the next session. Where another provider signs in, reset it there too.",
        calls=(directory("PUT", "/users/{account}", USERS, "users/update", body, account=subject.account),),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke(subject: Subject, *, is_last: bool) -> Action:
    """Sign the account out everywhere."""
    return by_account(
        subject,
        vendor="google",
        kind="revoke_sessions",
        title=f"Sign {subject.account} out everywhere{' once more' if is_last else ''}",
        reason="What was opened while the other steps ran would live on."
        if is_last
        else "Ends web and device sessions. Of applications' tokens Google does not say so: those are removed one by one.",
        calls=(
            directory("POST", "/users/{account}/signOut", SECURITY, "users/signOut", account=subject.account),
        ),
        irreversible=SESSIONS_STAY_ENDED,
        details={"last": is_last},
    )


def app_passwords(subject: Subject) -> Action:
    """Remove all application passwords: they ask for no second factor."""
    return by_account(
        subject,
        vendor="google",
        kind="remove_method",
        title=f"Remove all application passwords of {subject.account}",
        reason="An application password needs no second factor, and nothing in the log tells who made it.",
        before=(
            Read(
                "password",
                directory("GET", "/users/{account}/asps", SECURITY, "asps/list", account=subject.account),
                ("codeId", "name", "creationTime"),
                items="items",
            ),
        ),
        each="password",
        calls=(
            directory(
                "DELETE",
                "/users/{account}/asps/{password.codeId}",
                SECURITY,
                "asps/delete",
                account=subject.account,
            ),
        ),
        done=Check("password", "absent", ("codeId",)),
        irreversible="A removed application password cannot be put back: its holder makes another one.",
    )


def backup_codes(subject: Subject) -> Action:
    """Invalidate the backup codes. They are not read first: a list of them is a list of working second factors."""
    return by_account(
        subject,
        vendor="google",
        kind="remove_method",
        title=f"Invalidate the backup codes of {subject.account}",
        reason="A backup code is a second factor that outlives the password, and nothing in the log tells who wrote it down.",
        calls=(
            directory(
                "POST",
                "/users/{account}/verificationCodes/invalidate",
                SECURITY,
                "verificationCodes/invalidate",
                account=subject.account,
            ),
        ),
        irreversible="Codes that were invalidated stay invalid: the holder makes new ones.",
    )


def look_at_methods(subject: Subject) -> Action:
    """Have a person look through the second factors and devices: no call lists them."""
    return by_account(
        subject,
        vendor="google",
        kind="remove_method",
        confidence="precaution",
        title=f"Look through the second factors and devices of {subject.account} with its holder",
        reason="A second factor, a passkey, a recovery address or a device that an intruder added survives the reset of the "
        "password. Google's interface lists none of them with their time, and logs do not hold every one.",
        by_hand="In the Admin console: Directory, Users, the account, Security: remove what its holder does not know. Then "
        "Devices: block or wipe what is not the holder's.",
        irreversible="Note what you remove: the holder adds it again.",
    )


def from_record(subject: Subject, record: Record) -> Iterator[Action]:
    """The steps that take back what a record of Google did, Gmail's settings too; none for a record of anything else."""
    yield from gmail.from_record(subject, record)
    yield from google_roles.from_record(subject, record)
    name = record.activity
    if name == "authorize":
        yield from _tokens(subject, record)
    elif name in _BY_HAND:
        kind, title, how = _BY_HAND[name]
        yield by_record(
            subject,
            record,
            kind=kind,
            title=f"{title}: {record.text('API_CLIENT_NAME', 'ROLE_NAME', 'SETTING_NAME') or record.resource or record.account}",
            reason=why(record, "It stays when the account is clean again"),
            by_hand=how,
            irreversible="Note what you change: Seawall cannot put it back.",
        )


_BY_HAND: Final = {
    "AUTHORIZE_API_CLIENT_ACCESS": (
        "remove_consent",
        "Remove the domain-wide delegation of the client",
        "In the Admin console: Security, Access and data control, API controls, Domain-wide delegation.",
    ),
    "ADD_TO_TRUSTED_OAUTH2_APPS": (
        "remove_consent",
        "Take the application off the trusted ones",
        "In the Admin console: Security, Access and data control, API controls, App access control.",
    ),
    "GRANT_DELEGATED_ADMIN_PRIVILEGES": (
        "remove_role",
        "Take back the administrator's rights",
        "In the Admin console: Account, Admin roles.",
    ),
    "CREATE_EMAIL_MONITOR": (
        "remove_forwarding",
        "End the monitoring of mail",
        "With the Email Audit API, or in the Admin console under Compliance.",
    ),
    "MAIL_ROUTING_DESTINATION_ADDED": (
        "remove_forwarding",
        "Take back the mail route",
        "In the Admin console: Apps, Google Workspace, Gmail, Routing.",
    ),
    "CREATE_GMAIL_SETTING": (
        "remove_forwarding",
        "Take back the setting of Gmail",
        "In the Admin console: Apps, Google Workspace, Gmail.",
    ),
    "CHANGE_GMAIL_SETTING": (
        "remove_forwarding",
        "Take back the setting of Gmail",
        "In the Admin console: Apps, Google Workspace, Gmail.",
    ),
    "2sv_enroll": (
        "remove_method",
        "Look through the second factors",
        "In the Admin console: Directory, Users, the account, Security.",
    ),
    "passkey_enrolled": (
        "remove_method",
        "Look through the passkeys",
        "In the Admin console: Directory, Users, the account, Security.",
    ),
    "recovery_email_edit": (
        "remove_method",
        "Look at the recovery address",
        "In the Admin console: Directory, Users, the account, Security.",
    ),
    "recovery_phone_edit": (
        "remove_method",
        "Look at the recovery telephone number",
        "In the Admin console: Directory, Users, the account, Security.",
    ),
}


def _tokens(subject: Subject, record: Record) -> Iterator[Action]:
    client = record.text("client_id") or record.app
    if not client:
        return
    account = record.account or subject.account
    yield by_record(
        subject,
        record,
        account=account,
        kind="remove_consent",
        title=f"Remove the tokens of {record.text('app_name') or client} for {account}",
        reason=why(record, "An application reads on with its tokens, without a password"),
        before=(
            Read(
                "token",
                directory("GET", "/users/{account}/tokens", SECURITY, "tokens/list", account=account),
                ("clientId", "displayText", "scopes"),
                items="items",
                where=(Condition("clientId", "equal", client),),
            ),
        ),
        each="token",
        calls=(
            directory(
                "DELETE",
                "/users/{account}/tokens/{token.clientId}",
                SECURITY,
                "tokens/delete",
                account=account,
            ),
        ),
        done=Check("token", "absent", ("clientId",)),
        irreversible="The account's holder has to allow the application anew.",
    )
