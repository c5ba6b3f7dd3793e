"""Delete data older than an organisation wants to keep. Feedback and the audit trail are never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from seawall.storage.database import Transaction
from seawall.storage.lake import layout
from seawall.storage.location import Store


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What was deleted, or would be: days, number and bytes of events, and rows by table."""

    before: date
    days: int
    events: int
    event_bytes: int
    rows: dict[str, int]


def prune(store: Store, before: date, *, is_rehearsal: bool = False) -> PruneResult:
    """Delete events and rows of the days (UTC) before a day; with `is_rehearsal`, only count them.

    Raises `DatabaseInUse` if another process writes batches: a running `seawall watch` prunes by itself. A rehearsal only
    reads.
    """
    old = [day for day in store.lake.size().days if day.day < before]
    if is_rehearsal:
        with store.database.reading() as work:
            rows = prune_rows(work, before, is_rehearsal=True)
    else:
        with store.database.only_writer() as writer:
            with store.database.writing(writer) as work:
                rows = prune_rows(work, before)
            store.lake.prune(before)
    sums = (len(old), sum(day.rows for day in old), sum(day.size for day in old))
    return PruneResult(before, *sums, rows)


def prune_rows(work: Transaction, before: date, *, is_rehearsal: bool = False) -> dict[str, int]:
    """Delete the rows of the days before a day, or with `is_rehearsal` only count them; return the rows by table."""
    moment, day = layout.start_of(before), (before - layout.EPOCH).days
    return {
        "incidents": work.incidents.prune(moment, is_rehearsal=is_rehearsal),
        "problems": work.problems.prune(moment, is_rehearsal=is_rehearsal),
        "candidates": work.candidates.prune(day, is_rehearsal=is_rehearsal),
        "days": work.days.prune(day, is_rehearsal=is_rehearsal),
        "outbox": work.outbox.prune(moment, is_rehearsal=is_rehearsal),
        "sessions": work.sessions.prune(moment, is_rehearsal=is_rehearsal),
        "invites": work.invites.prune(moment, is_rehearsal=is_rehearsal),
    }
