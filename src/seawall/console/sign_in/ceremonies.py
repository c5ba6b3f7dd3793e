"""Questions that were put to a browser and wait for its answer: each answered once, soon, and by the same visitor."""

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
    """What was asked. `kind` and `owner` must fit the answer; `details` is for whoever asked."""

    kind: str
    owner: str
    challenge: bytes = field(repr=False)
    until: float
    details: Any = None


class Ceremonies:
    """Open questions, in memory: a restart forgets them, and the browser asks again."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, Ceremony] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, kind: str, owner: str, now: float, details: Any = None) -> bytes:
        """A fresh challenge."""
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        with self._lock:
            self._open[challenge] = Ceremony(kind, owner, challenge, now + SECONDS, details)
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return challenge

    def end(self, challenge: bytes, kind: str, owner: str, now: float) -> Ceremony | None:
        """The question of a challenge, which is now used up; None where it was not asked, or of somebody else."""
        with self._lock:
            found = self._open.pop(challenge, None)
        if found is None or found.kind != kind or found.owner != owner or found.until < now:
            return None
        return found
