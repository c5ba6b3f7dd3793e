"""Remember WebAuthn challenges: each is answered once, soon, and by the same visitor."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

SECONDS: Final = 300
MOST: Final = 5_000
CHALLENGE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Ceremony:
    """One open challenge. `kind` and `owner` must match the answer; `details` belong to the caller."""

    kind: str
    owner: str
    challenge: bytes = field(repr=False)
    until: float
    details: Any = None


class Ceremonies:
    """Open challenges, in memory: after a restart the browser asks again."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, Ceremony] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, kind: str, owner: str, now: float, details: Any = None) -> bytes:
        """Return a new challenge."""
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        with self._lock:
            self._open[challenge] = Ceremony(kind, owner, challenge, now + SECONDS, details)
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return challenge

    def end(self, challenge: bytes, kind: str, owner: str, now: float) -> Ceremony | None:
        """Return and remove the ceremony of a challenge; None if it is unknown, expired or another visitor's."""
        with self._lock:
            found = self._open.pop(challenge, None)
        if found is None or found.kind != kind or found.owner != owner or found.until < now:
            return None
        return found
