"""Examine a database: integrity, size, and the process that writes to it."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from seawall.storage.database.connection import engine_for
from seawall.storage.database.database import WRITER_LOCK, Database, writer_file
from seawall.storage.database.failures import name_failure
from seawall.storage.database.models import Model
from seawall.storage.errors import DatabaseBroken
from seawall_base.file_lock import lock_descriptor
from seawall_base.plurals import plural

_MOST_FAULTS = 20


def faults(database: Database) -> list[str]:
    """Read all tables and return the faults found, at most a few per table. `AuditTrail.verify` checks the audit trail."""
    found: list[str] = []
    with database.reading() as work:
        connection = work.session.connection()
        if connection.dialect.name == "sqlite":
            found += _of_sqlite(connection)
        for table in Model.metadata.sorted_tables:
            try:
                with name_failure(database.place):
                    connection.execute(select(func.count()).select_from(table)).scalar_one()
            except DatabaseBroken as error:
                found.append(f"table {table.name}: {error.message}")
        for name in work.states.names():
            try:
                work.states.get(name)
            except DatabaseBroken as error:
                found.append(error.message)
    return found


def _of_sqlite(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_FAULTS})").scalars().all()
    missing = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [str(row) for row in rows if row != "ok"]
    return found + (
        [f"without the rows that they belong to: {plural(len(missing), 'row')}"] if missing else []
    )


def counts(database: Database) -> dict[str, int]:
    """Return the number of rows of each table."""
    with database.reading() as work:
        tables = Model.metadata.sorted_tables
        return {
            table.name: int(work.session.execute(select(func.count()).select_from(table)).scalar_one())
            for table in sorted(tables, key=lambda table: table.name)
        }


def size(database: Database) -> int:
    """Return the size of the database in bytes."""
    file = database.file
    if file is not None:
        neighbours = (file, *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm")))
        return sum(path.stat().st_size for path in neighbours if path.exists())
    with database.reading() as work:
        total = 0
        for name in Model.metadata.tables:
            query = text("SELECT pg_total_relation_size(to_regclass(:name))")
            total += int(work.session.execute(query, {"name": f'"{name}"'}).scalar_one())
        return total


def writer(place: str | Path) -> str | None:
    """Return a description of the process that has the right to write batches, None if there is none."""
    engine, words, file = engine_for(place)
    try:
        if file is not None:
            return _holder(writer_file(file))
        with name_failure(words), engine.connect() as connection:
            query = text(
                "SELECT a.pid, a.application_name, a.client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                "WHERE l.locktype = 'advisory' AND l.granted AND l.objid = :lock AND l.classid = 0 "
                "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            row = connection.execute(query, {"lock": WRITER_LOCK}).first()
            return None if row is None else f"process {row[0]} of the server, from {row[2] or 'this machine'}"
    finally:
        engine.dispose()


def _holder(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        lock_descriptor(descriptor, is_shared=True)
    except BlockingIOError:
        return _process(os.fstat(descriptor).st_ino)
    finally:
        os.close(descriptor)
    return None


def _process(inode: int) -> str:
    """Return the process that locks a file, according to the kernel's list of locks."""
    try:
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            parts = line.split()
            if len(parts) > 5 and parts[1] == "FLOCK" and parts[5].endswith(f":{inode}"):
                return f"process {parts[4]}"
    except OSError:
        pass
    return "another process"
