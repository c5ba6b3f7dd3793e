"""Write the ledger of a Kafka consumer group: offsets change in the transaction that counts the messages.

Several processes may share such a ledger, each with the partitions that the broker assigned to it. A process advances a
partition only from the offset it knows. One that lost a partition unnoticed therefore stores none of its messages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from seawall.collection.ledger import tables
from seawall.collection.ledger.book import LedgerWriter, PendingQuery
from seawall.collection.ledger.counters import count_delays, count_names
from seawall.collection.piece import FetchedPage
from seawall.collection.segments import Segment, SegmentFolder

TABLES: Final = """
CREATE TABLE partitions (
    feed INTEGER NOT NULL, number INTEGER NOT NULL, next INTEGER, moment INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0, low INTEGER, high INTEGER, looked_at INTEGER NOT NULL DEFAULT 0,
    covered INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (feed, number)) WITHOUT ROWID;
CREATE TABLE unread (
    feed INTEGER NOT NULL, number INTEGER NOT NULL, message INTEGER NOT NULL, reason TEXT NOT NULL, bytes INTEGER NOT NULL,
    segment INTEGER NOT NULL, line INTEGER NOT NULL);
CREATE TABLE lost (
    feed INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL, next INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, code TEXT NOT NULL);
"""
"""Further tables of such a ledger.

