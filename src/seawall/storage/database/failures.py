"""Turn errors of database drivers into Seawall's errors, without the values of statements in their text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from seawall.storage.errors import DatabaseAway, DatabaseBroken
from seawall_base.errors import DatabaseInUse, SeawallError

_IN_USE = {"55P03", "40P01", "40001"}  # lock not available, deadlock, serialisation failure
# unique, foreign key: the code checks both before it writes, so a concurrent writer caused it
_CONFLICT = {"23505", "23503"}
_TRIGGER = "P0001"
_AWAY = (
    "08",
    "53",
    "57",
    "58",
    "28",
    "3D",
)  # connection, resources, operator, system, access, no such database
_SQLITE_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = {
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
}  # fmt: skip


@contextmanager
def name_failure(place: str) -> Iterator[None]:
    """Turn driver errors in a `with` block into `DatabaseAway`, `DatabaseInUse` or `DatabaseBroken`; `place` is for the
    message.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translate(error, place) from error
    except PoolTimeout as error:
        raise DatabaseAway(
            f"the database {place} has no free connection",
            fix="end transactions of other programs that stay open",
        ) from error
    except SQLAlchemyError as error:
        raise DatabaseBroken(f"the database {place} failed: {type(error).__name__}") from error


def _translate(error: DBAPIError, place: str) -> SeawallError:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, place)
    state = getattr(original, "sqlstate", None)
    if state in _IN_USE:
        return _in_use(place)
    if state in _CONFLICT:
        return _conflict(place)
    if state == _TRIGGER:
        return _guard(place)
    if state is None or state[:2] in _AWAY:  # libpq could not connect, or lost the connection
        words = _first_line(original) if state else "no answer"
        return DatabaseAway(
            f"the database {place} is not reachable: {words}",
            fix="check that it runs, and host, name and password; nothing was written",
        )
    return _make_error(original, place, state)


def _of_sqlite(original: sqlite3.Error, place: str) -> SeawallError:
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_IN_USE:
        return _in_use(place)
    if code == sqlite3.SQLITE_CONSTRAINT:
        is_trigger = getattr(original, "sqlite_errorcode", 0) == sqlite3.SQLITE_CONSTRAINT_TRIGGER
        return _guard(place) if is_trigger else _conflict(place)
    if code in _SQLITE_AWAY:
        return DatabaseAway(
            f"the database {place} cannot be read or written: {_first_line(original)}",
            fix="check its folder, its permissions and the free space; nothing was written",
        )
    return _make_error(original, place, getattr(original, "sqlite_errorname", "unknown"))


def _in_use(place: str) -> DatabaseInUse:
    return DatabaseInUse(
        f"the database {place} is locked by another program",
        fix="stop the other program, or wait and try again",
    )


def _conflict(place: str) -> DatabaseInUse:
    return DatabaseInUse(
        f"another program changed the same row of the database {place} at the same time",
        fix="try again; nothing was written",
    )


def _guard(place: str) -> DatabaseBroken:
    return DatabaseBroken(f"the database {place} refuses to change the audit trail: it is append-only")


def _make_error(original: BaseException | None, place: str, state: str) -> DatabaseBroken:
    return DatabaseBroken(
        f"the database {place} is damaged or not Seawall's ({type(original).__name__}, {state})",
        fix="restore a backup; Seawall did not change the database",
    )


def _first_line(original: BaseException | None) -> str:
    """Return the first line, which says what happened; later lines of PostgreSQL may repeat values."""
    return next(iter(str(original).splitlines()), "").strip()[:200]
