"""Build steps for a Google Workspace account with the Directory API; `gmail.py` has Gmail settings. Pure.

docs/reference/containment-calls.md lists every call with the statement of Google's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment import gmail, google_roles
from seawall.response.containment.google_directory import SECURITY, USERS, call_directory, read_user
from seawall.response.containment.steps import (
    OLD_ONE_IS_GONE,
    SESSIONS_STAY_ENDED,
    StepSubject,
    describe_record,
    make_account_step,
    make_record_step,
)
from seawall.response.containment.values import ChangeCheck, ContainmentStep, StateRead, TargetCondition


def suspend_account(subject: StepSubject) -> ContainmentStep:
    """Build the step that suspends the account."""
    account = {"account": subject.account}
    return make_account_step(
        subject,
        vendor="google",
        kind="disable_account",
        title=f"Suspend {subject.account}",
        reason="Nobody signs in to the account until its owner has it back. Google's help says that suspending resets sign-in "
        "cookies and applications' tokens, and that new mail is blocked meanwhile.",
        before=(read_user(subject.account),),
        calls=(
            call_directory("PUT", "/users/{account}", USERS, "users/update", {"suspended": True}, **account),
        ),
        done=ChangeCheck("user", "equal", ("suspended",), True),
        undo=(
            call_directory(
                "PUT",
                "/users/{account}",
                USERS,
                "users/update",
                {"suspended": {"$read": "user.suspended"}},
                **account,
            ),
        ),
        undone=ChangeCheck("user", "restored", ("suspended",)),
    )


def reset_password(subject: StepSubject) -> ContainmentStep:
    """Build the step that sets a random unknown password.

    Google does not report password changes, so the change cannot be verified.
    """
    body = {"password": {"$given": "password"}, "changePasswordAtNextLogin": True}
    return make_account_step(
        subject,
        vendor="google",
        kind="reset_password",
        title=f"Replace the password of {subject.account}",
        reason="A password that the intruder knows opens the next session. Where another provider signs in, reset it there too.",
        calls=(
            call_directory("PUT", "/users/{account}", USERS, "users/update", body, account=subject.account),
        ),
        irreversible=OLD_ONE_IS_GONE,
    )


def revoke_sessions(subject: StepSubject, *, is_last: bool) -> ContainmentStep:
    """Build the step that signs the account out everywhere. `is_last` marks the repetition at the end of the plan."""
    return make_account_step(
        subject,
        vendor="google",
        kind="revoke_sessions",
        title=f"Sign {subject.account} out everywhere{' once more' if is_last else ''}",
        reason="What was opened while the other steps ran would live on."
        if is_last
        else "Ends web and device sessions. Of applications' tokens Google does not say so: those are removed one by one.",
        calls=(
            call_directory(
                "POST", "/users/{account}/signOut", SECURITY, "users/signOut", account=subject.account
            ),
        ),
        irreversible=SESSIONS_STAY_ENDED,
        details={"last": is_last},
    )


def remove_app_passwords(subject: StepSubject) -> ContainmentStep:
    """Build the step that deletes all application passwords, which bypass the second factor."""
    return make_account_step(
        subject,
        vendor="google",
        kind="remove_method",
        title=f"Remove all application passwords of {subject.account}",
        reason="An application password needs no second factor, and nothing in the log tells who made it.",
        before=(
            StateRead(
                "password",
                call_directory(
                    "GET", "/users/{account}/asps", SECURITY, "asps/list", account=subject.account
                ),
                ("codeId", "name", "creationTime"),
                items="items",
            ),
        ),
        each="password",
        calls=(
            call_directory(
                "DELETE",
                "/users/{account}/asps/{password.codeId}",
                SECURITY,
                "asps/delete",
                account=subject.account,
            ),
        ),
        done=ChangeCheck("password", "absent", ("codeId",)),
        irreversible="A removed application password cannot be put back: its owner makes another one.",
    )


def invalidate_backup_codes(subject: StepSubject) -> ContainmentStep:
    """Build the step that invalidates the backup codes.

    They are not read first: a list of them is a list of working second factors.
    """
    return make_account_step(
        subject,
        vendor="google",
        kind="remove_method",
        title=f"Invalidate the backup codes of {subject.account}",
        reason="A backup code is a second factor that outlives the password, and nothing in the log tells who wrote it down.",
        calls=(
            call_directory(
                "POST",
                "/users/{account}/verificationCodes/invalidate",
                SECURITY,
                "verificationCodes/invalidate",
                account=subject.account,
            ),
        ),
        irreversible="Codes that were invalidated stay invalid: the owner makes new ones.",
    )


def review_methods(subject: StepSubject) -> ContainmentStep:
    """Build a manual step to review second factors and devices, which no API call lists."""
    return make_account_step(
        subject,
        vendor="google",
        kind="remove_method",
        confidence="precaution",
        title=f"Look through the second factors and devices of {subject.account} with its owner",
        reason="A second factor, a passkey, a recovery address or a device that an intruder added survives the reset of the "
        "password. Google's interface lists none of them with their time, and logs do not hold every one.",
        by_hand="In the Admin console: Directory, Users, the account, Security: remove what its owner does not know. Then "
        "Devices: block or wipe what is not the owner's.",
        irreversible="Note what you remove: the owner adds it again.",
    )


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the steps that undo a record of Google, Gmail settings included; none for a record of another kind."""
    yield from gmail.undo_steps(subject, record)
    yield from google_roles.undo_steps(subject, record)
    name = record.activity
    if name == "authorize":
        yield from _tokens(subject, record)
    elif name in _BY_HAND:
        kind, title, how = _BY_HAND[name]
        yield make_record_step(
            subject,
            record,
            kind=kind,
            title=f"{title}: {record.text('API_CLIENT_NAME', 'ROLE_NAME', 'SETTING_NAME') or record.resource or record.account}",
            reason=describe_record(record, "It stays when the account is clean again"),
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


def _tokens(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    client = record.text("client_id") or record.app
    if not client:
        return
    account = record.account or subject.account
    yield make_record_step(
        subject,
        record,
        account=account,
        kind="remove_consent",
        title=f"Remove the tokens of {record.text('app_name') or client} for {account}",
        reason=describe_record(record, "An application reads on with its tokens, without a password"),
        before=(
            StateRead(
                "token",
                call_directory("GET", "/users/{account}/tokens", SECURITY, "tokens/list", account=account),
                ("clientId", "displayText", "scopes"),
                items="items",
                where=(TargetCondition("clientId", "equal", client),),
            ),
        ),
        each="token",
        calls=(
            call_directory(
                "DELETE",
                "/users/{account}/tokens/{token.clientId}",
                SECURITY,
                "tokens/delete",
                account=account,
            ),
        ),
        done=ChangeCheck("token", "absent", ("clientId",)),
        irreversible="The account's owner has to allow the application anew.",
    )
