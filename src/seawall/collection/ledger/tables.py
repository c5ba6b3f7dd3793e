"""The tables of a ledger. Times are microseconds since 1970, UTC."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from seawall.collection.errors import CollectionBroken
from seawall_base import sqlite_file
from seawall_base.errors import OutputUnwritable
from seawall_base.file_lock import FileLock

VERSION: Final = 1
BUSY_SECONDS: Final = 30.0

TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feeds (
    feed INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    begin INTEGER NOT NULL,
    proved_from INTEGER NOT NULL, settle INTEGER NOT NULL, relist INTEGER NOT NULL);
CREATE TABLE asks (
    ask INTEGER PRIMARY KEY, feed INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    asked_at INTEGER NOT NULL, closed_at INTEGER, state TEXT NOT NULL, cursor TEXT,
    pieces INTEGER NOT NULL DEFAULT 0, repeated_pieces INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0, new_records INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX asks_open ON asks (feed) WHERE state = 'open';
CREATE TABLE pieces (
    piece INTEGER PRIMARY KEY, feed INTEGER NOT NULL, ask INTEGER NOT NULL, content TEXT, state TEXT NOT NULL,
    reason TEXT NOT NULL, created INTEGER NOT NULL, fetched INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 BLOB NOT NULL,
    records INTEGER NOT NULL, new_records INTEGER NOT NULL, segment INTEGER);
CREATE UNIQUE INDEX pieces_content ON pieces (feed, content) WHERE content IS NOT NULL;
CREATE INDEX pieces_missing ON pieces (feed) WHERE state IN ('refused', 'expired');
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY, feed INTEGER NOT NULL, name TEXT NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, made_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX segments_waiting ON segments (segment) WHERE state <> 'placed';
CREATE TABLE seen (
    feed INTEGER NOT NULL, hour INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (feed, hour, digest)) WITHOUT ROWID;
CREATE TABLE coverage (
    feed INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, asked_at INTEGER NOT NULL,
    PRIMARY KEY (feed, start)) WITHOUT ROWID;
CREATE TABLE missing (
    feed INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, code TEXT NOT NULL,
    PRIMARY KEY (feed, start)) WITHOUT ROWID;
CREATE TABLE counts (
    feed INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (feed, name)) WITHOUT ROWID;
CREATE TABLE delays (
    feed INTEGER NOT NULL, kind TEXT NOT NULL, bucket INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (feed, kind, bucket)) WITHOUT ROWID;
"""

LATER: Final = """
CREATE TABLE IF NOT EXISTS folded (
    feed INTEGER PRIMARY KEY, asks INTEGER NOT NULL, pieces INTEGER NOT NULL, records INTEGER NOT NULL,
    new_records INTEGER NOT NULL, bytes INTEGER NOT NULL, segments INTEGER NOT NULL, segment_records INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS retired (feed INTEGER PRIMARY KEY, since INTEGER NOT NULL);
"""
"""Tables that older ledgers of the same version lack; created when a ledger is opened for writing."""


def open_lock(path: Path) -> FileLock:
    """Open the lock file of a ledger without taking the lock. Raises `OutputUnwritable` and `CollectionBroken`."""
    with sqlite_file.errors_as(lambda error: make_error(path, error)):
        return FileLock(path.with_suffix(".lock"))


def connect_ledger(path: Path, *, is_read: bool = False) -> sqlite3.Connection:
    """Open an existing ledger. Raises `CollectionBroken`."""
    with sqlite_file.errors_as(lambda error: make_error(path, error)):
        # A commit must survive a power cut, or a segment could be fetched twice.
        connection = sqlite_file.connect(path, busy_seconds=BUSY_SECONDS, is_read_only=is_read)
        if not is_read:
            sqlite_file.use_write_ahead_log(connection)
        stated = dict(connection.execute("SELECT name, value FROM about"))
        if stated.get("format") != "seawall-collection" or stated.get("version") != str(VERSION):
            raise CollectionBroken(
                f"{path}: is not a ledger of this version", fix="give another folder with --out"
            )
        if not is_read:
            with sqlite_file.transaction(connection):
                sqlite_file.run_script(connection, LATER)
    return connection


def read_statements(connection: sqlite3.Connection, name: str) -> str:
    """Return the value of a name in the table `about`, empty if there is none."""
    found = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found is not None else ""


def compare(path: Path, connection: sqlite3.Connection, about: Mapping[str, str]) -> None:
    """Check that a ledger belongs to the expected vendor and tenant. Raises `CollectionBroken`."""
    stated = dict(connection.execute("SELECT name, value FROM about"))
    if any(stated.get(name) != value for name, value in about.items()):
        raise CollectionBroken(
            f"{path}: is the ledger of another source", fix="give another folder with --out"
        )


def make(path: Path, about: Mapping[str, str], more: str = "") -> None:
    """Create an empty private ledger atomically; `more` is SQL for further tables. Raises `CollectionBroken`."""
    half = path.with_suffix(".new")
    values = {**about, "format": "seawall-collection", "version": str(VERSION)}
    with sqlite_file.errors_as(lambda error: make_error(path, error)):
        half.unlink(missing_ok=True)
        half.touch(mode=sqlite_file.MODE, exist_ok=False)
        with (
            closing(sqlite_file.connect(half, busy_seconds=BUSY_SECONDS)) as connection,
            sqlite_file.transaction(connection),
        ):
            sqlite_file.run_script(connection, TABLES + more)
            connection.executemany("INSERT INTO about VALUES (?, ?)", values.items())
        half.rename(path)


def make_error(path: Path, error: Exception) -> CollectionBroken | OutputUnwritable:
    """Return `OutputUnwritable` for a full or unwritable disk, else `CollectionBroken`."""
    code = getattr(error, "sqlite_errorname", None) or ""
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return OutputUnwritable(
            f"{path}: the ledger cannot be written: {error}",
            fix="free disk space or correct the permissions; the next run fetches the missing records again",
        )
    return CollectionBroken(
        f"{path}: the ledger cannot be used: {error}",
        fix="restore it from a backup, or collect into a new folder; a new ledger proves nothing about earlier days",
    )
