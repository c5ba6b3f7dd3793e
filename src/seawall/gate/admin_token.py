"""The administrator's token: kept as a digest, compared in constant time; who guesses is told to stop."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from seawall.gate.errors import GateInvalid
from seawall.gate.settings import AdminSettings

VARIABLE: Final = "SEAWALL_GATE_ADMIN_TOKEN"
SHORTEST: Final = 32
FAILURES: Final = 10
"""Wrong tokens from one address, after which further wrong ones are answered 429 for a while."""
WHILE: Final = 60.0
_REMEMBERED: Final = 4096


def digest_of(settings: AdminSettings) -> bytes:
    """SHA-256 of the token, from the settings, the file or the environment. Raises `GateInvalid`."""
    if settings.token_sha256:
        return bytes.fromhex(settings.token_sha256)
    text = _file(settings.token_file) if settings.token_file is not None else os.environ.get(VARIABLE, "")
    text = text.strip()
    if re.fullmatch(r"sha256:[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text[7:])
    if not text:
        raise GateInvalid(
            "the administrator's part is enabled and has no token",
            fix=f"set token_file or token_sha256 in [gate.admin], or {VARIABLE}",
        )
    if len(text) < SHORTEST or not re.fullmatch(r"[!-~]+", text):
        raise GateInvalid(
            f"the administrator's token must be at least {SHORTEST} visible ASCII characters",
            fix="make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return hashlib.sha256(text.encode("ascii")).digest()


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise GateInvalid(
                    f"{path}: others can read the administrator's token", fix=f"chmod 600 {path}"
                )
            return file.read(4096).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise GateInvalid(f"{path}: {reason}", fix="check token_file in [gate.admin]") from None


class AdminToken:
    """Says whether a request is the administrator's.

    The right token is always taken, whoever was wrong before: behind a proxy all callers have one address, and nobody
    may keep the administrator out in an emergency. What guessing costs is said by the token's length.
    """

    def __init__(self, digest: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._digest = digest
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def check(self, peer: str, authorization: str | None) -> int:
        """200 for the administrator, 401 for a wrong or missing token, 429 for who has been wrong too often."""
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
