"""Connect to the database: a SQLite file, or PostgreSQL by URL."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from seawall.storage.errors import DatabaseAway, DatabaseBroken
from seawall_base.errors import MissingExtra, UsageError

APPLICATION = 0x5EA3A11
"""`PRAGMA application_id` that marks a SQLite file as Seawall's."""

BUSY_SECONDS = 10
"""Seconds that a writer waits for another one before an error."""

WRITING = "seawall_writing"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


def engine_for(place: str | Path) -> tuple[Engine, str, Path | None]:
    """Return an engine, the place without passwords for messages, and the file if there is one; open nothing yet.

    `place` is a path or a URL (`sqlite:///path`, `postgresql://…`). Raises `UsageError`, also for a database in memory:
    each connection would see its own.
    """
    if isinstance(place, str) and "://" in place:
        url = _url(place)
        if url.drivername != "sqlite":
            return _postgresql(url), _without_secrets(url), None
        if not url.database or url.database == ":memory:":
            raise UsageError(
                "a database in memory is lost when the program ends", fix="give the path of a file"
            )
        place = url.database
    file = Path(place).absolute()
    return _sqlite(file), str(file), file


def _url(place: str) -> URL:
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise UsageError(
            "the database's URL cannot be read", fix="write it as postgresql://user@host/name"
        ) from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite":
        raise UsageError(
            f"there is no support for databases of the kind {url.drivername!r}",
            fix="give a path for SQLite, or postgresql://user@host/name",
        )
    return url


def _without_secrets(url: URL) -> str:
    """Return the URL for messages, with its host as the only option: other options may hold passwords."""
    host = url.query.get("host")
    return url.set(query={"host": host} if host else {}).render_as_string(hide_password=True)


_ALIVE: Mapping[str, int] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that vanished without a word is noticed within about a minute, where the system would wait for two hours."""


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=30,
            connect_args={
                "connect_timeout": 10,
                "application_name": "seawall",
                "client_encoding": "utf8",
                **_ALIVE,
            },
        )
    except ImportError as error:
        raise MissingExtra("PostgreSQL needs the package psycopg", extra="postgresql") from error

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            cursor.execute("SET timezone = 'UTC'")
            # A client machine that vanished must not hold locks for the usual two hours.
            for setting in (
                "tcp_keepalives_idle = 30",
                "tcp_keepalives_interval = 10",
                "tcp_keepalives_count = 3",
            ):
                cursor.execute(f"SET {setting}")
        connection.commit()

    return engine


def _sqlite(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        poolclass=QueuePool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # data reported as stored survives a power cut
            "foreign_keys = ON",
            # otherwise REPLACE deletes without firing the trigger of the audit trail
            "recursive_triggers = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that begins by reading cannot wait for the writer when it wants to write later: fail at the begin.
        writing = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def prepare_file(file: Path, *, create: bool) -> None:
    """Make sure that the database is a regular file that only its owner reads; -wal and -shm inherit its permissions."""
    try:
        if create:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_CREAT if create else 0)
        descriptor = os.open(file, flags, 0o600)
    except OSError as error:
        raise DatabaseAway(
            f"the database {file} cannot be opened: {error.strerror}",
            fix="check the path and its permissions",
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DatabaseBroken(
                f"{file} is not a regular file", fix="choose another path with --store, or another --database"
            )
        if status.st_mode & 0o077:
            _close_to_others(descriptor, file)
    finally:
        os.close(descriptor)


def _close_to_others(descriptor: int, file: Path) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise DatabaseAway(
            f"others can read {file}, and its mode cannot be changed: {error.strerror}",
            fix=f"chmod 600 {file}",
        ) from error


def check_kind(connection: Connection, place: str) -> None:
    """Refuse a database of another application or with text that is not UTF-8; mark an empty SQLite file as Seawall's."""
    if connection.dialect.name == "postgresql":
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise DatabaseBroken(
                f"the database {place} keeps text as {encoding}", fix="CREATE DATABASE … ENCODING 'UTF8'"
            )
        return
    application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    if application == APPLICATION:
        return
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if application or tables:
        raise DatabaseBroken(
            f"{place} is another program's database",
            fix="choose another path with --store, or another --database",
        )


def mark(connection: Connection) -> None:
    """Mark a SQLite file as Seawall's, in the transaction that creates its tables."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
