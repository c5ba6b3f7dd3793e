"""Deletes what is older than an organisation wants to keep. Answers and the audit trail are never deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date

from seawall.store.database import Work
from seawall.store.lake import layout
from seawall.store.place import Store


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted, or would be: days of events with their number and bytes, and rows by table."""

    before: date
    days: int
    events: int
    event_bytes: int
    rows: dict[str, int]


class _UndoneError(Exception):
    """Ends a transaction without keeping anything."""


@contextmanager
def _ended(is_rehearsal: bool) -> Iterator[None]:
    yield
    if is_rehearsal:
        raise _UndoneError


def _undone(is_rehearsal: bool) -> AbstractContextManager[None]:
    return suppress(_UndoneError) if is_rehearsal else nullcontext()


def prune(store: Store, before: date, *, is_rehearsal: bool = False) -> Forgotten:
    """Delete everything of the days before a day (UTC); rehearsed, nothing is deleted, and the answer is the same.

    Nobody else may be writing batches (DatabaseInUse): a running watch prunes for itself.
    """
    old = [day for day in store.lake.size().days if day.day < before]
    rows: dict[str, int] = {}
    with store.database.only_writer() as writer:
        with _undone(is_rehearsal), store.database.writing(writer) as work, _ended(is_rehearsal):
            rows = prune_rows(work, before)
        if not is_rehearsal:
            store.lake.prune(before)
    sums = (len(old), sum(day.rows for day in old), sum(day.size for day in old))
    return Forgotten(before, *sums, rows)


def prune_rows(work: Work, before: date) -> dict[str, int]:
    """Delete the rows of the days before a day; return how many of each table."""
    moment, day = layout.start_of(before), (before - layout.EPOCH).days
    return {
        "incidents": work.incidents.prune(moment),
        "problems": work.problems.prune(moment),
        "candidates": work.candidates.prune(day),
        "days": work.days.prune(day),
        "outbox": work.outbox.prune(moment),
        "sessions": work.sessions.prune(moment),
        "invites": work.invites.prune(moment),
    }
