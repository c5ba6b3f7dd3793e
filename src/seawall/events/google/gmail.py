"""Interpret `delivery` events of the `gmail` log, which share one name and differ in a number.

`event_info.mail_event_type` is documented at developers.google.com/workspace/admin/reports/v1/appendix/activity/gmail.
"""

from __future__ import annotations

from typing import Any

from seawall.events.formats.json_values import as_text

DELIVERY = "delivery"
_READ = {
    7: "opened",
    15: "link_clicked",
    16: "link_in_attachment_clicked",
    17: "attachment_downloaded",
    18: "attachment_saved",
    19: "drive_item_saved",
    28: "attachment_previewed",
    31: "viewed",
    32: "downloaded",
    33: "read_by_application",
}
_DONE = {
    1: "sent",
    3: "spam_classified",
    8: "marked_unread",
    9: "replied",
    10: "forwarded",
    12: "moved_to_inbox",
    13: "moved_to_trash",
    14: "moved_out_of_trash",
    26: "archived",
    27: "deleted",
}
"""Actions of a person on a message. All other numbers (receipt, quarantine, labels) are actions of Gmail."""
_CLIENTS = {
    "web": "gmail/web",
    "ios": "gmail/ios",
    "android": "gmail/android",
    "imap": "unknown-mail/imap",
    "pop3": "unknown-mail/pop",
    "api": "gmail/api",
}


def delivery(parameters: dict[str, Any]) -> tuple[str, str | None]:
    """Return (kind, operation) of a delivery event, from its parameters by lower-case name."""
    code = _number(_part(parameters, "event_info").get("mail_event_type"))
    if code in _READ:
        return "mail_access", f"{DELIVERY}:{_READ[code]}"
    return ("mail_action", f"{DELIVERY}:{_DONE[code]}") if code in _DONE else ("other", None)


def client(parameters: dict[str, Any]) -> str | None:
    """Return the client (family/protocol) that an event of the `gmail` log names."""
    context = _part(_part(parameters, "event_info"), "client_context")
    return _CLIENTS.get((as_text(context.get("client_type")) or "").lower())


def delegate(parameters: dict[str, Any]) -> str | None:
    """Return the address of the delegate who acted in the mailbox, or None for its owner."""
    context = _part(_part(parameters, "event_info"), "client_context")
    found = _part(context, "session_context").get("delegate_user_email")
    return found if isinstance(found, str) and "@" in found else None


def _part(held: dict[str, Any], name: str) -> dict[str, Any]:
    found = held.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 5:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
