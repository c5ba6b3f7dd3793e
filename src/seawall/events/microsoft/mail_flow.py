"""Read the flow of mail: `EmailEvents` and `UrlClickEvents` of advanced hunting, and message traces of Exchange.

Who sends a message from within the organisation acts. Who receives one does not, so such a record is of kind `other`.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow.compute as pc

from seawall.events.event_table import Normalised, parse_times
from seawall.events.formats.field_capitals import RecordFields
from seawall.events.formats.json_values import content_id, encode
from seawall.events.microsoft.m365_meanings import address, clean, identifier
from seawall.events.microsoft.record_origin import read_origin_with

NAME = "mail_flow"
RAW_COLUMNS = (
    "metadata_uid", "time", "kind", "activity_name", "status", "status_code", "status_detail", "org_uid", "account",
    "account_type", "actor_user_uid", "mailbox", "logon_type", "resource_uid", "src_ip", "access_type", "item_count",
)  # fmt: skip

SENT = "Send"
"""Operation of a message that was sent from within the organisation, as in the unified audit log."""
RECEIVED = "Receive"
_STREAMED = re.compile(r"(?i)AdvancedHunting-(EmailEvents|UrlClickEvents)")
_TABLES = {"emailevents": "email", "urlclickevents": "click"}
_MARKS = {
    "email": ("networkmessageid", "recipientemailaddress", "emaildirection"),
    "click": ("url", "accountupn", "actiontype", "networkmessageid"),
    "trace": ("receiveddatetime", "senderaddress", "recipientaddress", "messageid"),
}
"""Fields by which a record without its table's name is recognised."""
_FROM_WITHIN = frozenset({"outbound", "intraorg", "originating", "2"})
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,128}@[^\s@<>,;\"]{1,255}")
_NOTHING = re.compile(r"[\W_]+")

_USED = frozenset({
    "timestamp", "timegenerated", "time", "type", "category", "operationname", "properties", "tenantid", "sourcesystem",
    "_timereceivedbysvc", "_billedsize", "_isbillable", "mg", "accountupn", "ipaddress", "url", "actiontype",
    "senderobjectid", "receiveddatetime", "tenant",
})  # fmt: skip
"""Fields that columns hold, or that are irrelevant to a takeover. Every other field goes to `unmapped`."""

_ENDED = {
    "delivered": "success", "junked": "success", "replaced": "success", "expanded": "success", "resolved": "success",
    "receive, send": "success", "receive, deliver": "success", "blocked": "failure", "failed": "failure",
    "receive, fail": "failure",
}  # fmt: skip


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a record of the flow of mail."""
    return _find_log(record) is not None


def _find_log(record: dict[str, Any]) -> str | None:
    category, table, found = _read_origin(record)
    if found is not None:
        return found
    if isinstance(table, str) and table.lower() in _TABLES:
        return _TABLES[table.lower()]
    match = _STREAMED.fullmatch(category) if isinstance(category, str) else None
    return _TABLES[match[1].lower()] if match else None


_read_origin = read_origin_with(
    lambda names: next((log for log, marks in _MARKS.items() if names >= frozenset(marks)), None)
)


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last."""
    get = RecordFields(record)
    log = _find_log(record)
    values = _read_click(get) if log == "click" else _read_mail(get)
    values["metadata_uid"] = values.get("metadata_uid") or content_id(record)
    # A streamed record's `Tenant` is a name such as DefaultTenant. A row's `TenantId` is that of its workspace.
    values["org_uid"] = identifier(
        get.envelope_text("tenantid") if "properties" in record else get.text("tenant")
    )
    values["time"] = get.text("timestamp", "receiveddatetime") or get.text("timegenerated", "time")
    kept = get.rest(_USED)
    return (*(values.get(name) for name in RAW_COLUMNS), encode(kept) if kept else None)


