"""A cache of keys whose origin and clocks the test moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from seawall_tokens.jose.key_set import KeySet, read_key_set
from seawall_tokens.keys.cache import CacheSettings, KeyCache
from seawall_tokens.keys.first_seen import FirstSeen
from seawall_tokens.refusals import Refusal
from tests.tokens.key_sets import jwks

ISSUER = "https://issuer.example"
NOW = 1_800_000_000.0
PATIENCE = 60.0
"""Seconds after which a test is given up that waits for what never comes: long, for machines that are busy."""


class Scripted:
    """An origin that gives what the test put there, and counts. While it has a `hold`, it waits for that first."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.failure: Exception | None = None
        self.calls = 0
        self.hold: threading.Event | None = None

    def __call__(self) -> KeySet:
        self.calls += 1
        if self.hold is not None:
            self.hold.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        return read_key_set(jwks(*self.keys))


class Bench:
    """A cache with an origin and clocks that the test moves."""

    def __init__(self, *keys: dict[str, Any], memory: FirstSeen | None = None, **settings: Any) -> None:
        self.origin = Scripted(*keys)
        self.elapsed = 0.0
        patient = {"wait": PATIENCE, "first_wait": PATIENCE}  # a busy machine is no slow source
        self.cache = KeyCache(
            settings.pop("issuer", ISSUER),
            self.origin,
            CacheSettings(**patient | settings),
            memory=memory,
            clock=lambda: NOW + self.elapsed,
            ticks=lambda: self.elapsed,
        )

    def code(self, kid: str, issuer: str = ISSUER) -> str:
        """The state of a key, or the code of the refusal."""
        try:
            return self.cache.lookup(issuer, kid, NOW + self.elapsed).state
        except Refusal as refusal:
            return refusal.code

    def settle(self, done: Callable[[], bool]) -> None:
        """Wait for what happens in the background."""
        until = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < until
            time.sleep(0.002)

    def live(self, seconds: float, every: float = 301.0) -> None:
        """Let time pass with a look-up of no known name now and then, so that the regular refreshes happen."""
        until = self.elapsed + seconds
        while self.elapsed < until:
            self.elapsed = min(self.elapsed + every, until)
            self.code("no such key")
            self.settle(self.idle)

    def idle(self) -> bool:
        """Whether no refresh runs."""
        return self.cache._attempts.running is None
