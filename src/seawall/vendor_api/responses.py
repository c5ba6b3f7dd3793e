"""Decode JSON answers of vendors, leaving each log record as the bytes that the vendor sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from seawall_base.rfc3339 import parse_time

_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_AUDIT_OFF: Final = re.compile(r"DataServiceException: Tenant [0-9a-fA-F-]{36} does not exist")
"""Message of Microsoft's Management API if a tenant's unified audit log is off; it has no code of its own.

Source: "Troubleshooting the Office 365 Management Activity API".
"""

_LONGEST_TIME: Final = 40
_LATEST: Final = 1 << 53


class MalformedResponse(Exception):
    """An answer is not JSON, or lacks the required form."""


def decode_body(body: bytes, kind: Any) -> Any:
    """Decode an answer's JSON as a type. Raises MalformedResponse for anything else, however deeply nested."""
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        raise MalformedResponse from None


def lines_of(records: Sequence[msgspec.Raw]) -> list[bytes]:
    """Return each record on one line. In valid JSON a line break is only white space between values, so it becomes a blank."""
    return [bytes(record).replace(b"\n", b" ").replace(b"\r", b" ") for record in records]


def digest_parts(*parts: bytes) -> bytes:
    """Return a digest of 16 bytes over the parts and their lengths."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def parse_vendor_time(text: str | None) -> int:
    """Return a time in microseconds since 1970, or 0 for an invalid text. Without a zone it is UTC, as vendors mean it."""
    if not text or len(text) > _LONGEST_TIME:
        return 0
    try:
        micros = parse_time(text)
    except ValueError:
        return 0
    return micros if 0 < micros < _LATEST else 0


class _Faults(msgspec.Struct):
    error: Any = None
    error_codes: Any = None
    errorCode: Any = None  # noqa: N815 - Okta's name


def vendor_code(body: bytes) -> str:
    """Return the vendor's code for a fault (`AF20024`, `E0000047`, `rateLimitExceeded`), or "" if the answer has none."""
    try:
        faults: _Faults = decode_body(body[: 64 * 1024], _Faults)
    except MalformedResponse:
        return ""
    candidates: list[Any] = [faults.errorCode]
    if isinstance(faults.error, str):
        numbers = faults.error_codes if isinstance(faults.error_codes, list) else []
        number = f".AADSTS{numbers[0]}" if numbers and isinstance(numbers[0], int) else ""
        candidates.append(faults.error + number)
    if isinstance(faults.error, dict):
        if _AUDIT_OFF.search(str(faults.error.get("message"))[:2000]):
            return "audit-logging-off"
        listed = faults.error.get("errors")
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            candidates.append(listed[0].get("reason"))
        candidates += [faults.error.get("code"), faults.error.get("status")]
    for found in candidates:
        if isinstance(found, str) and _CODE.fullmatch(found):
            return found
    return ""
