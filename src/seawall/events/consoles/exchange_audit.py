"""Describe exports of Exchange's own audit: `Search-AdminAuditLog`, simple reports made from it, and `Search-MailboxAuditLog`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seawall.events.consoles.columns import ELSEWHERE, Cell, Row, VendorTable, cell, flag
from seawall.events.formats.json_values import read_structure
from seawall.events.microsoft import m365_columns as m365_audit

_ADMIN, _ITEM, _ITEMS, _AGGREGATED = 1, 2, 3, 50
"""Record types of the unified audit log: a cmdlet, one item, several items, and messages that were read."""
_READING = "mailitemsaccessed"
_LOGONS = {"owner": 0, "admin": 1, "delegate": 2}
_OWNER = 0
_PARAMETER = re.compile(
    r"\s-([A-Za-z]\w*)(?::\s*|\s+)(?:\"(.*?)\"(?=\s+-[A-Za-z]|\s*$)|(\$?[^\s\"-]\S*))", re.DOTALL
)
_LONGEST_COMMAND = 8192
_MOST_ITEMS = 1000


def _logon(text: str) -> Any:
    return _LOGONS.get(text.lower(), text)


_COMMON: Mapping[str, Cell] = {
    "externalaccess": cell("ExternalAccess", flag),
    "originatingserver": cell("OriginatingServer"),
    "clientip": cell("ClientIP"),
    "sessionid": cell("SessionId"),
    "appid": cell("AppId"),
    "clientappid": cell("ClientAppId"),
    "identity": cell("Id"),
}
_CMDLET: Mapping[str, Cell] = {
    **_COMMON,
    "rundate": cell("CreationTime"),
    "rundateutc": cell("CreationTime"),
    "caller": cell("UserId"),
    "cmdletname": cell("Operation"),
    "cmdlet": cell("Operation"),
    "objectmodified": cell("ObjectId"),
    "succeeded": cell("ResultStatus"),
    "cmdletparameters": ELSEWHERE,
    "fullcommand": ELSEWHERE,
    "modifiedproperties": ELSEWHERE,
    "oldvalue": ELSEWHERE,
    "newvalue": ELSEWHERE,
}
_MAILBOX: Mapping[str, Cell] = {
    **_COMMON,
    "lastaccessed": cell("CreationTime"),
    "operation": cell("Operation"),
    "operationresult": cell("ResultStatus"),
    "logontype": cell("LogonType", _logon),
    "internallogontype": cell("InternalLogonType", _logon),
    "clientipaddress": cell("ClientIPAddress"),
    "clientinfostring": cell("ClientInfoString"),
    "clientmachinename": cell("ClientMachineName"),
    "clientprocessname": cell("ClientProcessName"),
    "clientversion": cell("ClientVersion"),
    "mailboxguid": cell("MailboxGuid"),
    "mailboxownerupn": cell("MailboxOwnerUPN"),
    "mailboxownersid": cell("MailboxOwnerSid"),
    "logonuserdisplayname": cell("LogonUserDisplayName"),
    "logonusersid": cell("LogonUserSid"),
    "crossmailboxoperation": cell("CrossMailboxOperation", flag),
    "folderpathname": ELSEWHERE,
    "destfolderpathname": cell("DestFolder.Path"),
    "itemid": cell("Item.Id"),
    "itemsubject": cell("Item.Subject"),
    "itemattachments": cell("Item.Attachments"),
    "iteminternetmessageid": cell("Item.InternetMessageId"),
    "sourceiteminternetmessageidslist": ELSEWHERE,
    "sourceitemsubjectslist": ELSEWHERE,
    "operationproperties": cell("OperationProperties", read_structure),
}


def _read_command(text: str) -> list[dict[str, str]]:
    """Return the parameters of a command: `Set-Mailbox -Identity "a b" -HiddenFromAddressListsEnabled:$true`."""
    found = []
    for name, quoted, bare in _PARAMETER.findall(text):
        value = quoted or {"$true": "True", "$false": "False"}.get(bare.lower(), bare)
        found.append({"Name": name, "Value": value})
    return found


def _read_changes(said: dict[str, str]) -> Any:
    """Return changed properties: a list as JSON, or names, old and new values that are joined by semicolons."""
    names = said.get("modifiedproperties", "")
    found = read_structure(names)
    if not isinstance(found, str) or not names:
        return found
    columns = [said.get(column, "").split(";") for column in ("oldvalue", "newvalue")]
    parts = names.split(";")
    if any(len(column) != len(parts) for column in columns):
        return names
    return [
        {"Name": name, "OldValue": old, "NewValue": new}
        for name, old, new in zip(parts, *columns, strict=True)
    ]


def _finish_cmdlet(record: Row, said: dict[str, str]) -> None:
    """Complete parameters and changes of a cmdlet."""
    record |= {"Workload": "Exchange", "RecordType": _ADMIN}
    listed = said.get("cmdletparameters", "")
    if isinstance(found := read_structure(listed), list | dict):
        record["Parameters"] = found
    elif listed:
        record["CmdletParameters"] = listed
    command = said.get("fullcommand", "")
    parameters = _read_command(command) if len(command) <= _LONGEST_COMMAND else []
    if parameters:
        record.setdefault("Parameters", parameters)
    elif command:
        record["FullCommand"] = command
    changes = _read_changes(said)
    if changes:
        record["ModifiedProperties"] = changes


def _finish_mailbox(record: Row, said: dict[str, str]) -> None:
    """Complete the account, the items and their folder, and the type of the record."""
    is_owner = record.get("LogonType") == _OWNER
    by_other = record.get("LogonUserSid") or record.get("LogonUserDisplayName")
    who = record.get("MailboxOwnerUPN") if is_owner else by_other
    if who:
        record["UserId"] = who
    ids = _split(said.get("sourceiteminternetmessageidslist"))
    subjects = _split(said.get("sourceitemsubjectslist"))
    if ids:
        record["AffectedItems"] = [
            {"InternetMessageId": one, **({"Subject": subjects[place]} if len(subjects) == len(ids) else {})}
            for place, one in enumerate(ids)
        ]
    elif subjects:
        record["AffectedItems"] = [{"Subject": one} for one in subjects]
    folder = said.get("folderpathname")
    if folder:
        if "Item" in record:
            record["Item"]["ParentFolder"] = {"Path": folder}
        else:
            record["Folder"] = {"Path": folder}
    is_reading = str(record.get("Operation", "")).lower() == _READING
    kind = _AGGREGATED if is_reading else _ITEMS if "AffectedItems" in record else _ITEM
    record |= {"Workload": "Exchange", "RecordType": kind}


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(";")[:_MOST_ITEMS] if part.strip()]


ADMIN_AUDIT = VendorTable(
    m365_audit.NAME,
    (
        frozenset({"rundate", "caller", "cmdletname"}),
        frozenset({"rundate", "caller", "cmdlet", "fullcommand"}),
        frozenset({"rundateutc", "caller", "cmdlet", "fullcommand"}),
    ),
    _CMDLET,
    _finish_cmdlet,
)
MAILBOX_AUDIT = VendorTable(
    m365_audit.NAME,
    (
        frozenset({"lastaccessed", "operation", "logontype", "mailboxguid"}),
        frozenset({"lastaccessed", "operation", "logontype", "mailboxownerupn"}),
    ),
    _MAILBOX,
    _finish_mailbox,
)
