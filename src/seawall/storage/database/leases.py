"""Leases of slots: one worker at a time may write what a slot's detection keeps, through pauses and cut networks.

A slot is the part of detection's state that belongs to one partition of a topic. Every holder of a slot has a higher
generation than the ones before, and each write transaction names its generation: a worker that slept through the end of its
lease is refused. Times are those of the database server, so that the clocks of workers do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, CursorResult, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.group_models import SlotLeaseRow

LONGEST_LEASE = 600.0
"""Seconds of the longest lease. One that ends later was made before the server's clock was set back: it has ended."""

_SECOND = 1_000_000
_LONGEST = round(LONGEST_LEASE * _SECOND)
_NOW = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
}


@dataclass(frozen=True, slots=True)
class SlotLease:
    """The present lease of a slot. `left` is the time until it ends unless renewed, in seconds, negative if it has ended.

    `holder` names a process, empty if nobody holds the slot, `worker` is its name for people. `report` is what the holder
    said last about its work.
    """

    slot: int
    generation: int
    holder: str
    worker: str
    since: int
    left: float
    report: Mapping[str, Any]


class SlotLeases:
    """Leases within one transaction. A changed lease stays locked until the transaction ends."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def acquire(self, slot: int, holder: str, *, worker: str, seconds: float) -> int | None:
        """Take a slot that is free, whose lease has ended, or that the same holder has; return the new generation.

        Return None while another one holds it. A transaction of the holder that is about to end is waited for.
        """
        row = {
            "slot": slot,
            "generation": 0,
            "holder": "",
            "worker": "",
            "since": 0,
            "held_until": 0,
            "report": {},
        }
        self._session.execute(self._insert().values(row).on_conflict_do_nothing())
        now = self._now()
        is_over = (SlotLeaseRow.held_until < now) | (SlotLeaseRow.held_until > now + _LONGEST)
        is_free = (SlotLeaseRow.holder == "") | (SlotLeaseRow.holder == holder) | is_over
        taken = update(SlotLeaseRow).where(SlotLeaseRow.slot == slot, is_free)
        # the time keeps it unique if a server that takes over knows less than the one that failed
        later = self._choose_larger(SlotLeaseRow.generation + 1, now)
        taken = taken.values(
            generation=later,
            holder=holder,
            worker=worker,
            since=now,
            held_until=now + round(seconds * _SECOND),
        )
        found = self._session.execute(taken.returning(SlotLeaseRow.generation), execution_options=_PLAIN)
        generation = found.scalar_one_or_none()
        return None if generation is None else int(generation)

    def renew(self, slot: int, generation: int, *, seconds: float) -> bool:
        """Prolong a lease; return False if a later one exists. A lease that has ended is valid until somebody takes it."""
        until = self._now() + round(seconds * _SECOND)
        return self._change(slot, generation, held_until=until)

    def renew_idle(
        self,
        held: Mapping[int, int],
        reports: Mapping[int, Mapping[str, Any]] | None = None,
        *,
        seconds: float,
    ) -> set[int]:
        """Prolong leases, given as generation by slot, and store what is said about them; return the slots that have later ones.

        A slot in which its holder writes just now is left out: that transaction prolongs the lease itself.
        """
        query = select(SlotLeaseRow.slot, SlotLeaseRow.generation).where(SlotLeaseRow.slot.in_(sorted(held)))
        found = self._session.execute(query.with_for_update(skip_locked=True)).all()
        lost = {slot for slot, generation in found if generation != held[slot]}
        for slot, _ in found:
            if slot not in lost:
                self.renew(slot, held[slot], seconds=seconds)
                if reports is not None and slot in reports:
                    self._change(slot, held[slot], report=dict(reports[slot]))
        return lost

    def release(self, slot: int, generation: int) -> bool:
        """Give a slot up; return False if a later lease exists. The next holder need not wait."""
        return self._change(slot, generation, holder="", held_until=0)

    def all(self) -> list[SlotLease]:
        """Return the lease of each slot that was ever held."""
        query = select(SlotLeaseRow, self._now().label("now")).order_by(SlotLeaseRow.slot)
        return [
            SlotLease(
                row.slot,
                row.generation,
                row.holder,
                row.worker,
                row.since,
                (row.held_until - now) / _SECOND,
                row.report,
            )
            for row, now in self._session.execute(query)
        ]

    def _change(self, slot: int, generation: int, **values: Any) -> bool:
        mine = (SlotLeaseRow.slot == slot, SlotLeaseRow.generation == generation)
        changed = update(SlotLeaseRow).where(*mine).values(**values)
        return (
            cast("CursorResult[Any]", self._session.execute(changed, execution_options=_PLAIN)).rowcount == 1
        )

    def _choose_larger(self, one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        return func.greatest(one, other) if is_postgresql else func.max(one, other)

    def _insert(self) -> Any:
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        return (postgresql if is_postgresql else sqlite).insert(SlotLeaseRow)

    def _now(self) -> ColumnElement[int]:
        return literal_column(_NOW[self._session.connection().dialect.name], BigInteger())


_PLAIN: Mapping[str, Any] = {"synchronize_session": False}


def list_held(leases: Iterable[SlotLease]) -> list[SlotLease]:
    """Return the leases that somebody holds and that have not ended."""
    return [lease for lease in leases if lease.holder and lease.left > 0]
