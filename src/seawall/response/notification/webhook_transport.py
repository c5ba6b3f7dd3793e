"""Deliver a letter to a recipient's webhook. The receiver may confirm at once that it passed the letter on."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from seawall.response.notification.case_file import NotificationCase
from seawall.response.notification.drafts import DraftedLetter
from seawall.response.notification.letter import decode_facts, list_file_names
from seawall.response.notification.smtp import DeliveryOutcome, OutgoingLetter
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.http_connection import TrustStore
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339
from seawall_base.webhook import Webhook
from seawall_base.webhooks import DeliveryFailed, send

MOST_PDF: Final = 1024 * 1024
"""Bytes of a PDF in one body; a larger one is left out, because text and page say the same."""

MESSAGES: Final = 1_000
"""Messages in one body, because receivers refuse large ones. The body counts those left out."""


def make_body(
    case: NotificationCase, letter: DraftedLetter, files: Mapping[str, bytes], *, code: str, at: int
) -> bytes:
    """Build the body: the letter as text, page and PDF (base64), its facts, and the hashes of all files.

    A PDF larger than `MOST_PDF` is None; its hash is included.
    """
    facts = decode_facts(files["facts.json"])
    pdf = files["letter.pdf"]
    left_out = max(0, len(facts.messages) - MESSAGES)
    data: dict[str, Any] = {
        "case": case.case.id,
        "recipient": letter.recipient,
        "version": letter.version,
        "verdict": letter.verdict,
        "language": letter.language,
        "title": letter.title,
        "code": code,
        "text": files["letter.txt"].decode("utf-8"),
        "html": files["letter.html"].decode("utf-8"),
        "pdf": base64.b64encode(pdf).decode("ascii") if len(pdf) <= MOST_PDF else None,
        "facts": dataclasses.replace(
            facts, messages=facts.messages[:MESSAGES], sources=list_file_names(facts.sources)
        ),
        "messages_left_out": left_out,
        "sha256": letter.files,
    }
    document = {
        "type": "notification.letter",
        "timestamp": rfc3339(at),
        "schema_version": SCHEMA_VERSION,
        "data": data,
    }
    return encode_json(document, sort_keys=True)


@dataclass(frozen=True, slots=True)
class WebhookTransport:
    """Deliver by webhook."""

    webhook: Webhook
    trust: TrustStore | None = None

    def deliver(self, outgoing: OutgoingLetter) -> DeliveryOutcome:
        """POST the body; the answer `{"acknowledged": true, "by": "…"}` confirms the letter."""
        try:
            answer = send(
                self.webhook,
                outgoing.key,
                outgoing.content,
                seconds=outgoing.at // 1_000_000,
                trust=self.trust,
                wants_answer=True,
            )
        except DeliveryFailed as error:
            return DeliveryOutcome(
                "unsure" if error.may_have_arrived else "failed", str(error), is_final=error.is_final
            )
        return DeliveryOutcome("sent", acknowledged_by=_confirm(answer))


class _Answer(msgspec.Struct):
    """The understood part of a receiver's answer."""

    acknowledged: bool = False
    by: str = ""


def _confirm(answer: bytes) -> str:
    try:
        said = msgspec.json.decode(answer, type=_Answer)
    except (ValueError, RecursionError):
        return ""
    return (visible(said.by, 200) or "the webhook's receiver") if said.acknowledged else ""
