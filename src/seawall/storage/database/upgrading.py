"""Migrate an existing database to this version, after copying the file if it is SQLite."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from seawall.storage.database import migrate
from seawall.storage.database.connection import check_kind, engine_for, prepare_file
from seawall.storage.database.database import Database, writer_lock
from seawall.storage.database.failures import name_failure
from seawall.storage.errors import DatabaseAway, DatabaseNotMigrated
from seawall_base import sqlite_file


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """The result of a migration: version before and after, and the copied file, None for PostgreSQL."""

    before: str
    after: str
    copy: Path | None

    def describe(self) -> str:
        """Return what happened in one sentence, with the place of the copy."""
        kept = f"; copy of the old file: {self.copy}" if self.copy else ""
        return f"migrated the database from version {self.before} to {self.after}{kept}"


def version(place: str | Path) -> str | None:
    """Return the schema version of an existing database, None if it is empty."""
    engine, words, file = engine_for(place)
    try:
        if file is not None:
            prepare_file(file, create=False)
        with name_failure(words), engine.connect() as connection:
            check_kind(connection, words)
            return migrate.version(connection)
    finally:
        engine.dispose()


def upgrade(place: str | Path, *, copies: Path) -> MigrationResult | None:
    """Migrate a database to this version; return None if it has this version already.

    A SQLite file is copied into the folder `copies` first. Raises `DatabaseInUse` if another process writes batches, and
    `DatabaseNotMigrated` if the database is empty.
    """
    before = version(place)
    if before is None:
        raise DatabaseNotMigrated("the database is empty", fix="`seawall watch` and `seawall serve` make one")
    if before == migrate.newest():
        return None
    _, _, file = engine_for(place)
    with writer_lock(place):
        copy = None if file is None else _copy(file, copies / f"{file.name}.before-{migrate.newest()}")
        Database.open(place, should_migrate=True).close()
    return MigrationResult(before, migrate.newest(), copy)


def _copy(file: Path, to: Path) -> Path:
    """Copy a file under a temporary name, and rename it when complete, replacing the copy of a failed attempt."""
    waiting = to.with_name(f"{to.name}.new")
    copy_file(file, waiting)
    waiting.replace(to)
    return to


def copy_file(file: Path, to: Path) -> None:
    """Copy a SQLite file as one transaction sees it, while others write to it; the copy is on disk on return."""
    try:
        to.unlink(missing_ok=True)
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise DatabaseAway(
            f"{to}: {error.strerror}", fix="check the folder and the space on its disk"
        ) from error
    try:
        with (
            closing(sqlite_file.connect(file, busy_seconds=10, is_read_only=True)) as source,
            closing(sqlite_file.connect(to, busy_seconds=10)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # a single file without -wal and -shm
        descriptor = os.open(to, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except (sqlite3.Error, OSError) as error:
        to.unlink(missing_ok=True)
        raise DatabaseAway(
            f"{file} cannot be copied to {to}: {error}",
            fix="check the space on the disk; the copy was removed",
        ) from error
