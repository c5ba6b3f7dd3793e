"""Build steps on Gmail settings: forwarding, filters and delegates. Pure.

A service account with domain-wide delegation changes them by impersonating the account. Impersonation stops working
once the account is suspended, so at Google mailbox steps come before suspension.

Google's API log (`token`) names the method but not its arguments; such records become manual steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.steps import StepSubject, describe_record, make_record_step
from seawall.response.containment.templates import fill_address
from seawall.response.containment.values import (
    ActionKind,
    ChangeCheck,
    ContainmentStep,
    StateRead,
    TargetCondition,
    VendorCall,
)

DOCS: Final = "https://developers.google.com/workspace/gmail/api/reference/rest/v1/"
BASIC: Final = "https://www.googleapis.com/auth/gmail.settings.basic"
SHARING: Final = "https://www.googleapis.com/auth/gmail.settings.sharing"
FILTER_FIELDS: Final = ("criteria", "action")

_SENDERS: Final[tuple[ActionKind, str, str]] = (
    "remove_forwarding", "addresses to send as", "Answers go where the intruder set them to go",
)  # fmt: skip
_OLD_PROTOCOLS: Final[tuple[ActionKind, str, str]] = (
    "remove_forwarding", "settings of POP and IMAP", "A mail program of the intruder's goes on fetching mail",
)  # fmt: skip


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the steps that undo a record of Gmail settings; none for a record of another kind."""
    name = record.activity
    if name in {"gmail.users.settings.updateAutoForwarding", "email_forwarding_out_of_domain"}:
        yield _auto_forwarding(subject, record)
    elif name == "gmail.users.settings.forwardingAddresses.create":
        yield _forwarding_address(subject, record)
    elif name == "gmail.users.settings.filters.create":
        yield _filter(subject, record)
    elif name == "gmail.users.settings.delegates.create":
        yield _delegate(subject, record)
    elif name in _TO_LOOK_AT:
        yield _make_review(subject, record, *_TO_LOOK_AT[name])


_TO_LOOK_AT: Final[dict[str, tuple[ActionKind, str, str]]] = {
    "gmail.users.settings.sendAs.create": _SENDERS,
    "gmail.users.settings.sendAs.update": _SENDERS,
    "gmail.users.settings.sendAs.patch": _SENDERS,
    "gmail.users.settings.updateVacation": (
        "remove_forwarding", "automatic answers", "An automatic answer tells every sender what the intruder wants",
    ),
    "gmail.users.settings.updateImap": _OLD_PROTOCOLS,
    "gmail.users.settings.updatePop": _OLD_PROTOCOLS,
}  # fmt: skip


def _make_review(
    subject: StepSubject, record: ChangeRecord, kind: ActionKind, what: str, reason: str
) -> ContainmentStep:
    """Build a manual step for a record that says a setting changed, but not to what value."""
    account = record.owner
    return make_record_step(
        subject,
        record,
        account=account,
        kind=kind,
        title=f"Look through the {what} of {account}",
        reason=describe_record(record, reason),
        by_hand=f"The record does not say what was set. Look through the {what} in Gmail's settings, with the owner.",
        irreversible="Note what you change: Seawall cannot put it back.",
    )


def _gmail(
    method: str,
    account: str,
    path: str,
    scope: str,
    page: str,
    body: dict[str, Any] | None = None,
    **values: str,
) -> VendorCall:
    return VendorCall(
        method,
        fill_address("/gmail/v1/users/{account}/settings/" + path, account=account, **values),
        body,
        permission=scope,
        documentation=DOCS + page,
        service="gmail",
        subject=account,
    )


