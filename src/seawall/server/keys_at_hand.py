"""Key sources for an event loop: what is in memory is used at once, what must be waited for is done by a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from seawall.tokens.key_cache import KeyCache

if TYPE_CHECKING:
    from seawall.tokens.policy import HeldKey, KeySource


class MustWait(BaseException):
    """A key is not at hand, and the thread that asks must not wait."""


class KeysAtHand:
    """A key source that never lets one thread, that of the event loop, wait. Other threads wait as the source has it."""

    __slots__ = ("_impatient", "source")

    def __init__(self, source: KeySource, impatient: int) -> None:
        self.source = source
        self._impatient = impatient
        """Identity of the thread of the event loop."""

    def lookup(self, issuer: str, kid: str, now: float) -> HeldKey:
        """As `KeySource` says; raises `MustWait` in the event loop."""
        if threading.get_ident() == self._impatient and isinstance(self.source, KeyCache):
            held = self.source.at_hand(issuer, kid)
            if held is None:
                raise MustWait
            return held
        return self.source.lookup(issuer, kid, now)
