"""Deliver event tokens by push (RFC 8935): one POST for each, in order, with growing pauses between attempts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from seawall.response.signals.outbox import OutboxEntry, SignalOutbox
from seawall.response.signals.settings import SignalReceiver
from seawall_base.http_client import HttpResponse, NoResponse, post
from seawall_base.http_connection import TrustStore
from seawall_tokens.jose.strict_json import JsonRefused, loads

TIMEOUT: Final = 15.0
FIRST_PAUSE: Final = 2
LONGEST_PAUSE: Final = 3600
PATIENCE: Final = 5
"""Failures of a token after which later tokens may pass it."""

MOST_FAILURES: Final = 3
"""Failures after which a turn ends, because the receiver is probably down."""

AT_ONCE: Final = 100
LONGEST_ANSWER: Final = 16 * 1024
LATER: Final = frozenset({"authentication_failed", "access_denied"})
"""Errors about the transmitter, not the token (RFC 8935 section 2.4).

The operator fixes the cause, and the token is retried.
"""

Post = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class PushResult:
    """The result of one turn of a stream: tokens taken, refused and still waiting, and why the turn ended early."""

    stream: str
    taken: int
    refused: int
    waiting: int
    fault: str = ""


def push_tokens(
    outbox: SignalOutbox,
    stream: SignalReceiver,
    now: Callable[[], float],
    *,
    trust: TrustStore | None = None,
    send: Post = post,
) -> PushResult:
    """Send the due tokens to one receiver, in order.

    A failure ends the turn, so the order stays. After `PATIENCE` failures of a token, later tokens may pass it: a
    token that the receiver cannot process, perhaps because of a hostile name, must not block the others. Only one
    process pushes at a time.
    """
    with outbox.turn(stream.name) as is_ours:
        if not is_ours:
            return PushResult(
                stream.name, 0, 0, outbox.count(stream.name), "another run pushes to it just now"
            )
        taken, refused, fault = _push_due(outbox, stream, now, trust, send)
    return PushResult(stream.name, taken, refused, outbox.count(stream.name), fault)


def _push_due(
    outbox: SignalOutbox,
    stream: SignalReceiver,
    now: Callable[[], float],
    trust: TrustStore | None,
    send: Post,
) -> tuple[int, int, str]:
    """Return how many tokens were taken, how many were refused, and the first fault."""
    taken = refused = failures = behind = 0
    fault = ""
    while waiting := outbox.waiting(stream.name, AT_ONCE, behind=behind):
        for kept in waiting:
            behind = kept.number
            if _is_later(kept, now()):
                failed = f"tried again later: {kept.description}"
            else:
                failed, was_taken = _deliver(outbox, stream, kept, now, trust, send)
                failures += bool(failed)
            if not failed:
                taken, refused = taken + was_taken, refused + (not was_taken)
                continue
            fault = fault or failed
            if kept.attempts < PATIENCE or failures >= MOST_FAILURES:
                return taken, refused, fault
    return taken, refused, fault


def _is_later(kept: OutboxEntry, now: float) -> bool:
    """Return whether a token's pause still lasts. A pause over the maximum means that the clock was set back."""
    return now < kept.after <= now + LONGEST_PAUSE


def _deliver(
    outbox: SignalOutbox,
    stream: SignalReceiver,
    kept: OutboxEntry,
    now: Callable[[], float],
    trust: TrustStore | None,
    send: Post,
) -> tuple[str, bool]:
    """Send one token. Return why it failed (empty: answered), and whether it was taken."""
    headers = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
    if stream.token:
        headers["Authorization"] = f"Bearer {stream.token}"
    try:
        answer = send(
            stream.endpoint, headers, kept.token.encode("ascii"), timeout=TIMEOUT, trust=trust, wanted=LONGEST_ANSWER
        )  # fmt: skip
    except NoResponse as error:
        return _describe_failure(outbox, kept, now, str(error), None), False
    if answer.status == 202:
        outbox.mark_taken(stream.name, [kept.token_id], int(now()))
        return "", True
    err, words = _read(answer)
    if answer.status == 400 and err and err not in LATER:
        outbox.mark_refused(stream.name, kept.token_id, err, words, int(now()))
        return "", False
    fault = f"the receiver answered {answer.status}{f' {err}' if err else ''}"
    return _describe_failure(outbox, kept, now, fault, answer.headers.get("retry-after")), False


def _describe_failure(
    outbox: SignalOutbox, kept: OutboxEntry, now: Callable[[], float], fault: str, wait: str | None
) -> str:
    pause = min(FIRST_PAUSE << min(kept.attempts, 20), LONGEST_PAUSE)
    if wait is not None and wait.isascii() and wait.isdigit():
        pause = max(pause, min(int(wait[:9]), LONGEST_PAUSE))
    outbox.mark_failed(kept.number, fault, int(now()) + pause)
    return fault


def _read(answer: HttpResponse) -> tuple[str, str]:
    """Return the receiver's `err` and `description` (RFC 8935 section 2.3), made visible; empty if missing."""
    try:
        document = loads(answer.body, max_bytes=LONGEST_ANSWER)
    except JsonRefused:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    texts = (document.get("err"), document.get("description"))
    err, words = (json.dumps(text)[1:-1] if isinstance(text, str) else "" for text in texts)
    return err[:80], words
