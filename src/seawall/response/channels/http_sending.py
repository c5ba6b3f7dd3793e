"""Send one request of a channel, and say what its answer means for the message.

A status of success is success. 429 and 503 are tried again, not before `Retry-After`. 400, 405, 410, 413, 415 and 422
refuse this message for ever. Any other status is tried again: the cause may lie in the settings of the receiver. The text
of an error quotes the start of the answer without secrets.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.channels.channel import HttpChannelTable
from seawall.response.errors import ChannelsInvalid
from seawall_base.http_client import HttpResponse, request
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.webhooks import DeliveryFailed

FINAL: Final = frozenset({400, 405, 410, 413, 415, 422})
LONGEST_ANSWER: Final = 64 * 1024
LONGEST_QUOTE: Final = 200
LONGEST_WAIT: Final = 86_400.0
SUCCESS: Final = frozenset(range(200, 300))
ANY: Final = frozenset(range(200, 300)) | frozenset(range(400, 600))
"""Every status but redirects, for callers that judge the answer themselves."""

LONGEST_URL: Final = 8192


@dataclass(frozen=True, slots=True)
class ChannelCall:
    """The requests of one delivery. `who` names the vendor in errors; texts in `secrets` never occur in them."""

    who: str
    channel: HttpChannelTable
    secrets: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def send_json(
        self, method: str, url: str, document: Any = None, *, accepted: frozenset[int] = SUCCESS
    ) -> HttpResponse:
        """Send a document as JSON, and return the answer. Raises `DeliveryFailed` for any status but `accepted`."""
        body = None if document is None else encode_json(document)
        return self.send(
            method, url, {"Content-Type": "application/json"} if body else {}, body, accepted=accepted
        )

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        accepted: frozenset[int] = SUCCESS,
    ) -> HttpResponse:
        """Send a request, and return the answer. Raises `DeliveryFailed` for any status but `accepted`."""
        try:
            where = parse_url(url, allow_loopback_http=True, longest=LONGEST_URL)
            trust = trust_store(Path(self.channel.ca_file)) if self.channel.ca_file else None
            answer = request(
                method,
                where,
                {"Accept": "application/json", **self.headers, **headers},
                body,
                limit=LONGEST_ANSWER,
                timeout=self.channel.timeout,
                trust=trust,
            )
        except FetchError as error:
            raise DeliveryFailed(f"{self.who}: {error}", may_have_arrived=error.may_have_arrived) from None
        if answer.status not in accepted:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: HttpResponse, *, is_final: bool | None = None) -> DeliveryFailed:
        """Return what an answer that is no success means."""
        status = answer.status
        said = self._quote(answer.body)
        return DeliveryFailed(
            f"{self.who} answered with status {status}{f': {said}' if said else ''}",
            is_final=status in FINAL if is_final is None else is_final,
            may_have_arrived=status >= 500,
            retry_after=retry_after(answer.headers),
        )

    def _quote(self, body: bytes) -> str:
        text = " ".join(body.decode("utf-8", "replace").split())
        for secret in self.secrets:
            text = text.replace(secret, "***") if secret else text
        return visible(text[:LONGEST_QUOTE])


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of `Retry-After`, at most a day, 0 if there is none. A date counts from the answer's own `Date`."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        then, now = (parsedate_to_datetime(text) for text in (value, headers.get("date", "")))
        seconds = (then.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


def basic(user: str, password: str) -> str:
    """Return the value of `Authorization` for a user and password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def decode_answer(answer: HttpResponse) -> Any:
    """Return the JSON of an answer, None if it is none."""
    try:
        return msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        return None


def read_now(read: Any, *files: str) -> list[str]:
    """Read secrets at the moment of sending, so that a new one needs no restart. Raises `DeliveryFailed`."""
    try:
        return [read(file) for file in files]
    except ChannelsInvalid as error:
        raise DeliveryFailed(error.message, may_have_arrived=False) from None
