"""Store revocations in an append-only log: one SQLite file that all worker processes share.

An entry counts once its transaction is on disk. Lifting a revocation is another entry. Any fault of the file raises
`StoreBroken`, and the caller must then refuse.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from seawall_base import sqlite_file
from seawall_base.errors import StoreBroken
from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.revocation.entry import KINDS, Key, Revocation, key_of
from seawall_tokens.revocation.schema import APPLICATION_ID, SCHEMA, VERSION, upgrade
from seawall_tokens.revocation.snapshot import EMPTY, RevocationSnapshot, weights

BUSY_SECONDS = 2.0
"""Seconds that a writer waits for another. Readers never wait: the file uses write-ahead logging."""

GRACE = 24 * 3600
"""Seconds that an expired entry stays in the file.

Every follower sees it expire, and a slightly wrong clock deletes nothing in force.
"""

SIGNAL_MEMORY = 31 * 24 * 3600
"""Seconds for which ids of received event tokens are remembered."""

COMPACT_EVERY = 512
"""Entries between two compactions."""

COLUMNS = "kind, issuer, value, not_before, expires, reason, who, at"
STANDING = "log.lifts IS NULL AND NOT EXISTS (SELECT 1 FROM log AS later WHERE later.lifts = log.sequence)"


@dataclass(frozen=True, slots=True)
class StoredRevocation:
    """An entry of the log. `lifted` is when it was lifted, by whom and why; None if it was not."""

    sequence: int
    revocation: Revocation
    lifted: tuple[float, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift the entries for a key that were recorded for `until` or earlier. A late lift thus undoes no later entry."""

    key: Key
    until: float


@dataclass(frozen=True, slots=True)
class Signal:
    """The effect of one event token. `lifts` affect only what the same `who` recorded."""

    transmitter: str
    token_id: str
    who: str
    at: float
    reason: str
    revocations: tuple[Revocation, ...] = ()
    lifts: tuple[Lift, ...] = ()


