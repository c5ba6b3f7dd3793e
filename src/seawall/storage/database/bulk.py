"""Insert and delete many rows at a time, without an ORM object for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, CursorResult, Table, delete, func, select
from sqlalchemy.orm import Session

from seawall.storage.database.models import Model


def insert_columns(session: Session, model: type[Model], columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert n rows, given as a list of n values for each column name, and return n.

    Missing columns get their defaults. PostgreSQL receives one COPY, SQLite one prepared statement. Raises `ValueError` if
    the lists differ in length.
    """
    sizes = {len(values) for values in columns.values()}
    if len(sizes) > 1:
        raise ValueError(f"columns of different length: {sorted(sizes)}")
    if not sizes or sizes == {0}:
        return 0
    connection = session.connection()
    table = cast("Table", model.__table__)
    names = ", ".join(f'"{name}"' for name in columns)
    rows = zip(*(_bind(connection, table, name, values) for name, values in columns.items()), strict=True)
    if connection.dialect.name == "postgresql":
        _copy(connection, f'COPY "{table.name}" ({names}) FROM STDIN', rows)
    else:
        marks = ", ".join("?" * len(columns))
        _execute_many(connection, f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)
    return sizes.pop()


def forget(session: Session, model: type[Model], old: ColumnElement[bool], *, is_rehearsal: bool) -> int:
    """Delete the rows that match `old`, or with `is_rehearsal` only count them; return their number."""
    if is_rehearsal:
        return int(session.execute(select(func.count()).select_from(model).where(old)).scalar_one())
    gone = cast("CursorResult[Any]", session.execute(delete(model).where(old)))
    return gone.rowcount


def _bind(connection: Connection, table: Table, name: str, values: Iterable[Any]) -> Iterable[Any]:
    """Return the values converted to what the database driver expects."""
    kind = table.c[name].type.dialect_impl(connection.dialect)
    processor = cast("Callable[[Any], Any] | None", kind.bind_processor(connection.dialect))
    return values if processor is None else map(processor, values)


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with _driver_cursor(connection) as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _driver_cursor(connection: Connection) -> Any:
    return cast("Any", connection.connection.cursor())


def _execute_many(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    rows = iter(rows)
    while piece := list(islice(rows, _PIECE)):  # in pieces, so that not all rows are in memory as tuples
        connection.exec_driver_sql(statement, cast("Any", piece))


_PIECE = 10_000


def pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids in pieces that are small enough for the parameters of one statement."""
    return (ids[start : start + _NAMED] for start in range(0, len(ids), _NAMED))


_NAMED = 500
