"""Copy a database into an empty one, between SQLite and PostgreSQL; this is how PostgreSQL is backed up."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Integer, Table, func, select, text

from seawall.storage.database import migrate
from seawall.storage.database.connection import WRITING, check_kind, engine_for, mark, prepare_file
from seawall.storage.database.failures import name_failure
from seawall.storage.database.models import Model
from seawall.storage.errors import DatabaseBroken

_PIECE = 500
"""Rows copied at a time: rows of some tables hold megabytes."""


def copy_all(source: str | Path, target: str | Path) -> int:
    """Copy every row of a database from one consistent snapshot into an empty database; return the number of rows.

    Both have the schema of this version. The copy is one transaction. Raises `DatabaseBroken` if the target holds a
    database of Seawall already.
    """
    reader, from_words, file = engine_for(source)
    writer, to_words, new = engine_for(target)
    if file is None:
        reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    writing = writer.execution_options(**{WRITING: True})
    try:
        if new is not None:
            prepare_file(new, create=True)
        with (
            name_failure(from_words),
            reader.begin() as given,
            name_failure(to_words),
            writing.begin() as taken,
        ):
            check_kind(given, from_words)
            migrate.check(given, from_words)
            _begin(taken, to_words)
            return sum(_copy(given, taken, table) for table in Model.metadata.sorted_tables)
    finally:
        reader.dispose()
        writer.dispose()


def _begin(connection: Connection, place: str) -> None:
    check_kind(connection, place)
    if migrate.version(connection) is not None:
        raise DatabaseBroken(
            f"the database {place} holds a database of Seawall already", fix="give an empty database"
        )
    mark(connection)
    migrate.upgrade(connection, place)


def _copy(source: Connection, target: Connection, table: Table) -> int:
    count = 0
    # Read in partitions by the driver, so that no table has to fit in memory.
    found = source.execution_options(yield_per=_PIECE).execute(select(table))
    for rows in found.mappings().partitions(_PIECE):
        target.execute(table.insert(), [dict(row) for row in rows])
        count += len(rows)
    if count and target.dialect.name == "postgresql":
        _continue_sequence(target, table)
    return count


def _continue_sequence(target: Connection, table: Table) -> None:
    for column in table.primary_key.columns:
        if column.autoincrement is True and isinstance(column.type, Integer):
            last = target.execute(select(func.max(column))).scalar_one()
            target.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)"),
                {"name": f'"{table.name}"', "column": column.name, "last": last},
            )