class RevocationStore:
    """One open store. Threads may share it; processes may not: after a fork each opens its own."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()
        with self._guard():
            self.identity = str(connection.execute("SELECT store FROM identity").fetchone()[0])
            self._file = sqlite_file.file_identity(path)

    @classmethod
    def create(cls, path: Path) -> RevocationStore:
        """Create an empty store that only this user can read. Raises `StoreBroken` if the file exists."""
        sqlite_file.create(path)
        connection = _connect(path)
        with _translate(path):
            sqlite_file.use_write_ahead_log(connection)
            with sqlite_file.transaction(connection):
                sqlite_file.write_format(connection, APPLICATION_ID, VERSION)
                for statement in SCHEMA:
                    connection.execute(statement)
                connection.execute("INSERT INTO identity VALUES (?)", (uuid4().hex,))
        return cls(path, connection)

    @classmethod
    def open(cls, path: Path, *, thorough: bool = False) -> RevocationStore:
        """Open an existing store. Raises `StoreBroken` if it is missing: a new one would revoke nothing.

        `thorough` checks the whole file for damage (a quarter of a second for a million entries). Without it, damage
        is detected when it is read.
        """
        sqlite_file.check(path)
        connection = _connect(path)
        try:
            with _translate(path):
                upgrade(connection)
                _check_content(path, connection, thorough=thorough)
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, entries: Sequence[Revocation]) -> tuple[int, ...]:
        """Record entries, all or none; return their sequence numbers once they are on disk."""
        with self._writing() as connection:
            return tuple(_insert(connection, entry) for entry in entries)

    def lift(self, sequence: int, *, reason: str, who: str, at: float) -> StoredRevocation:
        """Lift one entry by a new entry of the log; return the lifted one.

        Raises `RevocationInvalid` if there is no such entry or it was lifted before.
        """
        if not reason.strip() or not who.strip():
            raise RevocationInvalid("a revocation is lifted by somebody and for a reason")
        with self._writing() as connection:
            found = connection.execute(
                f"SELECT {COLUMNS} FROM log WHERE sequence = ? AND {STANDING}", (sequence,)
            ).fetchone()
            if found is None:
                raise RevocationInvalid(f"no revocation {sequence} stands", fix="list them with --list")
            _lift(connection, sequence, reason, who, at)
            return StoredRevocation(sequence, _revocation(found), (at, who, reason))

    def receive(self, signal: Signal) -> bool:
        """Apply an event token once.

        Return False, and do nothing, if it was received before.
        """
        with self._writing() as connection:
            known = connection.execute(
                "INSERT OR IGNORE INTO signals VALUES (?, ?, ?)",
                (signal.transmitter, signal.token_id, signal.at),
            )
            if known.rowcount == 0:
                return False
            for lift in signal.lifts:
                rows = connection.execute(
                    "SELECT sequence FROM log WHERE kind = ? AND issuer_key = ? AND value_key = ? AND who = ? AND at <= ?"
                    f" AND {STANDING}",
                    (*key_of(*lift.key), signal.who, lift.until),
                ).fetchall()
                for (sequence,) in rows:
                    _lift(connection, sequence, signal.reason, signal.who, signal.at)
            for entry in signal.revocations:
                _insert(connection, entry)
            return True

    def entries(self, *, now: float, all_of_them: bool = False) -> list[StoredRevocation]:
        """Return the entries in force at `now`, oldest first; with `all_of_them` also lifted and expired ones."""
        names = ", ".join(f"log.{name}" for name in COLUMNS.split(", "))
        query = (
            f"SELECT log.sequence, later.at, later.who, later.reason, {names} FROM log"
            " LEFT JOIN log AS later ON later.lifts = log.sequence WHERE log.lifts IS NULL ORDER BY log.sequence"
        )
        with self._guard():
            rows = self._connection.execute(query).fetchall()
            found = [
                StoredRevocation(
                    row[0], _revocation(row[4:]), None if row[1] is None else (row[1], row[2], row[3])
                )
                for row in rows
            ]
        return [one for one in found if all_of_them or (one.lifted is None and _stands(one.revocation, now))]

    def load(self, *, now: float) -> tuple[RevocationSnapshot, int]:
        """Return the whole state at `now`, and the sequence number up to which it is complete."""
        found: dict[Key, float | None] = {}
        with self._reading() as connection:
            # One sequential scan: a million index lookups would take several times as long.
            lifted = {row[0] for row in connection.execute("SELECT lifts FROM log WHERE lifts IS NOT NULL")}
            rows = connection.execute(
                "SELECT sequence, kind, issuer_key, value_key, coalesce(not_before, 1.0) FROM log"
                " NOT INDEXED WHERE lifts IS NULL AND (expires IS NULL OR expires > ?)",
                (now,),
            )
            for sequence, kind, issuer, value, weight in rows:
                if sequence not in lifted:
                    key = (kind, issuer, value)
                    found[key] = max(weight, found.get(key) or weight)
            if not {key[0] for key in found} <= set(KINDS):
                raise StoreBroken(
                    f"{self.path}: the store holds an invalid entry", fix="restore the store from a copy"
                )
            return EMPTY.apply_changes(found), _last(connection)

    def changes(
        self, view: RevocationSnapshot, *, after: int, since: float, now: float
    ) -> tuple[RevocationSnapshot, int]:
        """Return `view`, complete up to `after` at time `since`, updated to now, with its new sequence number."""
        with self._reading() as connection:
            self._refuse_another_file(connection, after)
            keys: set[Key] = set()
            keys.update(
                connection.execute(
                    "SELECT named.kind, named.issuer_key, named.value_key FROM log JOIN log AS named"
                    " ON named.sequence = coalesce(log.lifts, log.sequence) WHERE log.sequence > ?",
                    (after,),
                )
            )
            keys.update(
                connection.execute(
                    "SELECT kind, issuer_key, value_key FROM log WHERE expires > ? AND expires <= ?",
                    (since, now),
                )
            )
            changed = (
                view.apply_changes({key: _weight(connection, key, now) for key in keys}) if keys else view
            )
            return changed, _last(connection)

    def compact(self, *, now: float) -> int:
        """Delete entries that expired more than `GRACE` ago, with their lifts; return the number of entries."""
        with self._writing() as connection:
            return _compact(connection, now)

    def _refuse_another_file(self, connection: sqlite3.Connection, after: int) -> None:
        self._check_file("start the gate anew")
        if _last(connection) < after:
            raise StoreBroken(f"{self.path}: the log is shorter than it was", fix="restore the newer file")

    def _check_file(self, fix: str) -> None:
        sqlite_file.check(self.path)
        if sqlite_file.file_identity(self.path) != self._file:
            raise StoreBroken(f"{self.path}: another file took the store's place", fix=fix)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with self._lock, _translate(self.path):
            yield

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection with one consistent state of the file for the whole reading."""
        with self._guard():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guard():
            self._check_file("open it anew")
            with sqlite_file.transaction(self._connection):
                yield self._connection


