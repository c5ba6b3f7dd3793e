"""Key sources for an event loop: what is in memory is used at once, what must be waited for is done by a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from seawall_tokens.keys.cache import KeyCache

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerKey, KeySource

_THREAD = threading.local()


class KeyNotCached(BaseException):
    """A key is not at hand, and the thread that asks must not wait."""


def forbid_waiting(*, never: bool = True) -> None:
    """From now on the calling thread never waits for keys: the event loop, and threads that others depend on."""
    _THREAD.impatient = never


class NonBlockingKeySource:
    """A key source that lets no thread wait that must not. Other threads wait as the source has it."""

    __slots__ = ("source",)

    def __init__(self, source: KeySource) -> None:
        self.source = source

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        """As `KeySource` says; raises `KeyNotCached` in a thread that never waits."""
        if getattr(_THREAD, "impatient", False) and isinstance(self.source, KeyCache):
            held = self.source.at_hand(issuer, kid)
            if held is None:
                raise KeyNotCached
            return held
        return self.source.lookup(issuer, kid, now)
