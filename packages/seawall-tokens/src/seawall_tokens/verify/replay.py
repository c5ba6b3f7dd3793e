"""Proofs are used once, nonces are ours: what a server must remember (or not) to check 12.

A guard remembers every proof for as long as the proof could be accepted, and no longer. Full or broken it refuses,
because a proof that cannot be remembered could be used again. Nonces need no memory: they carry their own time under
a secret of the server.
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
"""Proofs between two looks at how full a shared guard is: it may hold this many more for each process."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS proofs (number INTEGER PRIMARY KEY, proof BLOB NOT NULL UNIQUE, until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS proofs_until ON proofs (until);
"""


class ReplayGuard(Protocol):
    """Remembers proofs."""

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """Note a proof of the key (its thumbprint). It could be accepted until `until`, seconds since 1970.

        Raises `DpopReplayed` when it is known, `DpopReplayUnknown` when it cannot be noted.
        """
        ...


def _digest(key: str, token_id: str) -> bytes:
    # The thumbprint has a fixed alphabet without the line feed, so no two pairs give one text.
    return hashlib.blake2b(f"{key}\n{token_id}".encode(), digest_size=16).digest()


class MemoryReplayGuard:
    """A guard for one process. Two generations: the older is dropped whole once nothing in it can be accepted."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._young_until = self._old_until = 0.0

    @property
    def held(self) -> int:
        """How many proofs it remembers."""
        return len(self._young) + len(self._old)

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """As `ReplayGuard` says."""
        proof = _digest(key, token_id)
        with self._lock:
            if self._old_until <= now:
                self._old, self._old_until = self._young, self._young_until
                self._young, self._young_until = set(), 0.0
                if self._old_until <= now:
                    self._old = set()
            if proof in self._young or proof in self._old:
                raise sender.DpopReplayed
            if self.held >= self._capacity:
                raise sender.DpopReplayUnknown("the guard is full")
            self._young.add(proof)
            self._young_until = max(self._young_until, until)


class SharedReplayGuard:
    """A guard that several processes of one machine share: a SQLite file, best on a memory file system.

    Not synchronised to the disk: after a power cut the last proofs may be forgotten, after the end of a process none is.
    Each process opens its own after any fork.
    """

    def __init__(self, path: Path, capacity: int = CAPACITY) -> None:
        sqlite_file.create_missing(path)
        sqlite_file.check(path)
        self._path, self._file = path, sqlite_file.file_identity(path)
        self._capacity = capacity
        self._lock = threading.Lock()
        with sqlite_file.errors_as(
            lambda error: StoreBroken(f"{path}: {error}", fix="delete the file and start anew")
        ):
            self._connection = sqlite_file.connect(path, busy_seconds=2, is_shared=True, synchronous="OFF")
            sqlite_file.use_write_ahead_log(self._connection)
            with sqlite_file.transaction(self._connection):
                sqlite_file.run_script(self._connection, _SCHEMA)
        self._used = 0
        self._full = False

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def use(self, key: str, token_id: str, *, until: float, now: float) -> None:
        """As `ReplayGuard` says."""
        proof = _digest(key, token_id)
        try:
            # Where the file was deleted, the next process makes another, and each proof would be good once in each.
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
        """Forget some of what cannot be used any more: a little at a time, so that no request waits for it."""
        self._connection.execute(
            "DELETE FROM proofs WHERE number IN (SELECT number FROM proofs WHERE until <= ? LIMIT ?)",
            (now, 4 * SWEEP_EVERY),
        )
        # Proofs are forgotten about in the order in which they came, so the span of numbers is hardly more than their count.
        span = self._connection.execute(
            "SELECT (SELECT max(number) FROM proofs) - (SELECT min(number) FROM proofs) + 1"
        ).fetchone()[0]
        self._full = span is not None and span >= self._capacity


NONCE_LIFETIME = 300
"""Seconds for which a nonce is given out; it is accepted for as long again."""
SECRET_SIZE: Final = 32


class Nonces:
    """Nonces of this server (RFC 9449 section 8) without a memory: a period of time, and its HMAC under a secret.

    `secrets` are at least 32 random octets each, the same in every worker; the first signs, the others still verify,
    so that a secret can be changed without refusing anybody.
    """

    def __init__(self, secrets: Sequence[bytes], *, lifetime: int = NONCE_LIFETIME) -> None:
        if not secrets or min(map(len, secrets)) < SECRET_SIZE or lifetime < 1:
            raise ValueError(f"nonces need secrets of at least {SECRET_SIZE} octets and a lifetime")
        self._secrets = tuple(secrets)
        self._lifetime = lifetime

    def __repr__(self) -> str:
        return f"Nonces(lifetime={self._lifetime})"

    def issue(self, now: float) -> str:
        """The nonce for the `DPoP-Nonce` header now."""
        return self._nonce(self._secrets[0], int(now // self._lifetime))

    def accepts(self, nonce: str, now: float) -> bool:
        """Whether it is the nonce of this period or of the one before."""
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
