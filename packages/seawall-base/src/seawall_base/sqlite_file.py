"""Create, check and open SQLite files in one way for all stores.

The file is readable by its owner alone, and refused if other users can read or replace it. Opening never creates a missing
file. A hostile file's schema runs no code. A transaction is written completely or not at all. Each store defines its own
tables, messages and waiting time.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from seawall_base.errors import SeawallError, StoreBroken
from seawall_base.operating_system import require_posix

MODE: Final = 0o600


def create(path: Path, error: type[SeawallError] = StoreBroken) -> None:
    """Create an empty file with mode 0600. Raises `error` if the path exists or is unsafe (see `check`)."""
    if not create_missing(path, error):
        raise error(f"{path}: the file exists already", fix="open it instead, or choose another path")
    check(path, error)


def create_missing(path: Path, error: type[SeawallError] = StoreBroken) -> bool:
    """Create an empty file with mode 0600 unless the path exists; return whether it was created. Raises `error`."""
    require_posix(str(path))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, MODE))
    except FileExistsError:
        return False
    except OSError as reason:
        raise error(
            f"{path}: {reason.strerror}",
            fix="check that the folder exists and that this user may write to it",
        ) from reason
    return True


def check(path: Path, error: type[SeawallError] = StoreBroken, *, is_public: bool = False) -> None:
    """Raise `error` unless this is a regular file that other users can neither read, change nor replace.

    A public file (`is_public`) contains no secret: other users may read it, and it may be a symbolic link in a shared
    folder.
    """
    require_posix(str(path))
    try:
        own = path.stat() if is_public else path.lstat()
        folder = path.absolute().parent.stat()
    except OSError as reason:
        raise error(f"{path}: {reason.strerror}", fix="check the path, or create the store") from reason
    if not stat.S_ISREG(own.st_mode):
        raise error(f"{path}: not a regular file", fix="give the file itself, not a link to it")
    if own.st_mode & (0o022 if is_public else 0o077):
        raise error(f"{path}: others may {'' if is_public else 'read or '}change it", fix=f"chmod 600 {path}")
    if os.geteuid() not in (0, own.st_uid):
        raise error(f"{path}: the file belongs to another user", fix="run as the user that owns it")
    if not is_public and folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise error(f"{path}: every user can replace the file", fix=f"chmod o-w {path.absolute().parent}")


def file_identity(path: Path) -> tuple[int, int]:
    """Return device and inode number of the file at a path now. Raises StoreBroken if it is missing."""
    try:
        found = path.lstat()
    except OSError as error:
        raise StoreBroken(f"{path}: {error.strerror}", fix="restore the store") from error
    return (found.st_dev, found.st_ino)


def connect(
    path: Path,
    *,
    busy_seconds: float,
    is_read_only: bool = False,
    is_shared: bool = False,
    synchronous: Literal["FULL", "OFF"] = "FULL",
) -> sqlite3.Connection:
    """Open an existing file in autocommit mode: each statement is a transaction unless one is begun. Raises sqlite3.Error.

    A writer waits up to `busy_seconds` for another writer. With `is_shared`, threads may use the connection, one at a time.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if is_read_only else 'rw'}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=not is_shared,
    )
    try:
        # Views and triggers of a hostile file must not run, and damage must raise an error.
        for setting in ("trusted_schema = OFF", "cell_size_check = ON", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {setting}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_memory(schema: str) -> sqlite3.Connection:
    """Return a new database in memory with the tables of `schema`."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    run_script(connection, schema)
    return connection


def use_write_ahead_log(connection: sqlite3.Connection) -> bool:
    """Switch to write-ahead logging, so that readers never wait.

    Return whether the file system supports it. Raises sqlite3.Error.
    """
    (wait,) = connection.execute("PRAGMA busy_timeout").fetchone()
    end = time.monotonic() + wait / 1_000
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
        except sqlite3.OperationalError as error:
            # When several processes open a new file at once, SQLite does not wait for the first to set it up.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.005)


def read_format(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the file's `application_id` and `user_version`, 0 if unset."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(application), int(version)


def write_format(connection: sqlite3.Connection, application: int, version: int = 0) -> None:
    """Set the file's `application_id` and `user_version`."""
    connection.execute(f"PRAGMA application_id = {application:d}")
    connection.execute(f"PRAGMA user_version = {version:d}")


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run statements separated by semicolons inside the open transaction. No statement may contain a semicolon itself."""
    for statement in filter(str.strip, script.split(";")):
        connection.execute(statement)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run the block in one transaction that excludes other writers: commit at its end, roll back on an error.

    Raises sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # Also after a failed commit (a full disk): an open transaction would block every other writer.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def errors_as(make_error: Callable[[Exception], SeawallError]) -> Iterator[None]:
    """Turn errors of SQLite and the operating system into the store's own error."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise make_error(error) from error
