"""Build a letter's mail: text and HTML, with PDF and lists enclosed. Equal letter and address give equal bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.drafts import DraftedLetter
from seawall_base.safe_text import visible
from seawall_base.times import moment

_KINDS: Final = {".pdf": ("application", "pdf"), ".csv": ("text", "csv")}
_POLICY: Final = SMTP.clone(max_line_length=78)


def make_message_id(case: NotificationCase, identity: str) -> str:
    """Return the Message-ID, the same for every attempt to send a version."""
    return f"<seawall-{identity}@{case.sender.email.rpartition('@')[2]}>"


def make_mail(
    case: NotificationCase,
    recipient: Recipient,
    letter: DraftedLetter,
    files: Mapping[str, bytes],
    *,
    identity: str,
    at: int,
) -> bytes:
    """Build the message to one recipient. Its date is `at`, when the version became final."""
    sender = case.sender
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(_clean_display_name(sender.organisation), addr_spec=sender.email)
    message["To"] = Address(_clean_display_name(recipient.name), addr_spec=recipient.email)
    message["Subject"] = _clean_header(letter.title)
    message["Date"] = format_datetime(_second(at))
    message["Message-ID"] = make_message_id(case, identity)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(files["letter.txt"].decode("utf-8"), cte="quoted-printable")
    message.add_alternative(files["letter.html"].decode("utf-8"), subtype="html", cte="quoted-printable")
    for name in sorted(files):
        kind = _KINDS.get(name[name.rfind(".") :])
        if kind is not None:
            message.add_attachment(
                files[name], maintype=kind[0], subtype=kind[1], filename=name, cte="base64"
            )
    message["Content-Language"] = letter.language
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        boundary = hashlib.sha256(f"{identity} {number}".encode()).hexdigest()[:40]
        part.set_boundary(f"=_{boundary}")
    return message.as_bytes()


def _clean_header(text: str) -> str:
    """Return a header text: visible, on one line, and never read as an RFC 2047 encoded word.

    Python's email library decodes text such as `=?utf-8?q?=0D=0ABcc:...?=` and folds the result into the header, so a
    name from a log could inject headers. The case file check refuses such text too; this is the second barrier.
    """
    shown = re.sub(r"\s+", " ", visible(text, 200)).strip()
    return re.sub(r"=(?=\?)", "= ", shown)


def _clean_display_name(text: str) -> str:
    """Return a display name without characters special in addresses.

    When the library folds a long line it loses quotes, and quoted text would become addresses and comments.
    """
    plain = re.sub(r'[][()<>:;,"\\]', " ", _clean_header(text)).replace("@", " at ")
    return re.sub(r"\s+", " ", plain).lstrip(" .").rstrip()


def _second(at: int) -> datetime:
    return moment(at).astimezone(UTC).replace(microsecond=0)