`next` is the first offset that is not stored, NULL before the first. `moment` is the newest time of a stored message. Up to
`covered`, everything in the partition is stored. `unread` lists messages that are no records. `lost` lists offsets, from
`first` to before `next`, that cannot be read.
"""

MOST_UNREAD: Final = 100_000
"""Most messages without records that are listed individually; all are counted, and each line names its message."""


@dataclass(slots=True)
class OffsetRange:
    """Consecutive messages of one partition, from one offset to another.

    `stored` is the next offset according to the ledger, None if nothing is stored yet; `next` is the one after these
    messages. `unread` holds (offset, fault, bytes, index in `lines`). Times are microseconds since 1970.
    """

    topic: str
    number: int
    stored: int | None
    next: int | None
    messages: int = 0
    size: int = 0
    lines: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    unread: list[tuple[int, str, int, int]] = field(default_factory=list)

    def began(self) -> OffsetRange:
        """Return the empty range that follows once this one is stored."""
        return OffsetRange(self.topic, self.number, self.next, self.next)


@dataclass(frozen=True, slots=True)
class PartitionWatermarks:
    """The first and the next offset of a partition at a broker, when, and whether all before the next one is stored."""

    number: int
    low: int
    high: int
    at: int
    is_all_stored: bool


@contextmanager
def open_partitions(
    path: Path, about: Mapping[str, str], segments: SegmentFolder
) -> Iterator[PartitionLedger]:
    """Open a ledger that other processes may share, creating it if missing. Raises `CollectionBroken` and
    `OutputUnwritable`.
    """
    with _share(path, about), closing(tables.connect_ledger(path)) as connection:
        tables.compare(path, connection, about)
        book = PartitionLedger(path, connection, segments)
        book.settle()
        yield book


@contextmanager
def _share(path: Path, about: Mapping[str, str]) -> Iterator[None]:
    """Hold the lock of a shared ledger: exclusively while the file is created, afterwards shared with other members."""
    with closing(tables.open_lock(path)) as lock:
        if not path.exists():
            lock.hold()
            if not path.exists():
                tables.make(path, about, TABLES)
        lock.share()
        yield


class PartitionLedger(LedgerWriter):
    """A ledger of partitions. Methods raise `CollectionBroken` if the database fails."""

    def meet(self, feed: int, numbers: Iterable[int]) -> None:
        """Store partitions that exist. A partition without stored messages is read from its beginning."""
        with self._transaction() as work:
            work.executemany(
                "INSERT OR IGNORE INTO partitions (feed, number) VALUES (?, ?)",
                [(feed, number) for number in numbers],
            )

    def next_of(self, feed: int, number: int) -> int | None:
        """Return the first offset of a partition that is not stored, None if nothing is."""
        row = self._connection.execute(
            "SELECT next FROM partitions WHERE feed = ? AND number = ?", (feed, number)
        ).fetchone()
        return None if row is None else row[0]

    def store(
        self,
        ask: PendingQuery,
        stretches: Sequence[OffsetRange],
        now: int,
        prefix: str,
        counts: Mapping[str, int],
    ) -> tuple[int, list[OffsetRange]]:
        """Store messages as a segment, and advance their partitions; return the number of records, and the refused ranges.

        A range is refused if another process stored any part of it.
        """
        with self._transaction() as work:
            taken = [one for one in stretches if _advance(work, ask.feed, one)]
            refused = [one for one in stretches if not any(one is other for other in taken)]
            pieces = [_piece(one) for one in taken if one.messages]
            lines = [line for one in taken for line in one.lines]
            times = [time for one in taken for time in one.times]
            segment = self._segment(work, ask, lines, times, now, prefix) if lines else None
            self._note(work, ask, pieces, [len(piece.lines) for piece in pieces], now, segment)
            if segment is not None:
                _note_unread(work, ask.feed, taken, segment[0])
            reasons = [reason for one in taken for _, reason, _, _ in one.unread]
            unread = {reason: reasons.count(reason) for reason in set(reasons)}
            count_names(work, ask.feed, {**counts, **unread}, now)
            count_delays(work, ask.feed, pieces, times, now)
        if segment is not None:
            self._place(*segment)
        return len(lines), refused

    def lose(self, stretch: OffsetRange, feed: int, next_offset: int, code: str, now: int) -> bool:
        """Record messages that cannot be read, and continue after them; return False if another process advanced the
        partition.
        """
        first = stretch.stored or 0
        gone = OffsetRange(stretch.topic, stretch.number, stretch.stored, next_offset)
        with self._transaction() as work:
            row = work.execute(
                "SELECT moment FROM partitions WHERE feed = ? AND number = ?", (feed, stretch.number)
            ).fetchone()
            if not _advance(work, feed, gone):
                return False
            start = row[0] or work.execute("SELECT begin FROM feeds WHERE feed = ?", (feed,)).fetchone()[0]
            work.execute(
                "INSERT INTO lost VALUES (?, ?, ?, ?, ?, ?, ?)",
                (feed, stretch.number, first, next_offset, min(start, now), now, code),
            )
        return True

    def look(self, ask: PendingQuery, looks: Sequence[PartitionWatermarks]) -> None:
        """Store the watermarks of partitions. A topic is covered up to the least time of its partitions."""
        with self._transaction() as work:
            work.executemany(
                "UPDATE partitions SET low = ?, high = ?, looked_at = ?, covered = max(covered, ?) WHERE feed = ? AND number = ?",
                [
                    (one.low, one.high, one.at, one.at if one.is_all_stored else 0, ask.feed, one.number)
                    for one in looks
                ],
            )
            covered = work.execute(
                "SELECT min(covered) FROM partitions WHERE feed = ?", (ask.feed,)
            ).fetchone()[0]
            if covered is not None and covered > ask.start:
                self._paint(work, PendingQuery(ask.number, ask.feed, ask.start, covered, covered, None))

    def cluster(self, name: str) -> bool:
        """Return whether the cluster is the one of all earlier messages; the first cluster is recorded."""
        with self._transaction() as work:
            work.execute("INSERT OR IGNORE INTO about VALUES ('cluster', ?)", (name,))
            found = work.execute("SELECT value FROM about WHERE name = 'cluster'").fetchone()
        return bool(found[0] == name)

    def _place(self, number: int, segment: Segment) -> None:
        """Rename a segment and record that at once: another process that starts must not search for a file that was moved."""
        if self._segments.place(segment):
            with self._transaction() as work:
                work.execute("UPDATE segments SET state = 'placed' WHERE segment = ?", (number,))


def _advance(work: sqlite3.Connection, feed: int, stretch: OffsetRange) -> bool:
    found = work.execute(
        "UPDATE partitions SET next = ?, messages = messages + ?, moment = max(moment, ?)"
        " WHERE feed = ? AND number = ? AND next IS ?",
        (
            stretch.next,
            stretch.messages,
            max(stretch.times, default=0),
            feed,
            stretch.number,
            stretch.stored,
        ),
    )
    return found.rowcount == 1


def _piece(stretch: OffsetRange) -> FetchedPage:
    """Return the range as a piece of the ledger, named `PARTITION:FIRST-LAST`."""
    name = f"{stretch.number}:{stretch.stored or 0}-{(stretch.next or 1) - 1}"
    digest = sha256(b"\n".join(stretch.lines)).digest()
    return FetchedPage(
        name,
        created=max(stretch.times, default=0),
        size=stretch.size,
        sha256=digest,
        lines=stretch.lines,
        times=stretch.times,
    )


def _note_unread(work: sqlite3.Connection, feed: int, stretches: Sequence[OffsetRange], segment: int) -> None:
    rows = []
    before = 0
    for one in stretches:
        rows += [
            (feed, one.number, offset, reason, size, segment, before + line + 1)
            for offset, reason, size, line in one.unread
        ]
        before += len(one.lines)
    if rows:
        room = MOST_UNREAD - work.execute("SELECT count(*) FROM unread").fetchone()[0]
        work.executemany("INSERT INTO unread VALUES (?, ?, ?, ?, ?, ?, ?)", rows[: max(room, 0)])
