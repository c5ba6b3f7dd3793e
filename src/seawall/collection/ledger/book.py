"""Write a ledger: one transaction for each segment, so that the files and the counts always agree.

A segment is written to disk before the transaction that counts it is committed, and renamed into the folder afterwards.
After a crash, a segment is either unknown to the ledger, then it is deleted and fetched again, or counted, then it is
renamed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from seawall.collection.coverage import LateArrivalRule, Painted, mark_queried, pack_spans, reach
from seawall.collection.ledger import pruning, retiring, tables
from seawall.collection.ledger.counters import count_delays, count_names
from seawall.collection.piece import FetchedPage
from seawall.collection.segments import Segment, SegmentFolder
from seawall_base import sqlite_file
from seawall_base.errors import DatabaseInUse

HOUR: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class PendingQuery:
    """A query without a complete answer: its span, the time it was first made, and the cursor to continue from."""

    number: int
    feed: int
    start: int
    end: int
    asked_at: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class LedgerFeed:
    """A part of a vendor's API that is queried by itself, and the rules for calling its spans complete.

    `source` is the source of its events. Events before `begin` are not queried. Events before `proved_from` are never
    proved, because nobody states whether the vendor kept them. A moment is proved once the vendor was queried late enough:
    for everything that it made by `settle` after the moment, and at least `relist` after the time by which it files this.
    Both are equal if the vendor files by event time; if it files by delivery time, `relist` is shorter. All are
    microseconds.
    """

    name: str
    source: str
    begin: int
    proved_from: int
    settle: int
    relist: int
    recall: LateArrivalRule | None = None
    """What later queries may return again; None if any record may come again at any time."""


@contextmanager
def open_ledger(path: Path, about: Mapping[str, str], segments: SegmentFolder) -> Iterator[LedgerWriter]:
    """Open a ledger for this process alone, creating it if missing, and finish or undo what a crash interrupted.

    Raises `CollectionBroken`, `DatabaseInUse` and `OutputUnwritable`.
    """
    with _lock(path):
        if not path.exists():
            tables.make(path, about)
        with closing(tables.connect_ledger(path)) as connection:
            tables.compare(path, connection, about)
            book = LedgerWriter(path, connection, segments)
            book.settle()
            yield book


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with closing(tables.open_lock(path)) as lock:
        if not lock.try_hold():
            raise DatabaseInUse(
                f"{path}: another process is collecting into this folder",
                fix="run one collector for each tenant",
            )
        yield


class LedgerWriter:
    """A ledger that this process alone writes. Methods raise `CollectionBroken` if the database fails."""

    def __init__(self, path: Path, connection: sqlite3.Connection, segments: SegmentFolder) -> None:
        self._path, self._connection, self._segments = path, connection, segments
        self.tenant = tables.read_statements(connection, "tenant")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with sqlite_file.transaction(self._connection):
                yield self._connection
        except sqlite3.Error as error:
            raise tables.make_error(self._path, error) from error

    def settle(self) -> None:
        """Rename segments that are counted but still wait; delete those that are not counted.

        In one transaction, so that no uncounted segment can belong to another process then.
        """
        with self._transaction() as work:
            rows = work.execute(
                "SELECT segment, name, records, bytes, sha256 FROM segments WHERE state = 'waiting'"
            ).fetchall()
            states = [
                ("placed" if self._segments.place(Segment(*values)) else "lost", number)
                for number, *values in rows
            ]
            work.executemany("UPDATE segments SET state = ? WHERE segment = ?", states)
            self._segments.discard()

    def feed(self, feed: LedgerFeed) -> tuple[int, int]:
        """Store a feed; return its number and begin. The stored begin stays unless the new one is earlier."""
        with self._transaction() as work:
            work.execute(
                "INSERT INTO feeds (name, source, begin, proved_from, settle, relist) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET begin = min(begin, excluded.begin), settle = excluded.settle,"
                " relist = excluded.relist",
                (feed.name, feed.source, feed.begin, feed.proved_from, feed.settle, feed.relist),
            )
            row = work.execute("SELECT feed, begin FROM feeds WHERE name = ?", (feed.name,)).fetchone()
        return int(row[0]), int(row[1])

    def only(self, names: Sequence[str], now: int) -> None:
        """Record that only these feeds are in the settings; for other feeds, record since when they are not."""
        if retiring.is_other(self._connection, names):
            with self._transaction() as work:
                retiring.retire(work, names, now)

    def coverage(self, feed: int) -> list[Painted]:
        """Return the map of when each span of a feed was last queried."""
        rows = self._connection.execute(
            "SELECT start, end, asked_at FROM coverage WHERE feed = ? ORDER BY start", (feed,)
        )
        return [(int(start), int(end), int(at)) for start, end, at in rows]

    def open_asks(self, feed: int) -> list[PendingQuery]:
        """Return the queries of a feed without a complete answer, oldest span first."""
        rows = self._connection.execute(
            "SELECT ask, feed, start, end, asked_at, cursor FROM asks WHERE feed = ? AND state = 'open'"
            " ORDER BY start, ask",
            (feed,),
        )
        return [PendingQuery(*row) for row in rows]

    def ask(self, feed: int, start: int, end: int, now: int) -> PendingQuery:
        """Record that a span is queried now, and return the query."""
        with self._transaction() as work:
            number = work.execute(
                "INSERT INTO asks (feed, start, end, asked_at, state) VALUES (?, ?, ?, ?, 'open')",
                (feed, start, end, now),
            ).lastrowid
        return PendingQuery(int(number or 0), feed, start, end, now, None)

    def knows(self, feed: int, content: str) -> bool:
        """Return whether a blob was stored, or expired at the vendor."""
        found = self._connection.execute(
            "SELECT 1 FROM pieces WHERE feed = ? AND content = ? AND state IN ('came', 'expired')",
            (feed, content),
        )
        return found.fetchone() is not None

    def keep(
        self,
        ask: PendingQuery,
        pieces: Sequence[FetchedPage],
        now: int,
        prefix: str,
        counts: Mapping[str, int],
    ) -> int:
        """Store new records as a segment, and all pieces in the ledger; return the number of new records.

        `prefix` begins the name of the segment; `counts` are events by name (repeats, faults) to add up.
        """
        with self._transaction() as work:
            lines, times, new = self._new(work, ask, pieces)
            segment = self._segment(work, ask, lines, times, now, prefix) if lines else None
            self._note(work, ask, pieces, new, now, segment)
            count_names(work, ask.feed, {**counts, **_repeats(pieces, new)}, now)
            count_delays(work, ask.feed, pieces, times, now)
            if pieces and pieces[-1].is_last:
                self._paint(work, ask)
            elif pieces and pieces[-1].covered > ask.start:
                until = pieces[-1].covered
                self._paint(work, PendingQuery(ask.number, ask.feed, ask.start, until, until, None))
        if segment is not None and self._segments.place(segment[1]):
            # At once: from now on somebody may move the file away, which must not look like a loss.
            with self._transaction() as work:
                work.execute("UPDATE segments SET state = 'placed' WHERE segment = ?", (segment[0],))
        return len(lines)

    def give_up(self, ask: PendingQuery, state: str, now: int) -> None:
        """Close a query that cannot be answered completely; its span stays uncovered."""
        with self._transaction() as work:
            work.execute(
                "UPDATE asks SET state = ?, closed_at = ?, cursor = NULL WHERE ask = ?",
                (state, now, ask.number),
            )

    def miss(self, feed: int, start: int, end: int, code: str) -> None:
        """Record a span of which the vendor can no longer deliver anything."""
        with self._transaction() as work:
            work.execute("INSERT OR IGNORE INTO missing VALUES (?, ?, ?, ?)", (feed, start, end, code))

    def count(self, feed: int, counts: Mapping[str, int], now: int) -> None:
        """Add up faults that came without records."""
        if counts:
            with self._transaction() as work:
                count_names(work, feed, counts, now)

    def prune(self, number: int, feed: LedgerFeed, now: int, before: int) -> None:
        """Delete ids and details that no later query needs; see `pruning`."""
        if feed.recall is None:
            return
        painted, begin = self.coverage(number), self.begin(number)
        waiting = [(ask.start, ask.end) for ask in self.open_asks(number)]
        since = reach(painted, waiting, begin, now, feed.recall)
        old = now - feed.recall.keeps - feed.recall.slot
        short = pack_spans(painted, old, feed.relist)
        if len(short) == len(painted) and not pruning.is_due(self._connection, number, begin, since, before):
            return
        with self._transaction() as work:
            pruning.forget_ids(work, number, begin, since)
            pruning.fold(work, number, before)
            if len(short) < len(painted):
                work.execute("DELETE FROM coverage WHERE feed = ?", (number,))
                work.executemany(
                    "INSERT INTO coverage VALUES (?, ?, ?, ?)", [(number, *part) for part in short]
                )

    def begin(self, number: int) -> int:
        """Return the start of collection of a feed."""
        found = self._connection.execute("SELECT begin FROM feeds WHERE feed = ?", (number,)).fetchone()
        return int(found[0])

    def _new(
        self, work: sqlite3.Connection, ask: PendingQuery, pieces: Sequence[FetchedPage]
    ) -> tuple[list[bytes], list[int], list[int]]:
        """Return the lines of records not seen before, their times, and the number of new records of each piece."""
        insert = "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)"
        cursor = work.cursor()
        lines: list[bytes] = []
        times: list[int] = []
        new: list[int] = []
        for piece in pieces:
            before = len(lines)
            for line, identity, time in zip(piece.lines, piece.identities, piece.times, strict=True):
                if cursor.execute(insert, (ask.feed, time // HOUR, identity)).rowcount:
                    lines.append(line)
                    times.append(time)
            new.append(len(lines) - before)
        return lines, times, new

    def _segment(
        self,
        work: sqlite3.Connection,
        ask: PendingQuery,
        lines: list[bytes],
        times: list[int],
        now: int,
        prefix: str,
    ) -> tuple[int, Segment]:
        number = int(work.execute("SELECT coalesce(max(segment), 0) + 1 FROM segments").fetchone()[0])
        moment = datetime.fromtimestamp(now / 1e6, UTC)
        name = f"{prefix}/{moment:%Y-%m-%d}/{moment:%Y%m%dT%H%M%SZ}-{number:09}.jsonl"
        segment = self._segments.write(name, lines)
        known = [time for time in times if time] or [0]
        work.execute(
            "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            (
                number,
                ask.feed,
                name,
                segment.records,
                segment.size,
                segment.sha256,
                min(known),
                max(known),
                now,
            ),
        )
        return number, segment

    def _note(
        self,
        work: sqlite3.Connection,
        ask: PendingQuery,
        pieces: Sequence[FetchedPage],
        new: Sequence[int],
        now: int,
        segment: tuple[int, Segment] | None,
    ) -> None:
        rows = [
            (
                ask.feed,
                ask.number,
                piece.content or None,
                piece.state,
                piece.reason,
                piece.created,
                now,
                piece.size,
                piece.sha256,
                len(piece.lines),
                count,
                segment[0] if segment is not None and count else None,
            )
            for piece, count in zip(pieces, new, strict=True)
            if piece.state not in {"repeated", "marker"}
        ]
        work.executemany(
            "INSERT INTO pieces (feed, ask, content, state, reason, created, fetched, bytes, sha256, records, new_records,"
            " segment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (feed, content) WHERE content IS NOT NULL DO UPDATE SET ask = excluded.ask, state = excluded.state,"
            " reason = excluded.reason, fetched = excluded.fetched, bytes = excluded.bytes, sha256 = excluded.sha256,"
            " records = excluded.records, new_records = excluded.new_records, segment = excluded.segment"
            " WHERE pieces.state <> 'came'",
            rows,
        )
        is_last = bool(pieces) and pieces[-1].is_last
        work.execute(
            "UPDATE asks SET pieces = pieces + ?, repeated_pieces = repeated_pieces + ?, records = records + ?,"
            " new_records = new_records + ?, bytes = bytes + ?, cursor = ?, state = ?, closed_at = ? WHERE ask = ?",
            (
                sum(piece.state == "came" for piece in pieces),
                sum(piece.state == "repeated" for piece in pieces),
                sum(len(piece.lines) for piece in pieces),
                sum(new),
                sum(piece.size for piece in pieces),
                pieces[-1].cursor if pieces else ask.cursor,
                "complete" if is_last else "open",
                now if is_last else None,
                ask.number,
            ),
        )

    def _paint(self, work: sqlite3.Connection, ask: PendingQuery) -> None:
        rows = work.execute(
            "SELECT start, end, asked_at FROM coverage WHERE feed = ? AND end >= ? AND start <= ? ORDER BY start",
            (ask.feed, ask.start, ask.end),
        ).fetchall()
        work.executemany(
            "DELETE FROM coverage WHERE feed = ? AND start = ?", [(ask.feed, row[0]) for row in rows]
        )
        painted = mark_queried(rows, ask.start, ask.end, ask.asked_at)
        work.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?)", [(ask.feed, *part) for part in painted])


def _repeats(pieces: Sequence[FetchedPage], new: Sequence[int]) -> dict[str, int]:
    records = sum(len(piece.lines) for piece in pieces) - sum(new)
    found = {
        "repeated-records": records,
        "repeated-pieces": sum(piece.state == "repeated" for piece in pieces),
    }
    return {name: count for name, count in found.items() if count}
