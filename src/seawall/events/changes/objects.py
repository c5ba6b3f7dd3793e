"""Name what a change record concerns: application, rule, mailbox, permission, member of a role. Pure."""

from __future__ import annotations

import re
from typing import Final

from seawall.events.applications.names import find_application_name
from seawall.events.changes.records import ChangeRecord

FORWARDS: Final = ("forwardingsmtpaddress", "forwardingaddress")
"""Parameters of a mailbox that forward its mail, in lower case."""

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MEMBERS: Final = frozenset({"User", "Group", "ServicePrincipal"})
_NO_VALUE: Final = frozenset({"", "null", "false", "none", "0"})


def sets_parameter(record: ChangeRecord, name: str) -> bool:
    """Return whether a record sets a parameter rather than clearing it."""
    return record.text(name).strip("$\" '[]{}").lower() not in {"", "null"}


def is_on(record: ChangeRecord, name: str) -> bool:
    """Return whether a record switches a parameter on, or gives it a value."""
    return record.text(name).strip("$\" '[]{}").lower() not in _NO_VALUE


def find_rule_name(record: ChangeRecord) -> str:
    """Return the name of the inbox rule in a record, or an empty text if it is not stated."""
    named = record.text("Name", "RuleName")
    if named:
        return named
    identity = record.text("Identity") or record.resource
    return identity.rpartition("\\")[2] if "\\" in identity else ""


def find_flow_rule_name(record: ChangeRecord) -> str:
    """Return the name of the rule or connector of the organisation's mail flow in a record."""
    return record.text("Name") or record.text("Identity") or record.resource.rpartition("\\")[2]


def find_application(record: ChangeRecord) -> str:
    """Return the application that a record concerns: its name, else its id."""
    named = record.text("Target", "DisplayName", "app_name", "API_CLIENT_NAME")
    if named and not _GUID.fullmatch(named):
        return named
    uid = named or record.text("AppId", "client_id") or record.resource or record.app
    return find_application_name(uid) or uid


def find_opened_mailbox(record: ChangeRecord) -> str:
    """Return the mailbox on which a record gives a permission: its address, else its directory name.

    Exchange names it by a directory name if an administrator chose it by another name than its address.
    """
    return record.mailbox or record.text("Identity", "Mailbox") or record.resource or record.account


def find_grantee(record: ChangeRecord) -> str:
    """Return who gets a permission, as the record names him."""
    return record.text("User", "Trustee", "MemberUpn")


def find_role_member(record: ChangeRecord) -> str:
    """Return the account that got the role: the record's first target that can hold one, else its resource."""
    targets = record.raw.get("targetResources")
    for target in targets if isinstance(targets, list) else []:
        if isinstance(target, dict) and target.get("type") in _MEMBERS and is_guid(str(target.get("id"))):
            return str(target["id"])
    kind, _, uid = record.resource.partition("_")
    return uid if kind in _MEMBERS and is_guid(uid) else record.resource


def is_guid(text: str) -> bool:
    """Return whether a text is an object id or application id."""
    return _GUID.fullmatch(text) is not None


def shorten_directory_name(name: str) -> str:
    """Return the last part of a directory name: `ITCompany` of `EURPR04A009.PROD.OUTLOOK.COM/…/ITCompany`."""
    last = name.strip().removeprefix("smtp:").removeprefix("SMTP:")
    return last if "@" in last and "/" not in last else last.rstrip("/").rpartition("/")[2]
