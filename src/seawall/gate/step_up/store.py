"""What step-up remembers, in one SQLite file that all workers share: passkeys, code secrets, ceremonies, elevations.

Everything that may be used once is taken out in the transaction that uses it, so that two workers cannot both use it.
Secrets of one-time codes are sealed (AES-256-GCM) with a key in a file beside the store; passkeys are public keys.
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
    """Where the key that seals code secrets lies."""
    return store.with_name(store.name + ".key")


def create(path: Path) -> None:
    """Make an empty store and its key, for this user alone. Raises `StoreBroken`.

    A key that is left of a store that is gone is used again; a log that is left of one would come to life again, and goes.
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
            raise StoreBroken(f"{path}: no write-ahead log on this file system", fix="use a local one")
        with sqlite_file.transaction(connection):
            sqlite_file.write_format(connection, APPLICATION_ID)
            sqlite_file.run_script(connection, SCHEMA)


class StepUpStore:
    """An open store. Safe for several threads: each has a connection of its own. Every failure is `StoreBroken`."""

    def __init__(self, path: Path) -> None:
        for file in (path, key_file(path)):
            sqlite_file.check(file)
        self.path = path
        self._file = sqlite_file.file_identity(path)
        sealing = key_file(path).read_bytes()
        if len(sealing) != 32:
            raise StoreBroken(f"{key_file(path)}: no key of 32 octets", fix="restore it with the store")
        self._sealing = AESGCM(sealing)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        with self._reading() as connection:
            if sqlite_file.read_format(connection)[0] != APPLICATION_ID:
                raise StoreBroken(f"{path}: not a store of passkeys", fix="name another file")

    def readable(self) -> bool:
        """Whether the store is still the one that was opened, and answers."""
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
        """Let the account register something once, until then. An earlier invitation ends."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?)",
                (account, issuer, subject, os.urandom(32)),
            )
            connection.execute("DELETE FROM invitation WHERE account = ?", (account,))
            connection.execute("INSERT INTO invitation VALUES (?, ?, ?)", (digest, account, until))

    def invited(self, account: bytes, digest: bytes, now: float) -> bool:
        """Whether this invitation stands."""
        query = "SELECT 1 FROM invitation WHERE digest = ? AND account = ? AND until > ?"
        return self._row(query, digest, account, now) is not None

    def handle(self, account: bytes) -> bytes:
        """The account's random name for authenticators; empty when the account is unknown."""
        row = self._row("SELECT handle FROM account WHERE id = ?", account)
        return bytes(row[0]) if row else b""

    def enrolled(self) -> list[EnrolledAccount]:
        """Every account, in order."""
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
        """Forget everything about the account, elevations too. False when there was nothing."""
        with self._writing() as connection:
            for table in ("passkey", "code", "invitation", "ceremony", "elevation", "failure"):
                connection.execute(f"DELETE FROM {table} WHERE account IN (?, ?)", (account, _new(account)))
            return connection.execute("DELETE FROM account WHERE id = ?", (account,)).rowcount == 1

    # Passkeys

    def passkeys(self, account: bytes) -> list[StoredPasskey]:
        """The account's passkeys."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, public_key, counter, name FROM passkey WHERE account = ? ORDER BY made",
                (account,),
            )
            return [StoredPasskey(*row) for row in rows]

    def add_passkey(self, account: bytes, passkey: StoredPasskey, invitation: bytes, now: float) -> bool:
        """Keep a new passkey and use the invitation up. False when it stands no more, or the passkey is known."""
        with self._writing() as connection:
            if not _use_invitation(connection, account, invitation, now):
                return False
            row = (passkey.id, account, passkey.public_key, passkey.counter, passkey.name, now)
            done = connection.execute("INSERT OR IGNORE INTO passkey VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
            return done.rowcount == 1

    def count_use(self, account: bytes, passkey: bytes, counter: int, now: float) -> bool:
        """Note a use. False when the counter did not grow: of two devices that count, one is a copy."""
        query = (
            "UPDATE passkey SET counter = ?, used = ? WHERE id = ? AND account = ? "
            "AND (counter < ? OR (counter = 0 AND ? = 0))"
        )
        with self._writing() as connection:
            done = connection.execute(query, (counter, now, passkey, account, counter, counter))
            return done.rowcount == 1

    # One-time codes

    def begin_code(self, account: bytes, secret: bytes, now: float) -> None:
        """Keep a secret that is not confirmed yet. A confirmed one stays until the new one is confirmed elsewhere."""
        sealed = self._seal(account, secret)
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO code VALUES (?, ?, 0, 0, ?)", (_new(account), sealed, now)
            )

    def code(self, account: bytes, *, confirmed: bool) -> tuple[bytes, int] | None:
        """The secret and the last time step that was used."""
        place = account if confirmed else _new(account)
        row = self._row("SELECT secret, step FROM code WHERE account = ?", place)
        return None if row is None else (self._unseal(account, row[0]), int(row[1]))

    def confirm_code(self, account: bytes, step: int, invitation: bytes, now: float) -> bool:
        """The unconfirmed secret becomes the account's. False when the invitation stands no more."""
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
        """Use a time step up. False when it, or a later one, was used before: a code is good once."""
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE code SET step = ? WHERE account = ? AND confirmed AND step < ?", (step, account, step)
            )
            return done.rowcount == 1

    def attempt(self, account: bytes, *, most: int, since: float, now: float) -> bool:
        """Count an attempt before it is judged, so that many at once count too. False when there were too many."""
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
        """A right answer ends the count."""
        with self._writing() as connection:
            connection.execute("DELETE FROM failure WHERE account = ?", (account,))

    # Ceremonies and elevations

    def begin(self, name: bytes, ceremony: StoredCeremony, now: float, most: int) -> bool:
        """Keep a question. False when the session has too many open ones: another session of the account is not in its way."""
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
        """The question, which is used up by this. None when there is none of this kind for this session."""
        query = "DELETE FROM ceremony WHERE id = ? AND kind = ? AND session = ? RETURNING *"
        with self._writing() as connection:
            row = connection.execute(query, (name, kind, session)).fetchone()
        if row is None or row[7] <= now:
            return None
        return StoredCeremony(
            row[1], bytes(row[2]), bytes(row[3]), bytes(row[4]), ElevationPath(row[5], bool(row[6])), row[7]
        )

    def elevate(self, given: StoredElevation) -> None:
        """Keep an elevation; those that have ended go."""
        place = given.place
        with self._writing() as connection:
            connection.execute("DELETE FROM elevation WHERE until <= ?", (given.at,))
            row = (given.session, place.path, place.below, given.account, given.acr, " ".join(given.amr))
            connection.execute(
                "INSERT OR REPLACE INTO elevation VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, given.at, given.until),
            )

    def elevations(self, session: bytes, now: float) -> list[StoredElevation]:
        """The session's elevations that hold now, the newest first. Waits for nobody."""
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
        # Threads open their connections at different times: after another file was put here, some would use the old one
        # and some the new one, and what is good once would be good twice.
        if sqlite_file.file_identity(self.path) != self._file:
            raise StoreBroken(f"{self.path}: another file was put in its place", fix="start the gate anew")
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
    """Under which name a secret waits for its first code."""
    return account + b"new"


def _use_invitation(connection: sqlite3.Connection, account: bytes, digest: bytes, now: float) -> bool:
    done = connection.execute(
        "DELETE FROM invitation WHERE digest = ? AND account = ? AND until > ?", (digest, account, now)
    )
    return done.rowcount == 1
