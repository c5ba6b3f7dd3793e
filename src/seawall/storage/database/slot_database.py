"""The database as the holder of one slot sees it: every write transaction proves that the lease is the latest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from seawall.storage.database.database import GROUP, Database, WriterLease
from seawall.storage.database.failures import name_failure
from seawall.storage.database.work import Transaction
from seawall.storage.errors import LeaseLost, StoreRefused

JOINING_LOCK = 0x5EA_0004


class SlotDatabase(Database):
    """A database limited to a slot. `take` acquires the slot; without it, nothing can be written.

    `holder` names this process, and no other, `worker` is its name for people. A lease lasts `seconds` after the last write
    or renewal. Threads may share an instance.
    """

    def __init__(self, base: Database, slot: int, *, holder: str, worker: str, seconds: float) -> None:
        super().__init__(base.engine, base.place, base.file)
        self.slot, self._holder, self._worker, self._seconds = slot, holder, worker, seconds
        self.generation: int | None = None

    def take(self) -> bool:
        """Acquire the slot; return False while another process holds it. Earlier writes of this process become invalid."""
        with super().writing() as work:
            generation = work.leases.acquire(
                self.slot, self._holder, worker=self._worker, seconds=self._seconds
            )
        if generation is not None:
            self.generation = generation
        return generation is not None

    def release(self) -> None:
        """Give the slot up, so that another process need not wait for the end of the lease."""
        generation, self.generation = self.generation, None
        if generation is not None:
            with super().writing() as work:
                work.leases.release(self.slot, generation)

    def close(self) -> None:
        """Do nothing: the connections belong to the database that this is a part of."""

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a read transaction on the slot; see `Database.reading`."""
        with name_failure(self.place), Session(self._reading) as session:
            yield Transaction(session, self.slot)

    @contextmanager
    def writing(self, writer: WriterLease | None = None) -> Iterator[Transaction]:
        """Open a write transaction on the slot, which prolongs the lease; see `Database.writing`.

        Raises `LeaseLost`, and writes nothing, if somebody took the slot since `take`, or since `writer` began.
        """
        generation = self.generation if writer is None else writer.generation
        with name_failure(self.place), Session(self._writing) as session, session.begin():
            work = Transaction(session, self.slot)
            if generation is None or not work.leases.renew(self.slot, generation, seconds=self._seconds):
                raise lost_lease(self.slot)
            yield work

    @contextmanager
    def only_writer(self) -> Iterator[WriterLease]:
        """Hold the slot for a `with` block. Raises `LeaseLost` if another process has it."""
        if not self.take():
            raise lost_lease(self.slot)
        yield WriterLease(self.generation or 0)


def lost_lease(slot: int) -> LeaseLost:
    """Return the error of a worker that does not hold a slot."""
    return LeaseLost(
        f"another worker of the group holds partition {slot - 1}",
        fix="nothing was written; the other worker continues from what is stored",
    )


def lock_joining(work: Transaction) -> None:
    """Let workers that start at the same time join one after the other, until the transaction ends."""
    if (
        work.session.connection().dialect.name == "postgresql"
    ):  # a SQLite database has one writer at a time anyway
        work.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": JOINING_LOCK})


def join_group(database: Database, name: str, topic: str) -> None:
    """Mark a new database as that of a group that reads a topic, or check that it is. Raises `StoreRefused`."""
    wanted = {"name": name, "topic": topic}
    with database.writing() as work:
        lock_joining(work)
        known = work.settings.get(GROUP)
        if known is None:
            if work.days.since(0) or work.totals.all():
                raise StoreRefused(
                    f"the database {database.place} belongs to a watch that works alone",
                    fix="give the group a new database and a new store",
                )
            work.settings.put(GROUP, wanted)
        elif known != wanted:
            raise StoreRefused(
                f"the database {database.place} belongs to the group {known['name']!r} with the topic {known['topic']!r}",
                fix="give the same group and topic, or a new database and a new store",
            )
