"""The step-up store: passkeys, TOTP secrets, ceremonies and elevations, in one SQLite file that all workers share.

Single-use values are deleted in the transaction that uses them, so that two workers cannot both use one. TOTP secrets are
encrypted (AES-256-GCM) with a key in a file beside the store; passkeys are public keys.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from seawall.gate.step_up.elevation_path import ElevationPath
from seawall.gate.step_up.records import EnrolledAccount, StoredCeremony, StoredElevation, StoredPasskey
from seawall_base import sqlite_file
from seawall_base.errors import StoreBroken

APPLICATION_ID: Final = 0x5EA57E9
BUSY_SECONDS = 2.0
SCHEMA = """
CREATE TABLE account (id BLOB PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, handle BLOB NOT NULL);
CREATE TABLE passkey (id BLOB PRIMARY KEY, account BLOB NOT NULL, public_key BLOB NOT NULL, counter INTEGER NOT NULL,
    name TEXT NOT NULL, made REAL NOT NULL, used REAL);
CREATE INDEX passkey_account ON passkey (account);
CREATE TABLE code (account BLOB PRIMARY KEY, secret BLOB NOT NULL, confirmed INTEGER NOT NULL, step INTEGER NOT NULL,
    made REAL NOT NULL);
CREATE TABLE invitation (digest BLOB PRIMARY KEY, account BLOB NOT NULL, until REAL NOT NULL);
CREATE TABLE ceremony (id BLOB PRIMARY KEY, kind TEXT NOT NULL, session BLOB NOT NULL, account BLOB NOT NULL,
    challenge BLOB NOT NULL, path TEXT NOT NULL, below INTEGER NOT NULL, until REAL NOT NULL);
CREATE INDEX ceremony_session ON ceremony (session);
CREATE TABLE elevation (session BLOB, path TEXT, below INTEGER, account BLOB NOT NULL, acr TEXT NOT NULL,
    amr TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL, PRIMARY KEY (session, path, below, acr));
