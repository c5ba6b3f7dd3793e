"""Accept each DPoP proof once, and issue nonces: the server state of check 12.

A guard remembers every proof for as long as it could be accepted, and no longer. If it is full or broken it refuses,
because a forgotten proof could be replayed. Nonces need no memory: they contain their time, authenticated by a server
secret.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from seawall_base import sqlite_file
from seawall_base.errors import StoreBroken
from seawall_tokens.jose import base64url
from seawall_tokens.refusals import sender

CAPACITY = 1 << 20
"""Proofs that a guard holds at once; about 100 MB of memory when full."""

SWEEP_EVERY = 64
"""Proofs between two size checks of a shared guard, which may exceed its capacity by this many for each process."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS proofs (number INTEGER PRIMARY KEY, proof BLOB NOT NULL UNIQUE, until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS proofs_until ON proofs (until);
"""


class ReplayGuard(Protocol):
    """A memory of used proofs."""

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """Record a proof of the key (its thumbprint), acceptable until `until`, in seconds since 1970.

        Raises `DpopReplayed` if it is known, `DpopReplayUnknown` if it cannot be recorded.
        """
        ...


def _digest(key: str, token_id: str) -> bytes:
    # Thumbprints contain no line feed, so no two pairs give one text.
    return hashlib.blake2b(f"{key}\n{token_id}".encode(), digest_size=16).digest()


class MemoryReplayGuard:
    """A guard for one process. It keeps two generations and drops the older when all its proofs have expired."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._young_until = self._old_until = 0.0

    @property
    def remembered_proofs(self) -> int:
        """Return the number of remembered proofs."""
        return len(self._young) + len(self._old)

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """Record a proof, as `ReplayGuard` says."""
        proof = _digest(key, token_id)
        with self._lock:
            if self._old_until <= now:
                self._old, self._old_until = self._young, self._young_until
                self._young, self._young_until = set(), 0.0
                if self._old_until <= now:
                    self._old = set()
            if proof in self._young or proof in self._old:
                raise sender.DpopReplayed
            if self.remembered_proofs >= self._capacity:
                raise sender.DpopReplayUnknown("the guard is full")
            self._young.add(proof)
            self._young_until = max(self._young_until, until)


class SharedReplayGuard:
    """A guard shared by several processes of one machine: a SQLite file, best on a memory file system.

    It is not flushed to disk: a power failure may lose the latest proofs, the end of a process loses none. Each
    process opens its own instance after any fork.
    """

    def __init__(self, path: Path, capacity: int = CAPACITY) -> None:
        sqlite_file.create_missing(path)
        sqlite_file.check(path)
        self._path, self._file = path, sqlite_file.file_identity(path)
        self._capacity = capacity
        self._lock = threading.Lock()
        with sqlite_file.errors_as(
            lambda error: StoreBroken(f"{path}: {error}", fix="delete the file and restart the service")
        ):
            self._connection = sqlite_file.connect(path, busy_seconds=2, is_shared=True, synchronous="OFF")
            sqlite_file.use_write_ahead_log(self._connection)
            with sqlite_file.transaction(self._connection):
                sqlite_file.run_script(self._connection, _SCHEMA)
        self._used = 0
        self._full = False

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """Record a proof, as `ReplayGuard` says."""
        proof = _digest(key, token_id)
        try:
            # If the file was deleted, another process would create a new one, and each proof would be accepted once
            # in each.
            if sqlite_file.file_identity(self._path) != self._file:
                raise sender.DpopReplayUnknown("the guard's file is another")
            with self._lock:
                if self._full or self._used % SWEEP_EVERY == 0:
                    self._sweep(now)
                self._used += 1
                if self._full:
                    raise sender.DpopReplayUnknown("the guard is full")
                noted = self._connection.execute(
                    "INSERT OR IGNORE INTO proofs (proof, until) VALUES (?, ?)", (proof, until)
                )
        except (sqlite3.Error, StoreBroken) as error:
            raise sender.DpopReplayUnknown("the guard is broken") from error
        if noted.rowcount != 1:
            raise sender.DpopReplayed

    def _sweep(self, now: float) -> None:
        """Delete some expired proofs: a few at a time, so that no request waits."""
        self._connection.execute(
            "DELETE FROM proofs WHERE number IN (SELECT number FROM proofs WHERE until <= ? LIMIT ?)",
            (now, 4 * SWEEP_EVERY),
        )
        # Proofs expire roughly in the order of arrival, so the span of row numbers approximates their count.
        span = self._connection.execute(
            "SELECT (SELECT max(number) FROM proofs) - (SELECT min(number) FROM proofs) + 1"
        ).fetchone()[0]
        self._full = span is not None and span >= self._capacity


NONCE_LIFETIME = 300
"""Seconds for which a nonce is issued; it is accepted for as long again."""
SECRET_SIZE: Final = 32


class Nonces:
    """Stateless nonces of this server (RFC 9449 section 8): a time period and its HMAC under a secret.

    `secrets` are at least 32 random octets each, the same in every worker. The first one signs and the others still
    verify, so a secret can be rotated without refusals.
    """

    def __init__(self, secrets: Sequence[bytes], *, lifetime: int = NONCE_LIFETIME) -> None:
        if not secrets or min(map(len, secrets)) < SECRET_SIZE or lifetime < 1:
            raise ValueError(f"nonces need secrets of at least {SECRET_SIZE} octets and a lifetime")
        self._secrets = tuple(secrets)
        self._lifetime = lifetime

    def __repr__(self) -> str:
        return f"Nonces(lifetime={self._lifetime})"

    def issue(self, now: float) -> str:
        """Return the nonce for the `DPoP-Nonce` header now."""
        return self._nonce(self._secrets[0], int(now // self._lifetime))

    def accepts(self, nonce: str, now: float) -> bool:
        """Return whether it is the nonce of this period or the one before."""
        period = int(now // self._lifetime)
        given = nonce.encode("utf-8", "replace")
        return any(
            hmac.compare_digest(given, self._nonce(secret, number).encode())
            for secret in self._secrets
            for number in (period, period - 1)
        )

    def _nonce(self, secret: bytes, period: int) -> str:
        octets = period.to_bytes(8)
        return base64url.encode(octets + hmac.digest(secret, b"seawall dpop nonce\n" + octets, "sha256")[:16])