def _read_mail(get: RecordFields) -> dict[str, str | None]:
    """Return the columns of a message: of `EmailEvents`, or of a trace in the spelling of Graph's `exchangeMessageTrace`."""
    sender = _mail_address(get.text("senderfromaddress", "senderaddress"))
    sender = sender or _mail_address(get.text("sendermailfromaddress", "returnpath"))
    recipient = get.text("recipientemailaddress", "recipientaddress")
    direction = _NOTHING.sub("", get.text("emaildirection", "directionality") or "").lower()
    is_sent = _is_from_within(get, direction) and sender is not None and _begins(get)
    status, code, detail = _status(get.text("deliveryaction", "status"))
    step = clean(get.text("eventid"))
    values = {
        "metadata_uid": _message_id(get, recipient),
        "kind": "mail_action" if is_sent else "other",
        "activity_name": SENT if is_sent else step or RECEIVED,
        "resource_uid": recipient,
        "status_detail": detail,
    }
    if is_sent:
        values |= {
            "status": status or ("success" if step else None),
            "status_code": code,
            "account": sender,
            "account_type": "user",
            "actor_user_uid": identifier(get.text("senderobjectid")),
            "mailbox": sender,
            "src_ip": address(get.text("originalclientip"))[0],
            "item_count": "1",
        }
    return values


def _is_from_within(get: RecordFields, direction: str) -> bool:
    """Return whether a message was sent from within the organisation.

    A trace of Graph or of a cmdlet has no direction. It has no address of a server where Exchange Online itself sends.
    """
    if direction:
        return direction in _FROM_WITHIN
    return "id" in get and "messageid" in get and get.text("fromip") is None


def _begins(get: RecordFields) -> bool:
    """Return whether a record tells of the submission of a message, which later steps of its way repeat."""
    step = (get.text("eventid") or "").upper()
    return step in ("", "RECEIVE", "SUBMIT") and (get.text("source") or "").upper() not in (
        "MAILBOXRULE",
        "DSN",
    )


def _read_click(get: RecordFields) -> dict[str, str | None]:
    """Return the columns of a click on a link."""
    action = clean(get.text("actiontype"))
    account = _mail_address(get.text("accountupn"))
    is_mail = (get.text("workload") or "email").lower() == "email"
    lowered = (action or "").lower()
    passed = (get.text("isclickedthrough") or "").lower() in ("true", "1")
    status = "success" if passed or "allowed" in lowered else "failure" if "blocked" in lowered else None
    report = get.text("reportid")
    values = {
        "metadata_uid": f"{report}:{action or ''}" if report else None,
        "kind": "mail_access" if is_mail else "other",
        "activity_name": action,
        "status": status,
        "status_code": action if status == "failure" else None,
        "account": account,
        "account_type": "user" if account else None,
        "resource_uid": get.text("url"),
        "src_ip": address(get.text("ipaddress"))[0],
    }
    if is_mail and account:
        values |= {"mailbox": account, "logon_type": "owner", "access_type": "bind", "item_count": "1"}
    return values


def _message_id(get: RecordFields, recipient: str | None) -> str | None:
    """Return the id of a message for one recipient; None for a step of its way, which has none."""
    message = get.text("networkmessageid", "id")
    if not message or get.text("eventid"):
        return None
    return f"{message}:{recipient.lower()}" if recipient else message


def _status(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Return status, code and detail. A message that waits, or lies in quarantine, has only the detail."""
    said = clean(text)
    status = _ENDED.get((said or "").lower())
    return status, said if status == "failure" else None, said


def _mail_address(text: str | None) -> str | None:
    found = (clean(text) or "").strip("<>").lower()
    return found if _ADDRESS.fullmatch(found) else None


def normalise(table: Any) -> Normalised:
    """Return the event columns, which `row` has computed already."""
    columns = {name: table.column(name) for name in (*RAW_COLUMNS, "unmapped") if name != "time"}
    columns["item_count"] = pc.cast(columns["item_count"], "int32")
    return Normalised(parse_times(table.column("time")), columns)