CREATE TABLE failure (account BLOB NOT NULL, at REAL NOT NULL);
CREATE INDEX failure_account ON failure (account);
"""


def key_file(store: Path) -> Path:
    """Return the file of the key that encrypts TOTP secrets."""
    return store.with_name(store.name + ".key")


def create(path: Path) -> None:
    """Create an empty store and its key, readable by this user alone. Raises `StoreBroken`.

    The key of an earlier store is used again. A remaining write-ahead log is deleted, because SQLite would replay it.
    """
    sqlite_file.create(path)
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    if not key_file(path).exists():
        sqlite_file.create(key_file(path))
        key_file(path).write_bytes(AESGCM.generate_key(256))
    with (
        sqlite_file.errors_as(lambda error: StoreBroken(f"{path}: {error}")),
        closing(sqlite_file.connect(path, busy_seconds=BUSY_SECONDS)) as connection,
    ):
        if not sqlite_file.use_write_ahead_log(connection):
            raise StoreBroken(
                f"{path}: the file system does not support SQLite's write-ahead log",
                fix="put the store on a local file system",
            )
        with sqlite_file.transaction(connection):
            sqlite_file.write_format(connection, APPLICATION_ID)
            sqlite_file.run_script(connection, SCHEMA)


class StepUpStore:
    """An open store. Threads may share it: each has its own connection. Every failure raises `StoreBroken`."""

    def __init__(self, path: Path) -> None:
        for file in (path, key_file(path)):
            sqlite_file.check(file)
        self.path = path
        self._file = sqlite_file.file_identity(path)
        sealing = key_file(path).read_bytes()
        if len(sealing) != 32:
            raise StoreBroken(
                f"{key_file(path)}: the file does not hold a key of 32 bytes",
                fix="restore the key file together with the store",
            )
        self._sealing = AESGCM(sealing)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        with self._reading() as connection:
            if sqlite_file.read_format(connection)[0] != APPLICATION_ID:
                raise StoreBroken(f"{path}: not a store of passkeys", fix="name another file")

    def readable(self) -> bool:
        """Return whether the store is still the file that was opened, and can be read."""
        try:
            return self._row("SELECT count(*) FROM (SELECT 1 FROM elevation LIMIT 1)") is not None
        except StoreBroken:
            return False

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            with suppress(sqlite3.Error):
                connection.close()

    # Accounts and invitations

    def invite(self, account: bytes, issuer: str, subject: str, digest: bytes, until: float) -> None:
        """Invite an account to register one passkey or code until a time. An earlier invitation ends."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?)",
                (account, issuer, subject, os.urandom(32)),
            )
            connection.execute("DELETE FROM invitation WHERE account = ?", (account,))
            connection.execute("INSERT INTO invitation VALUES (?, ?, ?)", (digest, account, until))

    def is_invited(self, account: bytes, digest: bytes, now: float) -> bool:
        """Return whether an invitation is valid."""
        query = "SELECT 1 FROM invitation WHERE digest = ? AND account = ? AND until > ?"
        return self._row(query, digest, account, now) is not None

    def handle(self, account: bytes) -> bytes:
        """Return the account's random WebAuthn user handle, empty if the account is unknown."""
        row = self._row("SELECT handle FROM account WHERE id = ?", account)
        return bytes(row[0]) if row else b""

    def list_enrolled(self) -> list[EnrolledAccount]:
        """Return every account with its registrations, by issuer and subject."""
        with self._reading() as connection:
            accounts = connection.execute(
                "SELECT id, issuer, subject FROM account ORDER BY issuer, subject"
            ).fetchall()
            return [
                EnrolledAccount(
                    issuer,
                    subject,
                    tuple(
                        connection.execute(
                            "SELECT name, made, used FROM passkey WHERE account = ? ORDER BY made", (account,)
                        )
                    ),
                    connection.execute(
                        "SELECT 1 FROM code WHERE account = ? AND confirmed", (account,)
                    ).fetchone()
                    is not None,
                    next(
                        iter(
                            connection.execute(
                                "SELECT until FROM invitation WHERE account = ?", (account,)
                            ).fetchone()
                            or (None,)
                        )
                    ),
                )
                for account, issuer, subject in accounts
            ]

    def remove(self, account: bytes) -> bool:
        """Delete everything about an account, elevations included; return False if there was nothing."""
        with self._writing() as connection:
            for table in ("passkey", "code", "invitation", "ceremony", "elevation", "failure"):
                connection.execute(f"DELETE FROM {table} WHERE account IN (?, ?)", (account, _new(account)))
            return connection.execute("DELETE FROM account WHERE id = ?", (account,)).rowcount == 1

    # Passkeys

    def passkeys(self, account: bytes) -> list[StoredPasskey]:
        """Return the account's passkeys, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, public_key, counter, name FROM passkey WHERE account = ? ORDER BY made",
                (account,),
            )
            return [StoredPasskey(*row) for row in rows]

    def add_passkey(self, account: bytes, passkey: StoredPasskey, invitation: bytes, now: float) -> bool:
        """Store a new passkey, and use up the invitation; return False if the invitation is invalid or the passkey known."""
        with self._writing() as connection:
            if not _use_invitation(connection, account, invitation, now):
                return False
            row = (passkey.id, account, passkey.public_key, passkey.counter, passkey.name, now)
            done = connection.execute("INSERT OR IGNORE INTO passkey VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
            return done.rowcount == 1

    def count_use(self, account: bytes, passkey: bytes, counter: int, now: float) -> bool:
        """Record a use of a passkey; return False if the counter did not grow: the passkey may have been cloned."""
        query = (
            "UPDATE passkey SET counter = ?, used = ? WHERE id = ? AND account = ? "
            "AND (counter < ? OR (counter = 0 AND ? = 0))"
        )
        with self._writing() as connection:
            done = connection.execute(query, (counter, now, passkey, account, counter, counter))
            return done.rowcount == 1

    # One-time codes

    def begin_code(self, account: bytes, secret: bytes, now: float) -> None:
        """Store an unconfirmed secret. A confirmed one stays valid until the new one is confirmed."""
        sealed = self._seal(account, secret)
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO code VALUES (?, ?, 0, 0, ?)", (_new(account), sealed, now)
            )

    def code(self, account: bytes, *, confirmed: bool) -> tuple[bytes, int] | None:
        """Return the secret and the last used time step, None if there is none."""
        place = account if confirmed else _new(account)
        row = self._row("SELECT secret, step FROM code WHERE account = ?", place)
        return None if row is None else (self._unseal(account, row[0]), int(row[1]))

    def confirm_code(self, account: bytes, step: int, invitation: bytes, now: float) -> bool:
        """Confirm the account's new secret, and use up the invitation; return False if the invitation is invalid."""
        with self._writing() as connection:
            if not _use_invitation(connection, account, invitation, now):
                return False
            connection.execute("DELETE FROM code WHERE account = ?", (account,))
            done = connection.execute(
                "UPDATE code SET account = ?, confirmed = 1, step = ? WHERE account = ?",
                (account, step, _new(account)),
            )
            return done.rowcount == 1

    def use_step(self, account: bytes, step: int) -> bool:
        """Use up a time step; return False if this or a later one was used already."""
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE code SET step = ? WHERE account = ? AND confirmed AND step < ?", (step, account, step)
            )
            return done.rowcount == 1

    def attempt(self, account: bytes, *, most: int, since: float, now: float) -> bool:
        """Count an attempt before it is verified, so that parallel attempts count; return False after too many."""
        with self._writing() as connection:
            connection.execute("DELETE FROM failure WHERE at <= ?", (since,))
            (count,) = connection.execute(
                "SELECT count(*) FROM failure WHERE account = ?", (account,)
            ).fetchone()
            if count >= most:
                return False
            connection.execute("INSERT INTO failure VALUES (?, ?)", (account, now))
            return True

    def forgive(self, account: bytes) -> None:
        """Reset the count of attempts after a right code."""
        with self._writing() as connection:
            connection.execute("DELETE FROM failure WHERE account = ?", (account,))

    # Ceremonies and elevations

    def begin(self, name: bytes, ceremony: StoredCeremony, now: float, most: int) -> bool:
        """Store a challenge; return False if the session has too many open ones. Other sessions of the account do not
        count.
        """
        with self._writing() as connection:
            connection.execute("DELETE FROM ceremony WHERE until <= ?", (now,))
            (count,) = connection.execute(
                "SELECT count(*) FROM ceremony WHERE session = ?", (ceremony.session,)
            ).fetchone()
            if count >= most:
                return False
            place = ceremony.place
            row = (name, ceremony.kind, ceremony.session, ceremony.account, ceremony.challenge)
            connection.execute(
                "INSERT INTO ceremony VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, place.path, place.below, ceremony.until),
            )
            return True

    def take(self, name: bytes, kind: str, session: bytes, now: float) -> StoredCeremony | None:
        """Delete and return a challenge of this kind for this session, None if there is none."""
        query = "DELETE FROM ceremony WHERE id = ? AND kind = ? AND session = ? RETURNING *"
        with self._writing() as connection:
            row = connection.execute(query, (name, kind, session)).fetchone()
        if row is None or row[7] <= now:
            return None
        return StoredCeremony(
            row[1], bytes(row[2]), bytes(row[3]), bytes(row[4]), ElevationPath(row[5], bool(row[6])), row[7]
        )

    def elevate(self, given: StoredElevation) -> None:
        """Store an elevation, and delete expired ones."""
        place = given.place
        with self._writing() as connection:
            connection.execute("DELETE FROM elevation WHERE until <= ?", (given.at,))
            row = (given.session, place.path, place.below, given.account, given.acr, " ".join(given.amr))
            connection.execute(
                "INSERT OR REPLACE INTO elevation VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, given.at, given.until),
            )

    def elevations(self, session: bytes, now: float) -> list[StoredElevation]:
        """Return the session's elevations in force, newest first, without waiting for a lock."""
        query = (
            "SELECT session, account, path, below, acr, amr, at, until FROM elevation "
            "WHERE session = ? AND until > ? AND at <= ? ORDER BY at DESC"
        )
        with self._reading() as connection:
            rows = connection.execute(query, (session, now, now)).fetchall()
        return [
            StoredElevation(
                bytes(row[0]),
                bytes(row[1]),
                ElevationPath(row[2], bool(row[3])),
                row[4],
                tuple(row[5].split()),
                row[6],
                row[7],
            )
            for row in rows
        ]

    # Inside

    def _seal(self, account: bytes, secret: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._sealing.encrypt(nonce, secret, account)

    def _unseal(self, account: bytes, sealed: bytes) -> bytes:
        try:
            return self._sealing.decrypt(sealed[:12], sealed[12:], account)
        except (InvalidTag, ValueError):
            raise StoreBroken(f"{self.path}: a secret does not fit the key beside the store") from None

    def _row(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        with self._reading() as connection:
            row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
            return row

    def _connection(self) -> sqlite3.Connection:
        # Threads open their connections at different times. If another file replaced this one, some threads would use the
        # old file and some the new one, and single-use values could be used twice.
        if sqlite_file.file_identity(self.path) != self._file:
            raise StoreBroken(f"{self.path}: another file replaced it", fix="restart the gate")
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite_file.connect(self.path, busy_seconds=BUSY_SECONDS, is_shared=True)
            self._local.connection = found
            self._connections.append(found)
        return found

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with sqlite_file.errors_as(
            lambda error: StoreBroken(f"{self.path}: {error}", fix="restore the store of passkeys")
        ):
            yield self._connection()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, sqlite_file.transaction(connection):
            yield connection


def _new(account: bytes) -> bytes:
    """Return the key under which an unconfirmed secret is stored."""
    return account + b"new"


def _use_invitation(connection: sqlite3.Connection, account: bytes, digest: bytes, now: float) -> bool:
    done = connection.execute(
        "DELETE FROM invitation WHERE digest = ? AND account = ? AND until > ?", (digest, account, now)
    )
    return done.rowcount == 1
