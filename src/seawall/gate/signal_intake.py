"""Process security event tokens, pushed or polled: verify, store, count and log them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Protocol

from seawall_tokens.revocation.store import RevocationStore
from seawall_tokens.signals.effects import SignalEffects, interpret_event_token
from seawall_tokens.verify.decision import harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.gate.loaded_policy import LoadedPolicy
    from seawall.gate.metrics import Metrics
    from seawall_tokens.revocation.follower import RevocationFollower

_log = logging.getLogger("seawall.gate.events")


class SignalWorker(Protocol):
    """The part of a worker that processing event tokens needs."""

    @property
    def loaded_policy(self) -> LoadedPolicy:
        """The current policy."""

    @property
    def follower(self) -> RevocationFollower:
        """The follower of the current revocations."""

    @property
    def metrics(self) -> Metrics:
        """The metrics of the worker."""

    @property
    def clock(self) -> Callable[[], float]:
        """A function that returns the current time in seconds since 1970."""


def receive_event_token(worker: SignalWorker, token: str | bytes) -> SignalEffects:
    """Verify an event token, pushed or polled, and apply its effects. Raises `SignalRefused` and `StoreBroken`."""
    now = worker.clock()
    genuine = worker.loaded_policy.transmitters.read(token, now, revocations=worker.follower.revocations)
    received = interpret_event_token(genuine, now)
    with RevocationStore.open(worker.loaded_policy.store) as store:
        store.receive(received.signal)
    return received


def log_refused_event(worker: SignalWorker, err: str, description: str, peer: str) -> None:
    """Log and count a refused event token; `peer` is its sender's address."""
    line = {
        "event": "signal", "at": round(worker.clock(), 3), "outcome": "refused", "code": err,
        "words": description, "peer": peer,
    }  # fmt: skip
    _log.warning("%s", json.dumps(line, ensure_ascii=True))
    worker.metrics.count_event(err)


def log_received_event(worker: SignalWorker, received: SignalEffects, peer: str) -> None:
    """Log and count an accepted event token and its effects."""
    signal = received.signal
    line: dict[str, Any] = {
        "event": "signal", "at": round(worker.clock(), 3), "outcome": "accepted",
        "transmitter": harmless(signal.transmitter), "revocations": len(signal.revocations),
        "lifts": len(signal.lifts), "unresolved": list(received.unresolved),
        "events": [{"name": one.name, "outcome": one.outcome} for one in received.events],
        "peer": peer,
    }  # fmt: skip
    _log.warning("%s", json.dumps(line, ensure_ascii=True))
    for one in received.events:
        worker.metrics.count_event(one.outcome)
