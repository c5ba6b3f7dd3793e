"""The administrator's token: stored as a digest, compared in constant time, with a limit on wrong guesses."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from typing import Final

from seawall.gate.errors import GateInvalid
from seawall.gate.settings import AdminSettings
from seawall_base.secret_file import read_secret, secret_in

VARIABLE: Final = "SEAWALL_GATE_ADMIN_TOKEN"
SHORTEST: Final = 32
FAILURES: Final = 10
"""Wrong tokens from one address after which further wrong ones are answered with 429 for `WHILE` seconds."""
WHILE: Final = 60.0
_REMEMBERED: Final = 4096


def read_token_digest(settings: AdminSettings) -> bytes:
    """Return the SHA-256 of the token from the settings, the file or the environment. Raises `GateInvalid`."""
    if settings.token_sha256:
        return bytes.fromhex(settings.token_sha256)
    text = secret_in(VARIABLE)
    if settings.token_file is not None:
        text = read_secret(
            settings.token_file,
            GateInvalid,
            what="the administrator's token",
            fix="check token_file in [gate.admin]",
            may_be_empty=True,
        )
    if re.fullmatch(r"sha256:[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text[7:])
    if not text:
        raise GateInvalid(
            "[gate.admin] is enabled and has no token",
            fix=f"set token_file or token_sha256 in [gate.admin], or {VARIABLE}",
        )
    if len(text) < SHORTEST or not re.fullmatch(r"[!-~]+", text):
        raise GateInvalid(
            f"the administrator's token must be at least {SHORTEST} visible ASCII characters",
            fix="create one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return hashlib.sha256(text.encode("ascii")).digest()


class AdminToken:
    """Check the administrator's token.

    The right token is accepted whatever was guessed before. Behind a proxy all callers share an address, and an attacker
    must not be able to lock out the administrator in an emergency. The length of the token protects against guessing.
    """

    def __init__(self, digest: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = digest
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def check(self, peer: str, authorization: str | None) -> int:
        """Return 200 for the right token, 401 for a wrong or missing one, 429 after too many wrong ones from this address."""
        scheme, _, token = (authorization or "").partition(" ")
        given = hashlib.sha256(token.strip().encode("utf-8", "replace")).digest()
        if hmac.compare_digest(given, self._digest) and scheme.lower() == "bearer":
            self._failures.pop(peer, None)
            return 200
        count, until = self._failures.get(peer, (0, 0.0))
        now = self._clock()
        if now >= until:
            count = 0
        if count >= FAILURES:
            return 429
        if len(self._failures) >= _REMEMBERED:
            self._failures.clear()
        self._failures[peer] = (count + 1, now + WHILE)
        return 401