def _connect(path: Path) -> sqlite3.Connection:
    with _translate(path):
        return sqlite_file.connect(path, busy_seconds=BUSY_SECONDS, is_shared=True)


def _check_content(path: Path, connection: sqlite3.Connection, *, thorough: bool) -> None:
    if sqlite_file.read_format(connection) != (APPLICATION_ID, VERSION):
        raise StoreBroken(
            f"{path}: not a revocation store, or a store of another version", fix="check the path"
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    if verdict != "ok" or connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise StoreBroken(
            f"{path}: the store is damaged", fix="restore it from a copy, or create a new store"
        )
    if connection.execute("SELECT count(*) FROM identity").fetchone()[0] != 1:
        raise StoreBroken(f"{path}: the store is incomplete", fix="delete it and create another")


def _translate(path: Path) -> AbstractContextManager[None]:
    """Convert every SQLite or system error about the file to `StoreBroken`."""
    return sqlite_file.errors_as(
        lambda error: StoreBroken(
            f"{path}: {error}", fix="check that the file is complete and that this user may read it"
        )
    )


def _insert(connection: sqlite3.Connection, entry: Revocation) -> int:
    values = (
        entry.kind,
        entry.issuer,
        entry.value,
        entry.not_before,
        entry.expires,
        entry.reason,
        entry.who,
        entry.at,
        *entry.key[1:],
    )
    cursor = connection.execute(
        f"INSERT INTO log ({COLUMNS}, issuer_key, value_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
    )
    sequence = int(cursor.lastrowid or 0)
    if sequence % COMPACT_EVERY == 0:
        _compact(connection, entry.at)
    return sequence


def _lift(connection: sqlite3.Connection, sequence: int, reason: str, who: str, at: float) -> None:
    connection.execute(
        "INSERT INTO log (lifts, reason, who, at) VALUES (?, ?, ?, ?)", (sequence, reason, who, at)
    )


def _compact(connection: sqlite3.Connection, now: float) -> int:
    ended = "SELECT sequence FROM log WHERE expires < ?"
    connection.execute(f"DELETE FROM log WHERE lifts IN ({ended})", (now - GRACE,))
    deleted = connection.execute("DELETE FROM log WHERE expires < ?", (now - GRACE,)).rowcount
    connection.execute("DELETE FROM signals WHERE at < ?", (now - SIGNAL_MEMORY,))
    return int(deleted)


def _last(connection: sqlite3.Connection) -> int:
    """Return the last sequence number ever given, even if that entry was compacted away."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
    return int(row[0]) if row else 0


def _weight(connection: sqlite3.Connection, key: Key, now: float) -> float | None:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM log WHERE kind = ? AND issuer_key = ? AND value_key = ? AND {STANDING}", key
    ).fetchall()
    return weights((_revocation(row) for row in rows), now=now).get(key)


def _stands(entry: Revocation, now: float) -> bool:
    return entry.expires is None or entry.expires > now


def _revocation(row: Iterable[Any]) -> Revocation:
    """Build an entry from its columns. An entry that could not have been written means damage."""
    try:
        return Revocation(**dict(zip(COLUMNS.split(", "), row, strict=True)))
    except RevocationInvalid as error:
        raise StoreBroken(
            f"the store holds an invalid entry: {error.message}", fix="restore the store from a copy"
        ) from error