def _auto_forwarding(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    account = record.owner
    fields = ("enabled", "emailAddress", "disposition")
    path, page = "autoForwarding", "users.settings/updateAutoForwarding"
    body = {field: {"$read": f"forwarding.{field}"} for field in fields}
    target = record.text("email_forwarding_destination_address", "emailAddress")
    return make_record_step(
        subject,
        record,
        account=account,
        kind="remove_forwarding",
        title=f"End the forwarding of {account}" + (f" to {target}" if target else ""),
        reason=describe_record(record, "Forwarding goes on when the intruder is gone"),
        before=(
            StateRead(
                "forwarding", _gmail("GET", account, path, BASIC, "users.settings/getAutoForwarding"), fields
            ),
        ),
        calls=(_gmail("PUT", account, path, SHARING, page, {"enabled": False}),),
        done=ChangeCheck("forwarding", "equal", ("enabled",), False),
        undo=(_gmail("PUT", account, path, SHARING, page, body),),
        undone=ChangeCheck("forwarding", "restored", fields),
        details={
            "note": "Google forwards to an address again only while it is among the verified forwarding addresses."
        },
    )


def _forwarding_address(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    target = record.text("forwardingEmail", "email_forwarding_destination_address")
    reason = "A verified address can be forwarded to again at any time"
    if not target:
        return _make_review(subject, record, "remove_forwarding", "forwarding addresses", reason)
    account = record.owner
    return make_record_step(
        subject,
        record,
        account=account,
        kind="remove_forwarding",
        title=f"Remove {target} from the forwarding addresses of {account}",
        reason=describe_record(record, reason),
        before=(
            StateRead(
                "address",
                _gmail(
                    "GET", account, "forwardingAddresses", BASIC, "users.settings.forwardingAddresses/list"
                ),
                ("forwardingEmail", "verificationStatus"),
                items="forwardingAddresses",
                where=(TargetCondition("forwardingEmail", "equal", target),),
            ),
        ),
        each="address",
        calls=(
            _gmail(
                "DELETE",
                account,
                "forwardingAddresses/{address.forwardingEmail}",
                SHARING,
                "users.settings.forwardingAddresses/delete",
            ),
        ),
        done=ChangeCheck("address", "absent", ("forwardingEmail",)),
        irreversible="The address would have to be verified anew.",
    )


def _filter(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    account, found = record.owner, record.text("id", "filterId")
    base = "users.settings.filters/"
    reason = "A filter that forwards or hides mail goes on working after the intruder is gone"
    if not found:
        return _make_review(subject, record, "remove_inbox_rule", "filters", reason)
    return make_record_step(
        subject,
        record,
        account=account,
        kind="remove_inbox_rule",
        title=f"Remove the filter {found} of {account}",
        reason=describe_record(record, reason),
        before=(
            StateRead(
                "filter",
                _gmail("GET", account, "filters", BASIC, base + "list"),
                ("id", *FILTER_FIELDS),
                items="filter",
                where=(TargetCondition("id", "equal", found),),
            ),
        ),
        each="filter",
        calls=(_gmail("DELETE", account, "filters/{filter.id}", BASIC, base + "delete"),),
        done=ChangeCheck("filter", "absent", ("id",)),
        undo=(
            _gmail(
                "POST",
                account,
                "filters",
                BASIC,
                base + "create",
                {field: {"$read": f"filter.{field}"} for field in FILTER_FIELDS},
            ),
        ),
        undone=ChangeCheck("filter", "restored", FILTER_FIELDS),
        details={"note": "A filter that is put back gets a new id."},
    )


def _delegate(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    delegate, account = record.text("delegateEmail", "delegate_email"), record.owner
    reason = "A delegate reads on when the account is clean again"
    if not delegate:
        return _make_review(subject, record, "remove_delegate", "delegates", reason)
    base = "users.settings.delegates/"
    return make_record_step(
        subject,
        record,
        account=account,
        kind="remove_delegate",
        title=f"Take the mailbox {account} from its delegate {delegate}",
        reason=describe_record(record, reason),
        before=(
            StateRead(
                "delegate",
                _gmail("GET", account, "delegates", BASIC, base + "list"),
                ("delegateEmail", "verificationStatus"),
                items="delegates",
                where=(TargetCondition("delegateEmail", "equal", delegate),),
            ),
        ),
        each="delegate",
        calls=(_gmail("DELETE", account, "delegates/{delegate.delegateEmail}", SHARING, base + "delete"),),
        done=ChangeCheck("delegate", "absent", ("delegateEmail",)),
        undo=(
            _gmail(
                "POST",
                account,
                "delegates",
                SHARING,
                base + "create",
                {"delegateEmail": {"$read": "delegate.delegateEmail"}},
            ),
        ),
        undone=ChangeCheck("delegate", "restored", ("delegateEmail",)),
    )
