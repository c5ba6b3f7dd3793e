"""Queue notices for every stream: sign one event token for each receiver and store it in the outbox."""

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
    """One queued event token. `is_new` is false if the same notice was queued before."""

    stream: str
    event: str
    token_id: str
    is_new: bool


def queue_notices(
    settings: SignalSettings, key: SigningKey, outbox: SignalOutbox, notices: Sequence[SignalNotice], now: int
) -> list[QueuedEventToken]:
    """Queue an event token for each notice and stream, skipping repeated notices. `now` is in seconds."""
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
    """Sign waiting tokens of an older key with the current key; return how many.

    Receivers see only the current key, and tokens of a leaked, replaced key must not be trusted. Ids and claims stay,
    so a receiver that has a token already counts it once.
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
    """Queue a verification event, with which a stream's receiver tests delivery.

    Return False if it is queued already.
    """
    found = event.make_verification_claims(
        issuer=settings.issuer, audience=stream.audience, issued_at=now, stream=stream.name, state=state
    )
    return outbox.put(stream.name, found["jti"], "verification", key.token(found), now)


def describe_transmitter(settings: SignalSettings) -> dict[str, Any]:
    """Return the transmitter configuration metadata (SSF 1.0 section 7.1)."""
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
