"""SQLite files: made for one user alone, refused where they lie open to others, opened in one way, their errors told in one.

Each store keeps its tables, its words and how long it waits. What is the same for all is here: a file that is missing is not
made by opening it, the schema of a hostile file runs no code, and a transaction is written whole or not at all.
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

MODE: Final = 0o600


def create(path: Path, error: type[SeawallError] = StoreBroken) -> None:
    """Make an empty file that only this user can read or change. An existing one is an error."""
    if not create_missing(path, error):
        raise error(f"{path}: there is a file already", fix="open it instead, or choose another path")
    check(path, error)


def create_missing(path: Path, error: type[SeawallError] = StoreBroken) -> bool:
    """Return whether there was nothing at a path, and an empty file for this user alone was made there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, MODE))
    except FileExistsError:
        return False
    except OSError as reason:
        raise error(
            f"{path}: {reason.strerror}", fix="is the folder there, and open to this user?"
        ) from reason
    return True


def check(path: Path, error: type[SeawallError] = StoreBroken, *, is_public: bool = False) -> None:
    """Raise `error` unless this is a regular file that others can neither read, change nor replace.

    A file that `is_public` holds no secret: others may read it, its folder may be anybody's, and a link to it is taken.
    """
    try:
        own = path.stat() if is_public else path.lstat()
        folder = path.absolute().parent.stat()
    except OSError as reason:
        raise error(f"{path}: {reason.strerror}", fix="check the path, or make the store") from reason
    if not stat.S_ISREG(own.st_mode):
        raise error(f"{path}: no regular file", fix="name the file itself, not a link to it")
    if own.st_mode & (0o022 if is_public else 0o077):
        raise error(f"{path}: others may {'' if is_public else 'read or '}change it", fix=f"chmod 600 {path}")
    if os.geteuid() not in (0, own.st_uid):
        raise error(f"{path}: it belongs to another user", fix="run as the user that owns it")
    if not is_public and folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise error(f"{path}: anybody may replace it", fix=f"chmod o-w {path.absolute().parent}")


def file_identity(path: Path) -> tuple[int, int]:
    """Return which file is there now: device and number. A missing one is `StoreBroken`."""
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
    """Open a file that is there; every statement is its own transaction, unless one is begun. Raises sqlite3.Error.

    A writer waits `busy_seconds` for another. Threads may use a connection that `is_shared`, one at a time.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if is_read_only else 'rw'}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=not is_shared,
    )
    try:
        # A hostile file must not bring code of its own (views, triggers) into play, and damage shows when it is read.
        for setting in ("trusted_schema = OFF", "cell_size_check = ON", f"synchronous = {synchronous}"):
            connection.execute(f"PRAGMA {setting}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_memory(schema: str) -> sqlite3.Connection:
    """Return a database in memory with these tables."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    run_script(connection, schema)
    return connection


def use_write_ahead_log(connection: sqlite3.Connection) -> bool:
    """Let readers wait for nobody; return whether the file system can do that. Raises sqlite3.Error."""
    (wait,) = connection.execute("PRAGMA busy_timeout").fetchone()
    end = time.monotonic() + wait / 1_000
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
        except sqlite3.OperationalError as error:
            # Where several open a new file at once, SQLite does not wait by itself for the one that sets it up.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.005)


def read_format(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return by which number a file says whose it is, and its version; 0 where it does not say."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(application), int(version)


def write_format(connection: sqlite3.Connection, application: int, version: int = 0) -> None:
    """Say whose file this is, and of which version."""
    connection.execute(f"PRAGMA application_id = {application:d}")
    connection.execute(f"PRAGMA user_version = {version:d}")


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run statements that hold no semicolon of their own, within the transaction that is open."""
    for statement in filter(str.strip, script.split(";")):
        connection.execute(statement)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all or nothing; nobody else writes meanwhile. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # Also when the commit itself fails (a full disk): an open transaction would keep everybody else out.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def errors_as(make_error: Callable[[Exception], SeawallError]) -> Iterator[None]:
    """Turn whatever SQLite or the system says about a file into the one error of its store."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise make_error(error) from error
