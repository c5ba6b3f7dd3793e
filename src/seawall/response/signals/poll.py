"""Handle poll delivery (RFC 8936): parse a receiver's request and build the answer. No network code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from seawall.response.signals.outbox import SignalOutbox
from seawall.response.signals.settings import SignalReceiver
from seawall_tokens.jose.strict_json import JsonRefused, loads

LARGEST: Final = 1 << 20
MOST: Final = 100
"""Maximum event tokens in one answer, whatever the request asks for."""

MOST_NAMED: Final = 10_000
"""Maximum token ids in one request."""


class PollRefused(ValueError):
    """The poll request is invalid. The text is for the receiver and quotes nothing of the request."""


@dataclass(frozen=True, slots=True)
class PollRequest:
    """A receiver's request: maximum tokens, whether to answer at once, acknowledged ids (`ack`) and rejected ids."""

    most: int
    immediately: bool
    acknowledged: tuple[str, ...]
    refused: Mapping[str, tuple[str, str]]


def read_request(body: bytes) -> PollRequest:
    """Parse a request (RFC 8936 section 2.2). Raises `PollRefused`."""
    try:
        document = loads(body or b"{}", max_bytes=LARGEST, max_depth=4)
    except JsonRefused as error:
        raise PollRefused(f"the request is not JSON: {error.reason}") from None
    if not isinstance(document, dict):
        raise PollRefused("the request is no object")
    most = document.get("maxEvents", MOST)
    immediately = document.get("returnImmediately", False)
    acknowledged, errors = document.get("ack", []), document.get("setErrs", {})
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise PollRefused("maxEvents is no number of tokens")
    if not isinstance(immediately, bool):
        raise PollRefused("returnImmediately is neither true nor false")
    if not isinstance(acknowledged, list) or not all(isinstance(one, str) for one in acknowledged):
        raise PollRefused("ack is no list of ids")
    if not isinstance(errors, dict) or len(acknowledged) + len(errors) > MOST_NAMED:
        raise PollRefused("setErrs is no object, or too many ids are named")
    return PollRequest(
        min(most, MOST), immediately, tuple(acknowledged), {name: _error(one) for name, one in errors.items()}
    )


def _error(value: object) -> tuple[str, str]:
    if not isinstance(value, dict) or not isinstance(value.get("err"), str):
        raise PollRefused("an error of setErrs has no err")
    words = value.get("description", "")
    return ascii(value["err"])[1:-1], ascii(words)[1:-1] if isinstance(words, str) else ""


def apply_request(outbox: SignalOutbox, stream: SignalReceiver, request: PollRequest, now: int) -> None:
    """Mark the tokens that the receiver acknowledges or rejects."""
    outbox.mark_taken(stream.name, request.acknowledged, now)
    for token_id, (err, words) in request.refused.items():
        outbox.mark_refused(stream.name, token_id, err, words, now)


def make_answer(outbox: SignalOutbox, stream: SignalReceiver, request: PollRequest) -> dict[str, Any]:
    """Return the waiting tokens, oldest first. They keep waiting until the receiver acknowledges them."""
    found = outbox.waiting(stream.name, request.most) if request.most else []
    has_more = outbox.count(stream.name) > len(found)
    return {"sets": {kept.token_id: kept.token for kept in found}} | (
        {"moreAvailable": True} if has_more else {}
    )
