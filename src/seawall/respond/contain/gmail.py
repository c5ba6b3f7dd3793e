"""Steps on Gmail's settings: forwarding, filters and delegates. Pure.

They are changed as the account itself, by a service account with domain-wide delegation; that no longer works once the
account is suspended. So at Google what is in the mailbox comes before the account is suspended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.respond.contain.records import Record
from seawall.respond.contain.steps import Subject, by_record, why
from seawall.respond.contain.templates import address
from seawall.schema.response import Action, Call, Check, Condition, Read

DOCS: Final = "https://developers.google.com/workspace/gmail/api/reference/rest/v1/"
BASIC: Final = "https://www.googleapis.com/auth/gmail.settings.basic"
SHARING: Final = "https://www.googleapis.com/auth/gmail.settings.sharing"
FILTER_FIELDS: Final = ("criteria", "action")


def from_record(subject: Subject, record: Record) -> Iterator[Action]:
    """The steps that take back what a record of Gmail's settings did; none for a record of anything else."""
    name = record.activity
    if name in {"gmail.users.settings.updateAutoForwarding", "email_forwarding_out_of_domain"}:
        yield _auto_forwarding(subject, record)
    elif name == "gmail.users.settings.forwardingAddresses.create":
        yield from _forwarding_address(subject, record)
    elif name == "gmail.users.settings.filters.create":
        yield from _filter(subject, record)
    elif name == "gmail.users.settings.delegates.create":
        yield from _delegate(subject, record)


def _gmail(
    method: str,
    account: str,
    path: str,
    scope: str,
    page: str,
    body: dict[str, Any] | None = None,
    **values: str,
) -> Call:
    return Call(
        method,
        address("/gmail/v1/users/{account}/settings/" + path, account=account, **values),
        body,
        permission=scope,
        documentation=DOCS + page,
        service="gmail",
        subject=account,
    )


def _auto_forwarding(subject: Subject, record: Record) -> Action:
    account = record.owner
    fields = ("enabled", "emailAddress", "disposition")
    path, page = "autoForwarding", "users.settings/updateAutoForwarding"
    body = {field: {"$read": f"forwarding.{field}"} for field in fields}
    target = record.text("email_forwarding_destination_address", "emailAddress")
    return by_record(
        subject,
        record,
        account=account,
        kind="remove_forwarding",
        title=f"End the forwarding of {account}" + (f" to {target}" if target else ""),
        reason=why(record, "Forwarding goes on when the intruder is gone"),
        before=(
            Read(
                "forwarding", _gmail("GET", account, path, BASIC, "users.settings/getAutoForwarding"), fields
            ),
        ),
        calls=(_gmail("PUT", account, path, SHARING, page, {"enabled": False}),),
        done=Check("forwarding", "equal", ("enabled",), False),
        undo=(_gmail("PUT", account, path, SHARING, page, body),),
        undone=Check("forwarding", "restored", fields),
    )


def _forwarding_address(subject: Subject, record: Record) -> Iterator[Action]:
    target = record.text("forwardingEmail", "email_forwarding_destination_address")
    if not target:
        return
    account = record.owner
    yield by_record(
        subject,
        record,
        account=account,
        kind="remove_forwarding",
        title=f"Remove {target} from the forwarding addresses of {account}",
        reason=why(record, "A verified address can be forwarded to again at any time"),
        before=(
            Read(
                "address",
                _gmail(
                    "GET", account, "forwardingAddresses", BASIC, "users.settings.forwardingAddresses/list"
                ),
                ("forwardingEmail", "verificationStatus"),
                items="forwardingAddresses",
                where=(Condition("forwardingEmail", "equal", target),),
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
        done=Check("address", "absent", ("forwardingEmail",)),
        irreversible="The address would have to be verified anew.",
    )


def _filter(subject: Subject, record: Record) -> Iterator[Action]:
    account, found = record.owner, record.text("id", "filterId")
    base = "users.settings.filters/"
    if not found:
        yield by_record(
            subject,
            record,
            account=account,
            kind="remove_inbox_rule",
            title=f"Look through the filters of {account}",
            reason=why(
                record, "A filter that forwards or hides mail goes on working after the intruder is gone"
            ),
            by_hand="The record does not name the filter. Look through all of them in Gmail's settings, with the holder.",
            irreversible="Note a filter before removing it.",
        )
        return
    yield by_record(
        subject,
        record,
        account=account,
        kind="remove_inbox_rule",
        title=f"Remove the filter {found} of {account}",
        reason=why(record, "A filter that forwards or hides mail goes on working after the intruder is gone"),
        before=(
            Read(
                "filter",
                _gmail("GET", account, "filters", BASIC, base + "list"),
                ("id", *FILTER_FIELDS),
                items="filter",
                where=(Condition("id", "equal", found),),
            ),
        ),
        each="filter",
        calls=(_gmail("DELETE", account, "filters/{filter.id}", BASIC, base + "delete"),),
        done=Check("filter", "absent", ("id",)),
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
        undone=Check("filter", "restored", FILTER_FIELDS),
        details={"note": "A filter that is put back gets a new id."},
    )


def _delegate(subject: Subject, record: Record) -> Iterator[Action]:
    delegate, account = record.text("delegateEmail", "delegate_email"), record.owner
    if not delegate:
        return
    base = "users.settings.delegates/"
    yield by_record(
        subject,
        record,
        account=account,
        kind="remove_delegate",
        title=f"Take the mailbox {account} from its delegate {delegate}",
        reason=why(record, "A delegate reads on when the account is clean again"),
        before=(
            Read(
                "delegate",
                _gmail("GET", account, "delegates", BASIC, base + "list"),
                ("delegateEmail", "verificationStatus"),
                items="delegates",
                where=(Condition("delegateEmail", "equal", delegate),),
            ),
        ),
        each="delegate",
        calls=(_gmail("DELETE", account, "delegates/{delegate.delegateEmail}", SHARING, base + "delete"),),
        done=Check("delegate", "absent", ("delegateEmail",)),
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
        undone=Check("delegate", "restored", ("delegateEmail",)),
    )
