"""Open the database, run transactions, and make sure that one process at most writes batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from seawall.storage.database import migrate
from seawall.storage.database.connection import WRITING, check_kind, engine_for, mark, prepare_file
from seawall.storage.database.failures import name_failure
from seawall.storage.database.models import CounterRow
from seawall.storage.database.narrowing import HeldOrganisations, NarrowedSession
from seawall.storage.database.work import Transaction
from seawall.storage.errors import DatabaseAway, OutsideOrganisations, StoreRefused
from seawall_base.errors import DatabaseInUse
from seawall_base.file_lock import FileLock

_WRITER = "writer"
WRITER_LOCK = 0x5EA_0002
GROUP = "worker-group"
"""The setting that names the group of workers whose database this is."""


@dataclass
class WriterLease:
    """The exclusive right to write batches. `generation` counts the processes that had it."""

    generation: int
    _lock: FileLock | None = field(default=None, repr=False)
    _connection: Connection | None = field(default=None, repr=False)

    def release(self) -> None:
        """Give the right up."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(SQLAlchemyError):  # if the server cannot be reached, the lock is gone as well
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": WRITER_LOCK})
            with suppress(SQLAlchemyError):
                connection.invalidate()  # closing the connection releases a lock that is still held
            connection.close()


class Database:
    """An open database. Threads and processes may share it: readers never wait, writers wait for each other."""

    def __init__(
        self, engine: Engine, place: str, file: Path | None, held: HeldOrganisations | None = None
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITING: True})
        self._reading = (
            engine
            if file is not None
            else engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )
        self.file = file
        self.place = place
        self._held = held

    def narrow(self, organisations: Iterable[str]) -> Database:
        """Return this database as somebody sees it who is limited to organisations. The rules are those of `narrowing`."""
        return Database(self._engine, self.place, self.file, HeldOrganisations.of(organisations))

    def _session(self, engine: Engine) -> Session:
        return Session(engine) if self._held is None else NarrowedSession(engine, self._held)

    def _check_whole(self) -> None:
        if self._held is not None:
            raise OutsideOrganisations("this needs the whole database")

    @property
    def engine(self) -> Engine:
        """The connections, for a part of this database (`SlotDatabase`)."""
        return self._engine

    @property
    def url(self) -> str | Path:
        """The path or URL for `open`, including the password: never write it to a log."""
        return self.file or self._engine.url.render_as_string(hide_password=False)

    @classmethod
    def open(cls, place: str | Path, *, should_migrate: bool = False) -> Database:
        """Open the database at a path (SQLite) or a URL (`postgresql://…`).

        With `should_migrate`, a missing database is created, and an older one is migrated. Raises `DatabaseAway`,
        `DatabaseBroken`, `DatabaseInUse`, `DatabaseNewer`, `DatabaseNotMigrated`, `UsageError` and `MissingExtra`.
        """
        engine, words, file = engine_for(place)
        if file is not None:
            prepare_file(file, create=should_migrate)
        database = cls(engine, words, file)
        try:
            database._settle(should_migrate=should_migrate)
        except BaseException:
            engine.dispose()
            raise
        return database

    def _settle(self, *, should_migrate: bool) -> None:
        engine = self._writing if should_migrate else self._engine
        with name_failure(self.place), engine.begin() as connection:
            check_kind(connection, self.place)
            if should_migrate:
                mark(connection)
                migrate.upgrade(connection, self.place)
            else:
                migrate.check(connection, self.place)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a read transaction for a `with` block: one snapshot throughout. Changes made in it are discarded."""
        with name_failure(self.place), self._session(self._reading) as session:
            yield Transaction(session)

    @contextmanager
    def writing(self, writer: WriterLease | None = None) -> Iterator[Transaction]:
        """Open a write transaction for a `with` block: commit at its end, roll back if it raises.

        With a `writer`, raises `DatabaseInUse` if another process took over since. A process that slept too long or lost
        its connection therefore writes nothing.
        """
        with name_failure(self.place), self._session(self._writing) as session, session.begin():
            if writer is not None:
                self._check(session, writer)
            yield Transaction(session)

    def run_alone(self, statements: Sequence[str]) -> None:
        """Run statements outside of any transaction, such as VACUUM. They must not come from a log."""
        self._check_whole()
        with name_failure(self.place), closing(self._engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            if self.file is None:
                driver.rollback()
                driver.autocommit = True
            for statement in statements:
                driver.execute(statement).close()
            if self.file is None:
                driver.autocommit = False

    @contextmanager
    def only_writer(self) -> Iterator[WriterLease]:
        """Hold the exclusive right to write batches for a `with` block. Raises `DatabaseInUse` if another process has it.

        Raises `StoreRefused` for the database of a group of workers, whose right is by slot (`SlotDatabase`).
        """
        self._check_whole()
        writer = _lock(self._engine, self.file, self.place)
        try:
            with name_failure(self.place), Session(self._writing) as session, session.begin():
                refuse_group(Transaction(session), self.place)
                row = session.get(CounterRow, _WRITER, with_for_update=True)
                if row is None:
                    row = CounterRow(name=_WRITER, value=0)
                    session.add(row)
                row.value += 1
                writer.generation = row.value
            yield writer
        finally:
            writer.release()

    def _check(self, session: Session, writer: WriterLease) -> None:
        counter = select(CounterRow.value).where(CounterRow.name == _WRITER).with_for_update()
        if session.execute(counter).scalar_one_or_none() != writer.generation:
            raise DatabaseInUse(
                f"another program has become the writer of the database {self.place}",
                fix="restart this program; its last write was not stored",
            )


def refuse_group(work: Transaction, place: str) -> None:
    """Raise `StoreRefused` if the database is that of a group of workers."""
    known = work.settings.get(GROUP)
    if known is not None:
        raise StoreRefused(
            f"the database {place} belongs to the group of workers {known['name']!r}",
            fix="start a worker with `seawall watch --group`, or the console with --no-watch",
        )


@contextmanager
def writer_lock(place: str | Path) -> Iterator[None]:
    """Hold the same right for a database of any version, for a `with` block. Raises `DatabaseInUse`."""
    engine, words, file = engine_for(place)
    try:
        writer = _lock(engine, file, words)
        try:
            yield
        finally:
            writer.release()
    finally:
        engine.dispose()


def _lock(engine: Engine, file: Path | None, place: str) -> WriterLease:
    if file is not None:
        return WriterLease(0, _lock=_lock_file(writer_file(file), place))
    with name_failure(place):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": WRITER_LOCK}).scalar_one():
            return WriterLease(0, _connection=connection)
        connection.close()
    raise _already(place)


def writer_file(file: Path) -> Path:
    """Return the file beside a SQLite database whose lock is the right to write batches."""
    return file.with_name(file.name + "-writer")


def _lock_file(path: Path, place: str) -> FileLock:
    try:
        lock = FileLock(path)
    except OSError as error:
        raise DatabaseAway(
            f"{path} cannot be opened: {error.strerror}", fix="check its permissions"
        ) from error
    if not lock.try_hold():
        lock.close()
        raise _already(place)
    return lock


def _already(place: str) -> DatabaseInUse:
    return DatabaseInUse(
        f"another program already writes to the database {place}",
        fix="stop the other program first; a database has one writer at a time",
    )
