"""Connections to the database: SQLite in one file, or PostgreSQL by URL."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from seawall.storage.errors import DatabaseAway, DatabaseBroken
from seawall_base.errors import MissingExtra, UsageError

APPLICATION = 0x5EA3A11
"""How a SQLite file says that it is Seawall's (`PRAGMA application_id`)."""

BUSY_SECONDS = 10
"""How long one writer waits for another before it gives up."""

WRITING = "seawall_writing"
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


def engine_for(place: str | Path) -> tuple[Engine, str, Path | None]:
    """Return an engine, the place in words without a password, and the file where there is one.

    `place` is a path or a URL (`sqlite:///path`, `postgresql://…`); `memory` is not a place: each connection would
    see a database of its own. Nothing is opened yet.
    """
    if isinstance(place, str) and "://" in place:
        url = _url(place)
        if url.drivername != "sqlite":
            return _postgresql(url), _words(url), None
        if not url.database or url.database == ":memory:":
            raise UsageError("a database in memory keeps nothing", fix="give the path of a file")
        place = url.database
    file = Path(place).absolute()
    return _sqlite(file), str(file), file


def _url(place: str) -> URL:
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise UsageError("the database's URL cannot be read", fix="postgresql://user@host/name") from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite":
        raise UsageError(
            f"there is no support for databases of the kind {url.drivername!r}",
            fix="a path for SQLite, or postgresql://user@host/name",
        )
    return url


def _words(url: URL) -> str:
    """The place without secrets: options may hold passwords too, so none is shown but the host."""
    host = url.query.get("host")
    return url.set(query={"host": host} if host else {}).render_as_string(hide_password=True)


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=30,
            connect_args={"connect_timeout": 10, "application_name": "seawall", "client_encoding": "utf8"},
        )
    except ImportError as error:
        raise MissingExtra(
            "PostgreSQL needs the package psycopg", fix="pip install 'seawall[postgresql]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            cursor.execute("SET timezone = 'UTC'")
            # A machine that vanished must not hold its locks for the two hours that are usual.
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
            "synchronous = FULL",  # what was answered with "stored" survives a power cut
            "foreign_keys = ON",
            "recursive_triggers = ON",  # else REPLACE deletes past the trigger of the audit trail
            "trusted_schema = OFF",
            "cell_size_check = ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that begins by reading cannot wait for the writer once it wants to write: so say it at once.
        writing = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def prepare_file(file: Path, *, create: bool) -> None:
    """Make sure that the file is a plain one that only its owner reads; its neighbours (-wal, -shm) follow its mode."""
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
            raise DatabaseBroken(f"{file} is not a plain file", fix="choose another place")
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
    """Refuse a database that is somebody else's, or whose text is not UTF-8; mark an empty file as Seawall's."""
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
        raise DatabaseBroken(f"{place} is another program's database", fix="choose another place")


def mark(connection: Connection) -> None:
    """Mark a SQLite file as Seawall's, in the transaction that makes its tables."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
