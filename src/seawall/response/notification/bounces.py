"""Read delivery status reports (RFC 3464) from an mbox file, a Maildir or a folder of `.eml` files.

A report belongs to a case if it names the envelope id or Message-ID of a letter. Both are unguessable without the
letter. Other messages are counted and ignored. A report is recorded once, however often it is read.
"""

from __future__ import annotations

import email
import hashlib
import mailbox
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, Final

from seawall.response.notification.register import Action, NotificationRegister, RegisterEntry
from seawall.response.notification.tracking import LetterDelivery, list_deliveries
from seawall_base.errors import InputUnreadable
from seawall_base.safe_text import visible

LARGEST: Final = 2 * 1024 * 1024
"""Bytes read of one report; the status part comes before the returned message."""

LONGEST_HEADERS: Final = 32 * 1024
"""Bytes of the headers of one part.

Parsing time is quadratic in a header's parameters, so a hostile message could block for hours.
"""

MOST: Final = 100_000
"""The most messages read in one run."""

_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_ACTIONS: Final[dict[str, Action]] = {
    "failed": "bounced", "delayed": "noted", "delivered": "noted", "relayed": "noted", "expanded": "noted",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The status of one recipient in one report. `keys` are the letter ids that the report names."""

    keys: tuple[str, ...]
    action: str
    status: str
    target: str
    reason: str
    digest: str


@dataclass(slots=True)
class ReportReading:
    """Counts of what reading the reports found."""

    read: int = 0
    strange: int = 0
    """Messages that are no delivery report, or not about this case."""

    known: int = 0
    unreadable: int = 0
    taken: list[tuple[LetterDelivery, DeliveryReport]] = field(default_factory=list)


def record_reports(register: NotificationRegister, place: Path, *, at: int) -> ReportReading:
    """Record every new report found at `place` in the register, which the caller holds for writing.

    Raises InputUnreadable.
    """
    reading = ReportReading()
    sent = {
        delivery.key: delivery for delivery in list_deliveries(register.entries) if delivery.way == "mail"
    }
    known = {str(entry.details.get("report")) for entry in register.entries if entry.details.get("report")}
    for content in read_messages(place):
        reading.read += 1
        try:
            reports = parse_reports(content)
        except Exception:  # noqa: BLE001 - the parser of mail meets anything here, and raises much
            reading.unreadable += 1
            continue
        ours = [(sent[f"<{key}>"], report) for report in reports for key in report.keys if f"<{key}>" in sent]
        if not ours:
            reading.strange += 1
        for delivery, report in dict.fromkeys(ours):
            if report.digest in known:
                reading.known += 1
                continue
            known.add(report.digest)
            _note(register, delivery, report, at)
            reading.taken.append((delivery, report))
    return reading


def _note(
    register: NotificationRegister, delivery: LetterDelivery, report: DeliveryReport, at: int
) -> RegisterEntry:
    details: dict[str, Any] = {
        "reason": report.reason, "status": report.status, "said": report.action, "report": report.digest,
        "about": report.target,
    }  # fmt: skip
    action = _ACTIONS.get(report.action, "noted")
    earlier = {
        entry.target.casefold()
        for entry in register.entries
        if entry.action == "intent"
        and (entry.recipient, entry.version, entry.way) == (delivery.recipient, delivery.version, "mail")
    } - {delivery.target.casefold()}
    if (
        report.target.casefold() in earlier
    ):  # the address was corrected meanwhile; this report is about the old one
        action = "noted"
    return register.append(
        action, at=at, recipient=delivery.recipient, version=delivery.version, way="mail",
        target=delivery.target, details=details,
    )  # fmt: skip


def read_messages(place: Path) -> Iterator[bytes]:
    """Yield the raw messages at `place`, each up to a size limit. Links are not followed. Raises InputUnreadable."""
    try:
        if place.is_dir() and (place / "cur").is_dir() and (place / "new").is_dir():
            files = [file for part in ("new", "cur") for file in sorted((place / part).iterdir())]
            yield from _files(files)
        elif place.is_dir():
            yield from _files(sorted(place.glob("*.eml")))
        else:
            yield from _mbox(place)
    except OSError as error:
        raise InputUnreadable(
            f"{place}: {error.strerror or error}",
            fix="give a Maildir, an mbox file, or a folder of .eml files",
        ) from error


def _files(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files[:MOST]:
        if file.is_symlink() or not file.is_file():
            continue
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
            yield source.read(LARGEST)


def _mbox(place: Path) -> Iterator[bytes]:
    if not place.is_file():
        raise InputUnreadable(
            f"{place}: no such file or folder", fix="give a Maildir, an mbox file, or a folder of .eml files"
        )
    box = mailbox.mbox(place, create=False)
    try:
        for key in list(box.iterkeys())[:MOST]:
            with box.get_file(key) as source:
                yield source.read(LARGEST)
    finally:
        box.close()


def parse_reports(content: bytes) -> tuple[DeliveryReport, ...]:
    """Parse a message into one report for each recipient; empty if it is no delivery report."""
    if any(len(block) > LONGEST_HEADERS and b"content-" in block.lower() for block in _BLANK.split(content)):
        return ()
    message = email.message_from_bytes(content)
    if message.get_content_type() != "multipart/report":
        return ()
    parts = [
        part
        for part in message.walk()
        if not part.is_multipart() or part.get_content_type() == "message/delivery-status"
    ]
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    if status is None or not isinstance(status.get_payload(), list):
        return ()
    blocks = [block for block in status.get_payload() if isinstance(block, Message)]
    keys = _find_letter_ids(message, blocks)
    return tuple(
        DeliveryReport(
            keys,
            _text(block, "Action").lower(),
            _text(block, "Status"),
            _address(block),
            _text(block, "Diagnostic-Code") or f"the mail server reports: {_text(block, 'Action').lower()}",
            hashlib.sha256(content + str(number).encode()).hexdigest(),
        )
        for number, block in enumerate(blocks)
        if block.get("Action") and keys
    )


def _find_letter_ids(message: Message, blocks: Sequence[Message]) -> tuple[str, ...]:
    """Return the envelope id and the Message-ID of the returned letter, never that of the report."""
    found = [_text(block, "Original-Envelope-Id") for block in blocks]
    for part in message.walk():
        kind = part.get_content_type()
        payload = part.get_payload()
        if (
            kind == "message/rfc822"
            and isinstance(payload, list)
            and payload
            and isinstance(payload[0], Message)
        ):
            found.append(_text(payload[0], "Message-ID"))
        elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes):
                found.append(_text(email.message_from_bytes(raw), "Message-ID"))
    return tuple(dict.fromkeys(key for key in (text.strip("<> ") for text in found) if key))


def _address(block: Message) -> str:
    for name in ("Original-Recipient", "Final-Recipient"):
        _, _, address = _text(block, name).rpartition(";")
        if address:
            return address.strip()
    return ""


def _text(message: Message, name: str) -> str:
    return visible(" ".join(str(message.get(name, "")).split()), 500)
