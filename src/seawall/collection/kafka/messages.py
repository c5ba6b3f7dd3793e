"""Split messages into lines, one record a line, unchanged. Anything that is no record becomes a line that says so.

A message holds a record, an array of records, one record a line, or the envelope of Azure's diagnostic settings
(`{"records": [...]}`). All of its content appears in the lines: no producer can make a part of it disappear.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pybase64

from seawall.vendor_api.responses import MalformedResponse, lines_of

UNREAD: Final = "unread_message"
"""The only field of a line that holds something other than a record. It has no time, so that readers report a problem."""

_ENVELOPE: Final = re.compile(rb'\s*\{\s*"records"\s*:\s*(?=\[)')
_END: Final = re.compile(rb"\s*\}\s*")
_BOM: Final = b"\xef\xbb\xbf"


def message_lines(value: bytes | None, topic: str, partition: int, offset: int) -> tuple[list[bytes], str]:
    """Return a message's lines, at least one, and the fault of the message, empty if all of it is records.

    Faults: `no-value` and `empty`: there is no content; `not-text`: it is not UTF-8; `not-json`; `too-deep`: nested too
    deeply; `no-record`: JSON that is no object, or a list with such members, which are kept besides the objects.
    """
    if value is None:
        return [_make_unread(b"", "no-value", topic, partition, offset)], "no-value"
    records, rest, reason = _take(value)
    if reason:
        records.append(_make_unread(rest, reason, topic, partition, offset))
    return records, reason


def _take(value: bytes) -> tuple[list[bytes], bytes, str]:
    """Return the records of a message, the rest, and the fault that explains the rest."""
    body = value.removeprefix(_BOM).strip()
    if not body:
        return [], value, "empty"
    try:
        str(body, "utf-8")
        members = _members(body)
        is_record = [bytes(member[:1]) == b"{" for member in members]
        lines = lines_of([msgspec.Raw(one) for one, is_one in zip(members, is_record, strict=True) if is_one])
    except UnicodeDecodeError:
        return [], value, "not-text"
    except RecursionError:
        return [], value, "too-deep"
    except (msgspec.MsgspecError, ValueError, MalformedResponse):
        return [], value, "not-json"
    if not lines:
        return [], value, "no-record"
    others = [bytes(member) for member, is_one in zip(members, is_record, strict=True) if not is_one]
    return lines, b"[" + b",".join(others) + b"]", "no-record" if others else ""


def _members(body: bytes) -> Sequence[bytes]:
    """Return the JSON values of a message: the members of a list, or its lines. Raises `MsgspecError` and `RecursionError`."""
    if body[:1] == b"[":
        return _list(body)
    envelope = _ENVELOPE.match(body)
    if envelope is not None:
        inner = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get("records", msgspec.Raw(b""))
        # Only if the list is all there is: a second list, or fields around it, must not be lost.
        if _END.fullmatch(body, envelope.end() + len(bytes(inner))):
            members = _list(bytes(inner))
            return members or [body]
    try:
        return [_check(body)]
    except msgspec.MsgspecError:
        rows = [row for row in body.splitlines() if row.strip()] if b"\n" in body else []
        if not rows or not all(row.lstrip()[:1] == b"{" for row in rows):
            raise
        return [_check(row.strip()) for row in rows]


def _list(body: bytes) -> list[bytes]:
    return [bytes(member) for member in msgspec.json.decode(body, type=list[msgspec.Raw])]


def _check(text: bytes) -> bytes:
    msgspec.json.decode(text, type=msgspec.Raw)
    return text


def _make_unread(value: bytes, reason: str, topic: str, partition: int, offset: int) -> bytes:
    about: dict[str, Any] = {"topic": topic, "partition": partition, "offset": offset, "reason": reason}
    about |= {"bytes": len(value), "base64": pybase64.b64encode_as_string(value)}
    return msgspec.json.encode({UNREAD: about})
