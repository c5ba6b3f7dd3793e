"""Hash passwords by argon2id (RFC 9106), a few at a time, because each takes memory and a core."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from seawall.console.api_error import invalid, unavailable

SHORTEST: Final = 12
LONGEST: Final = 256
MEMORY_KIB: Final = 64 * 1024
PASSES: Final = 3
LANES: Final = 1
AT_ONCE: Final = 2
PATIENCE: Final = 10.0
"""Seconds that a sign-in waits for a free slot."""

_COMMON: Final = frozenset(
    {
        "password",
        "passwort",
        "passw0rd",
        "seawall",
        "letmein",
        "welcome",
        "qwerty",
        "qwertz",
        "admin",
        "iloveyou",
    }
)


class Passwords:
    """Create and verify password hashes. Thread-safe."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=LANES,
            hash_len=32,
            salt_len=16,
            type=Type.ID,
        )
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with self._turn():
            return self._hasher.hash(_normalise(password))

    def is_right(self, kept: str | None, password: str) -> bool:
        """Return whether a password matches the stored hash.

        Without a stored hash, False takes as long.
        """
        is_kept = kept is not None
        if len(password) > LONGEST:
            password, is_kept = "", False
        with self._turn():
            try:
                self._hasher.verify(self._make_dummy_hash if kept is None else kept, _normalise(password))
            except (VerificationError, InvalidHashError):
                return False
        return is_kept

    def is_dated(self, kept: str) -> bool:
        """Return whether a hash has other cost parameters than the current ones."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _make_dummy_hash(self) -> str:
        """Return the hash to compare with if there is no user."""
        return self._hasher.hash(secrets.token_urlsafe(24))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE):
            raise unavailable("too many people sign in at once", fix="try again")
        try:
            yield
        finally:
            self._turns.release()


def check_new(password: str, name: str) -> None:
    """Refuse an easily guessed new password. Raises `ApiError` (422)."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    fix = "a few words that nobody says together, or what a password manager makes"
    if not SHORTEST <= len(plain) <= LONGEST:
        raise invalid(f"a password has {SHORTEST} to {LONGEST} characters", field="password", fix=fix)
    rest = plain.replace(name.casefold(), "") if name else plain
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(rest.strip("0123456789!?.,-_ ")) < SHORTEST // 2 or len(set(plain)) < 5:
        raise invalid("this password is easy to guess", field="password", fix=fix)


def _normalise(password: str) -> bytes:
    """Normalise a password over keyboards (NFKC, as in NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
