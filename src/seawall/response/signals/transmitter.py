"""Tells every stream of what was done: signs one event token for each receiver and keeps it in the outbox."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seawall.response.signals import event
from seawall.response.signals.event import SignalNotice
from seawall.response.signals.outbox import SignalOutbox
from seawall.response.signals.settings import SignalReceiver, SignalSettings
from seawall.response.signals.signing import SigningKey
from seawall_tokens.jose import base64url


@dataclass(frozen=True, slots=True)
class QueuedEventToken:
    """One event token that is kept for a stream: `is_new` is false where the same was told before."""

    stream: str
    event: str
    token_id: str
    is_new: bool


def queue_notices(
    settings: SignalSettings, key: SigningKey, outbox: SignalOutbox, notices: Sequence[SignalNotice], now: int
) -> list[QueuedEventToken]:
    """Keep an event token for each notice and stream; `now` in seconds. The same notice again is not told again."""
    return [
        _queue(settings, key, outbox, stream, notice, now)
        for notice in notices
        for stream in settings.streams
    ]


def _queue(
    settings: SignalSettings,
    key: SigningKey,
    outbox: SignalOutbox,
    stream: SignalReceiver,
    notice: SignalNotice,
    now: int,
) -> QueuedEventToken:
    found = event.make_claims(notice, issuer=settings.issuer, audience=stream.audience, issued_at=now)
    is_new = outbox.put(stream.name, found["jti"], notice.event, key.token(found), now)
    return QueuedEventToken(stream.name, notice.event, found["jti"], is_new)


def sign_anew(outbox: SignalOutbox, key: SigningKey) -> int:
    """Sign what waits with the key of now, where it was signed with another one; return how many that were.

    Receivers are shown the key of now alone, and what a key signed that was replaced, because it leaked, is nobody's word.
    Ids and claims stay, so that a receiver that has a token already counts it once.
    """
    count = 0
    for kept in outbox.all_waiting():
        header, payload = (json.loads(base64url.decode(part)) for part in kept.token.split(".")[:2])
        if header.get("kid") != key.kid:
            outbox.signed_anew(kept.number, key.token(payload))
            count += 1
    return count


def queue_verification(
    settings: SignalSettings,
    key: SigningKey,
    outbox: SignalOutbox,
    stream: SignalReceiver,
    state: str,
    now: int,
) -> bool:
    """Keep a verification event for a stream, by which its receiver sees that it works."""
    found = event.make_verification_claims(
        issuer=settings.issuer, audience=stream.audience, issued_at=now, stream=stream.name, state=state
    )
    return outbox.put(stream.name, found["jti"], "verification", key.token(found), now)


def describe_transmitter(settings: SignalSettings) -> dict[str, Any]:
    """Return what receivers are told of this transmitter (SSF 1.0 section 7.1)."""
    base = settings.url.rstrip("/")
    return {
        "spec_version": "1_0",
        "issuer": settings.issuer,
        "jwks_uri": f"{base}/jwks.json",
        "delivery_methods_supported": ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"],
        "verification_endpoint": f"{base}/verify",
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6750"}],
        "default_subjects": "ALL",
    }
