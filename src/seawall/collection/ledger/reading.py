"""Read ledgers: proved spans, gaps, and the status of feeds and partitions. Read-only; reads no clock."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from seawall.collection.collected_spans import CollectedFeed, Span
from seawall.collection.coverage import find_settled_spans, find_unqueried_spans, subtract_spans
from seawall.collection.coverage_gap import CoverageGap
from seawall.collection.ledger import tables
from seawall.collection.ledger.counters import DELAY_STEP
from seawall.collection.ledger.pruning import fold_day
from seawall.collection.ledger.retiring import find_retired_since

T = TypeVar("T")
BY_EVENT = frozenset({"part-refused", "part-expired", "file-lost"})
"""Codes of gaps whose span is in event time; spans of other gaps are in delivery time."""

MOST_GAPS = 1_000
"""Most gaps that are listed individually for a feed; one more gap spans the rest."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """The status of one feed.

    `delays` are seconds at the percentiles 50, 95 and 99, by kind (`event`, `blob`). `counts` are faults by name.
    `asked_until` is the newest moment queried, `open_asks` the number of queries without a complete answer. Only Kafka
    topics have `partitions`.
    """

    vendor: str
    feed: CollectedFeed
    asks: int
    open_asks: int
    asked_until: int
    last_asked: int
    pieces: int
    records: int
    new_records: int
    bytes: int
    segments: int
    segment_records: int
    counts: dict[str, int]
    delays: dict[str, tuple[float, float, float]]
    partitions: tuple[PartitionPosition, ...]


def read_collected(folder: Path) -> tuple[CollectedFeed, ...]:
    """Return the proved spans and gaps of each tenant and feed, from a folder of ledgers. Raises `CollectionBroken`."""
    return tuple(_read_feeds(folder, _collect))


def read_feed_statuses(folder: Path) -> tuple[FeedStatus, ...]:
    """Return the status of each feed in a folder of ledgers. Raises `CollectionBroken`."""
    return tuple(_read_feeds(folder, _standing))


def _read_feeds(folder: Path, read: Callable[[sqlite3.Connection, str, str, int], T]) -> Iterator[T]:
    for path in sorted(folder.glob("*.sqlite")):
        with _read(path) as work:
            stated = dict(work.execute("SELECT name, value FROM about"))
            for (feed,) in work.execute("SELECT feed FROM feeds ORDER BY name").fetchall():
                yield read(work, stated["vendor"], stated["tenant"], feed)


@contextmanager
def _read(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(tables.connect_ledger(path, is_read=True)) as connection:
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            raise tables.make_error(path, error) from error


def _collect(work: sqlite3.Connection, vendor: str, tenant: str, feed: int) -> CollectedFeed:
    name, source, begin, proved_from, settle, relist = work.execute(
        "SELECT name, source, begin, proved_from, settle, relist FROM feeds WHERE feed = ?", (feed,)
    ).fetchone()
    painted = work.execute(
        "SELECT start, end, asked_at FROM coverage WHERE feed = ? ORDER BY start", (feed,)
    ).fetchall()
    newest = max((end for _, end, _ in painted), default=begin)
    gaps = [
        CoverageGap(start, end, source, "not-fetched", f"{name}: was not fetched in full")
        for start, end in find_unqueried_spans(painted, begin, newest)
    ]
    for start, end, code in work.execute(
        "SELECT start, end, code FROM missing WHERE feed = ? ORDER BY start", (feed,)
    ):
        gaps.append(CoverageGap(start, end, source, code, f"{name}: the vendor kept nothing"))
    rows = work.execute(
        "SELECT created, state, reason FROM pieces WHERE feed = ? AND state IN ('refused', 'expired') ORDER BY created",
        (feed,),
    )
    for created, state, reason in rows:
        words = f"{name}: a part that was made then could not be fetched ({reason or state})"
        gaps.append(CoverageGap(created - settle, created + 1, source, f"part-{state}", words))
    for first, last in work.execute(
        "SELECT first, last FROM segments WHERE feed = ? AND state = 'lost' ORDER BY first", (feed,)
    ):
        gaps.append(
            CoverageGap(
                first, last + 1, source, "file-lost", f"{name}: a file was lost before it had its name"
            )
        )
    gaps += count_lost_messages(work, feed, name, source)
    proved = [
        (max(start, proved_from), end - (settle - relist))
        for start, end in find_settled_spans(painted, relist)
        if max(start, proved_from) < end - (settle - relist)
    ]
    # A gap by delivery time may lack events up to `settle` earlier.
    late = settle - relist
    missing = [(gap.start - late * (gap.code not in BY_EVENT), gap.end) for gap in gaps]
    spans: tuple[Span, ...] = tuple(subtract_spans(proved, missing))
    return CollectedFeed(
        vendor, tenant, source, name, begin, settle, spans, _limit(gaps), find_retired_since(work, feed)
    )


def _limit(gaps: list[CoverageGap]) -> tuple[CoverageGap, ...]:
    gaps = sorted(gaps, key=lambda gap: (gap.start, gap.end, gap.code))
    if len(gaps) <= MOST_GAPS:
        return tuple(gaps)
    rest = gaps[MOST_GAPS:]
    words = f"{len(rest)} more gaps"
    end = max(gap.end for gap in rest)
    return (*gaps[:MOST_GAPS], CoverageGap(rest[0].start, end, rest[0].source, "more", words))


def _standing(work: sqlite3.Connection, vendor: str, tenant: str, feed: int) -> FeedStatus:
    asks = work.execute(
        "SELECT count(*), coalesce(sum(state = 'open'), 0), coalesce(max(asked_at), 0), coalesce(sum(pieces), 0),"
        " coalesce(sum(records), 0), coalesce(sum(new_records), 0), coalesce(sum(bytes), 0) FROM asks WHERE feed = ?",
        (feed,),
    ).fetchone()
    number, open_asks, last_asked, pieces, records, new_records, size = asks
    segments, segment_records = work.execute(
        "SELECT count(*), coalesce(sum(records), 0) FROM segments WHERE feed = ?", (feed,)
    ).fetchone()
    until = work.execute("SELECT coalesce(max(end), 0) FROM coverage WHERE feed = ?", (feed,)).fetchone()[0]
    counts = dict(work.execute("SELECT name, count FROM counts WHERE feed = ? ORDER BY name", (feed,)))
    sums = fold_day(work, feed)
    return FeedStatus(
        vendor,
        _collect(work, vendor, tenant, feed),
        number + sums["asks"],
        open_asks,
        until,
        last_asked,
        pieces + sums["pieces"],
        records + sums["records"],
        new_records + sums["new_records"],
        size + sums["bytes"],
        segments + sums["segments"],
        segment_records + sums["segment_records"],
        counts,
        {kind: _percentiles(work, feed, kind) for kind in _kinds(work, feed)},
        read_positions(work, feed),
    )


def _kinds(work: sqlite3.Connection, feed: int) -> list[str]:
    rows = work.execute("SELECT DISTINCT kind FROM delays WHERE feed = ? ORDER BY kind", (feed,))
    return [row[0] for row in rows]


def _percentiles(work: sqlite3.Connection, feed: int, kind: str) -> tuple[float, float, float]:
    """Return the upper bounds of the buckets that hold the percentiles 50, 95 and 99, in seconds."""
    rows = work.execute(
        "SELECT bucket, count FROM delays WHERE feed = ? AND kind = ? ORDER BY bucket", (feed, kind)
    ).fetchall()
    total = sum(count for _, count in rows)
    found = []
    for share in (0.5, 0.95, 0.99):
        below = 0
        for bucket, count in rows:
            below += count
            if below >= share * total:
                found.append(round(math.exp((bucket + 1) * DELAY_STEP), 1))
                break
    return found[0], found[1], found[2]


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """The position in a partition. `next` is the first offset that is not stored.

    From `low` to before `high` are the offsets at the broker at `looked_at` (microseconds). None means unknown.
    """

    number: int
    next: int | None
    low: int | None
    high: int | None
    looked_at: int
    messages: int

    @property
    def lag(self) -> int | None:
        """Messages that wait to be read, None if unknown. Offsets without a message count too."""
        if self.high is None:
            return None
        return max(self.high - (self.next if self.next is not None else self.low or 0), 0)


def read_positions(work: sqlite3.Connection, feed: int) -> tuple[PartitionPosition, ...]:
    """Return the positions in a topic's partitions, () in a ledger without partitions."""
    if not _has_partitions(work):
        return ()
    rows = work.execute(
        "SELECT number, next, low, high, looked_at, messages FROM partitions WHERE feed = ? ORDER BY number",
        (feed,),
    )
    return tuple(PartitionPosition(*row) for row in rows)


def count_lost_messages(work: sqlite3.Connection, feed: int, topic: str, source: str) -> list[CoverageGap]:
    """Return gaps for lost messages, each from the last message before them to the time they were missed."""
    if not _has_partitions(work):
        return []
    rows = work.execute(
        "SELECT number, first, next, start, end, code FROM lost WHERE feed = ? ORDER BY start, number",
        (feed,),
    )
    return [
        CoverageGap(start, end + 1, source, code, f"{topic}: {_describe_loss(number, first, after, code)}")
        for number, first, after, start, end, code in rows
    ]


def _describe_loss(number: int, first: int, after: int, code: str) -> str:
    if code == "messages-expired":
        return f"partition {number}: offsets {first} to {after - 1} were deleted before they were read"
    return (
        f"partition {number}: offset {first} was next and the partition ends before it: it was cut or made anew,"
        f" and is read again from offset {after}"
    )


def _has_partitions(work: sqlite3.Connection) -> bool:
    found = work.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'partitions'")
    return found.fetchone() is not None
