"""Reads of a Kafka group's ledger how far partitions are stored, and which messages are lost."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from seawall.collection.coverage_gap import CoverageGap


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """How far a partition is stored: `next` is the first offset that is not, `low` to before `high` what the broker had at
    `looked_at` (microseconds). None where nothing is known yet.
    """

    number: int
    next: int | None
    low: int | None
    high: int | None
    looked_at: int
    messages: int

    @property
    def lag(self) -> int | None:
        """Messages that wait to be read, None where nobody knows. Offsets that hold no message count too."""
        if self.high is None:
            return None
        return max(self.high - (self.next if self.next is not None else self.low or 0), 0)


def read_positions(work: sqlite3.Connection, feed: int) -> tuple[PartitionPosition, ...]:
    """Return the partitions of a topic; none in a ledger that has no such thing."""
    if not _has_partitions(work):
        return ()
    rows = work.execute(
        "SELECT number, next, low, high, looked_at, messages FROM partitions WHERE feed = ? ORDER BY number",
        (feed,),
    )
    return tuple(PartitionPosition(*row) for row in rows)


def count_lost_messages(work: sqlite3.Connection, feed: int, topic: str, source: str) -> list[CoverageGap]:
    """Return messages that cannot be had as gaps, from the last message before them to when they were missed."""
    if not _has_partitions(work):
        return []
    rows = work.execute(
        "SELECT number, first, next, start, end, code FROM lost WHERE feed = ? ORDER BY start, number",
        (feed,),
    )
    return [
        CoverageGap(start, end + 1, source, code, f"{topic}: {_words(number, first, after, code)}")
        for number, first, after, start, end, code in rows
    ]


def _words(number: int, first: int, after: int, code: str) -> str:
    if code == "messages-expired":
        return f"partition {number}: offsets {first} to {after - 1} were deleted before they were read"
    return (
        f"partition {number}: offset {first} was next and the partition ends before it: it was cut or made anew,"
        f" and is read again from offset {after}"
    )


def _has_partitions(work: sqlite3.Connection) -> bool:
    found = work.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'partitions'")
    return found.fetchone() is not None
