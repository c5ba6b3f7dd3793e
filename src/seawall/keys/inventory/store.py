"""Store the inventory: which keys each set has listed, from when to when. One SQLite file, one writer at a time.

A run is one transaction: stored as a whole or not at all. A damaged file is refused (`KeyInventoryBroken`) and never
written to, because its history cannot be recovered. It contains public facts only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from seawall.keys.errors import KeyInventoryBroken
from seawall_base import sqlite_file

APPLICATION_ID: Final = 0x5EA1ED6E
VERSION: Final = 1
BUSY_SECONDS: Final = 10.0

SCHEMA: Final = """
CREATE TABLE sets (name TEXT PRIMARY KEY, issuer TEXT, first_read INTEGER NOT NULL, last_read INTEGER NOT NULL,
    runs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE keys (set_name TEXT NOT NULL, identity TEXT NOT NULL, thumbprint TEXT NOT NULL, kid TEXT, kty TEXT NOT NULL,
    curve TEXT, algorithm TEXT, issuer TEXT, modulus BLOB, not_before INTEGER, not_after INTEGER,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, gone_since INTEGER, returns INTEGER NOT NULL,
    longest_gap INTEGER NOT NULL, PRIMARY KEY (set_name, identity)) STRICT, WITHOUT ROWID;
CREATE TABLE kids (set_name TEXT NOT NULL, kid TEXT NOT NULL, identity TEXT NOT NULL, first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL, PRIMARY KEY (set_name, kid, identity)) STRICT, WITHOUT ROWID;
"""
_KEY_COLUMNS: Final = (
    "set_name, identity, thumbprint, kid, kty, curve, algorithm, issuer, modulus, not_before, not_after, "
    "first_seen, last_seen, gone_since, returns, longest_gap"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryKey:
    """One key of one set. Times are seconds since 1970, of audit runs.

    `identity` as in `KeySetEntry`. `gone_since` is the first run that missed the key, None while it is listed.
    `returns` counts its reappearances. `longest_gap` is the longest absence before one, in seconds from the first run
    that missed it.
    """

    set_name: str
    identity: str
    thumbprint: str
    kid: str | None
    kty: str
    curve: str | None
    algorithm: str | None
    issuer: str | None
    modulus: int | None
    not_before: int | None
    not_after: int | None
    first_seen: int
    last_seen: int
    gone_since: int | None = None
    returns: int = 0
    longest_gap: int = 0


@dataclass(frozen=True, slots=True)
class NamedKey:
    """The use of `kid` for the key `identity` in a set."""

    kid: str
    identity: str
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class InventorySet:
    """A set that was read before."""

    name: str
    issuer: str | None
    first_read: int
    last_read: int
    runs: int


class KeyInventory:
    """An open inventory within one transaction. Leaving the context without `commit` discards the run."""

    def __init__(self, connection: sqlite3.Connection, place: str, *, kept: bool, fresh: bool) -> None:
        self._connection, self._place = connection, place
        self.kept = kept
        self.fresh = fresh

    @classmethod
    def in_memory(cls) -> KeyInventory:
        """Return an inventory that is discarded after this run."""
        connection = sqlite_file.connect_memory(SCHEMA)
        return cls(connection, "the ledger in memory", kept=False, fresh=True)

    @classmethod
    def open(cls, path: Path) -> KeyInventory:
        """Open the inventory, or create it if no file exists. Raises `KeyInventoryBroken`."""
        place = str(path)
        fresh = sqlite_file.create_missing(path, KeyInventoryBroken)
        sqlite_file.check(path, KeyInventoryBroken, is_public=True)
        if not fresh and not path.stat().st_size:
            # SQLite would treat an empty file as new, and silently replace a truncated inventory.
            raise _make_error(place, "it is empty")
        connection = None
        try:
            with _translate(place):
                connection = sqlite_file.connect(path, busy_seconds=BUSY_SECONDS)
                connection.execute("BEGIN IMMEDIATE")
                if fresh:
                    sqlite_file.write_format(connection, APPLICATION_ID, VERSION)
                    sqlite_file.run_script(connection, SCHEMA)
                _check(connection, place)
                return cls(connection, place, kept=True, fresh=fresh)
        except BaseException:
            if connection is not None:
                connection.close()
            if fresh:
                path.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def commit(self) -> None:
        """Store everything of this run."""
        if self.kept:
            with _translate(self._place):
                self._connection.execute("COMMIT")

    def sets(self) -> dict[str, InventorySet]:
        """Return every set by name."""
        with _translate(self._place):
            rows = self._connection.execute("SELECT name, issuer, first_read, last_read, runs FROM sets")
            return {row[0]: InventorySet(*row) for row in rows}

    def known_keys(self) -> list[InventoryKey]:
        """Return every key of every set, listed or gone."""
        with _translate(self._place):
            rows = self._connection.execute(
                f"SELECT {_KEY_COLUMNS} FROM keys ORDER BY set_name, first_seen, identity"
            )
            names = _KEY_COLUMNS.split(", ")
            return [_remember(dict(zip(names, row, strict=True))) for row in rows]

    def kids(self, set_name: str) -> list[NamedKey]:
        """Return every kid that a set has used for a key."""
        with _translate(self._place):
            rows = self._connection.execute(
                "SELECT kid, identity, first_seen, last_seen FROM kids WHERE set_name = ?", (set_name,)
            )
            return [NamedKey(*row) for row in rows]

    def remember_set(self, name: str, issuer: str | None, now: int) -> None:
        """Record that a set was read."""
        with _translate(self._place):
            self._connection.execute(
                "INSERT INTO sets VALUES (?, ?, ?, ?, 1) ON CONFLICT (name) DO UPDATE SET "
                "issuer = excluded.issuer, last_read = excluded.last_read, runs = runs + 1",
                (name, issuer, now, now),
            )

    def remember_keys(self, keys: Sequence[InventoryKey]) -> None:
        """Insert or replace keys."""
        rows = [
            tuple(
                _octets(key.modulus) if name == "modulus" else getattr(key, name)
                for name in _KEY_COLUMNS.split(", ")
            )
            for key in keys
        ]
        marks = ", ".join("?" * len(_KEY_COLUMNS.split(", ")))
        with _translate(self._place):
            self._connection.executemany(f"INSERT OR REPLACE INTO keys VALUES ({marks})", rows)

    def remember_kids(self, set_name: str, names: Sequence[tuple[str, str]], now: int) -> None:
        """Record which (kid, identity) pairs a set lists."""
        with _translate(self._place):
            self._connection.executemany(
                "INSERT INTO kids VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen",
                [(set_name, kid, identity, now, now) for kid, identity in names],
            )


def _octets(number: int | None) -> bytes | None:
    return None if number is None else number.to_bytes((number.bit_length() + 7) // 8)


def _remember(row: dict[str, Any]) -> InventoryKey:
    modulus = row.pop("modulus")
    number = int.from_bytes(modulus) if isinstance(modulus, bytes) else None
    return InventoryKey(modulus=number, **row)


def _check(connection: sqlite3.Connection, place: str) -> None:
    application, version = sqlite_file.read_format(connection)
    if application != APPLICATION_ID:
        raise _make_error(place, "it is something else")
    if version != VERSION:
        raise _make_error(place, f"it has version {version}, this Seawall knows {VERSION}")
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _make_error(place, "it is damaged")
    found = {
        row[0]: row[1]
        for row in connection.execute("SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    }
    if found != {"sets": "table", "keys": "table", "kids": "table"}:
        raise _make_error(place, "its tables are not those of a ledger")


def _make_error(place: str, why: str) -> KeyInventoryBroken:
    return KeyInventoryBroken(
        f"{place} is not a valid key ledger: {why}; it was left as it is",
        fix="restore it from a backup, or move it away and start a new one; the new ledger cannot recognise returned keys",
    )


@contextmanager
def _translate(place: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise KeyInventoryBroken(
                f"{place} is in use by another audit", fix="wait until it is done, then run again"
            ) from None
        raise _make_error(place, "it cannot be read or written") from None
    except (sqlite3.Error, OverflowError, ValueError, UnicodeError):
        raise _make_error(place, "it cannot be read or written") from None
