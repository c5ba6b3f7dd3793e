"""Key sources for the event loop: cached keys are used at once, anything that blocks is left to a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from seawall_tokens.keys.cache import KeyCache

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import IssuerKey, KeySource

_THREAD = threading.local()


class KeyNotCached(BaseException):
    """A key is not cached, and the calling thread must not wait for it."""


def forbid_waiting(*, never: bool = True) -> None:
    """Forbid (or with `never=False` allow) the calling thread to wait for keys."""
    _THREAD.impatient = never


class NonBlockingKeySource:
    """A key source that raises `KeyNotCached` in threads that must not wait. Other threads use `source` as usual."""

    __slots__ = ("source",)

    def __init__(self, source: KeySource) -> None:
        self.source = source

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        """Return a key as `KeySource.lookup` does. Raises `KeyNotCached` in a thread that must not wait."""
        if getattr(_THREAD, "impatient", False) and isinstance(self.source, KeyCache):
            held = self.source.at_hand(issuer, kid)
            if held is None:
                raise KeyNotCached
            return held
        return self.source.lookup(issuer, kid, now)
