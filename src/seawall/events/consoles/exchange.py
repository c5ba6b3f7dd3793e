"""Describe message traces of Exchange: the reports of its admin centre, and those of its cmdlets."""

from __future__ import annotations

from collections.abc import Mapping

from seawall.events.consoles.columns import ELSEWHERE, Cell, Row, VendorTable, cell, number, put
from seawall.events.microsoft import mail_flow

_STATUS = "##"
"""What separates a recipient from the steps of the way to it: `ann@contoso.example##Receive, Deliver`."""
_MOST_RECIPIENTS = 1000

_TRACE: Mapping[str, Cell] = {
    "origintimestamputc": cell("receivedDateTime"),
    "origintimestamp": cell("receivedDateTime"),
    "datetimeutc": cell("receivedDateTime"),
    "received": cell("receivedDateTime"),
    "receiveddatetime": cell("receivedDateTime"),
    "senderaddress": cell("senderAddress"),
    "recipientaddress": cell("recipientAddress"),
    "recipientstatus": ELSEWHERE,
    "subject": cell("subject"),
    "messagesubject": cell("subject"),
    "status": cell("status"),
    "size": cell("size", number),
    "totalbytes": cell("size", number),
    "messageid": cell("messageId"),
    "networkmessageid": cell("networkMessageId"),
    "messagetraceid": cell("id"),
    "fromip": cell("fromIP"),
    "toip": cell("toIP"),
    "originalclientip": cell("originalClientIp"),
    "directionality": cell("directionality"),
    "eventid": cell("eventId"),
    "returnpath": cell("returnPath"),
    "tenantid": cell("tenant"),
    "source": cell("source"),
}


def _finish(record: Row, said: dict[str, str]) -> None:
    """Complete recipients and their status."""
    pairs = [
        part.partition(_STATUS) for part in said.get("recipientstatus", "").split(";")[:_MOST_RECIPIENTS]
    ]
    recipients = [name.strip() for name, mark, _ in pairs if mark and name.strip()]
    if recipients:
        put(record, ("recipientAddress",), recipients[0])
        put(record, ("status",), pairs[0][2].strip())
        if len(recipients) > 1:
            record["recipients"] = recipients


MESSAGE_TRACE = VendorTable(
    mail_flow.NAME,
    (
        frozenset({"origintimestamputc", "senderaddress", "recipientstatus"}),
        frozenset({"origintimestamp", "senderaddress", "recipientstatus"}),
        frozenset({"datetimeutc", "eventid", "internalmessageid"}),
        frozenset({"datetimeutc", "eventid", "senderaddress"}),
        frozenset({"received", "senderaddress", "recipientaddress", "messagetraceid"}),
        frozenset({"received", "senderaddress", "recipientaddress", "messageid"}),
    ),
    _TRACE,
    _finish,
)
