"""Delete details from a ledger that nothing needs any more; proofs, gaps and sums do not change.

- Record ids that no later query can return again (`coverage.reach`). Those of a feed's first hours stay: with an earlier begin,
  a query ends where the first one began. Ids of records without a time stay too.
- Queries, answers and files before a time: their sums move to `folded`. Open queries and gaps stay.
"""

from __future__ import annotations

import sqlite3
from typing import Final

HOUR: Final = 3_600_000_000

_SUMS: Final = ("asks", "pieces", "records", "new_records", "bytes", "segments", "segment_records")


def _ids(begin: int, since: int) -> tuple[int, int]:
    """Return the first and the last hour whose ids can be deleted."""
    return max(begin // HOUR + 2, 1), since // HOUR - 1


def _rows(work: sqlite3.Connection, table: str, time: str, feed: int, before: int) -> int:
    """Return the number of the first row at or after a time; smaller numbers are older."""
    found = work.execute(
        f"SELECT {table} FROM {table}s WHERE feed = ? AND {time} >= ? ORDER BY {table} LIMIT 1",
        (feed, before),
    ).fetchone()
    return int(found[0]) if found is not None else 0


def is_due(work: sqlite3.Connection, feed: int, begin: int, since: int, before: int) -> bool:
    """Return whether there is anything to delete."""
    first, last = _ids(begin, since)
    ids = "SELECT 1 FROM seen WHERE feed = ? AND hour BETWEEN ? AND ? LIMIT 1"
    asks = "SELECT 1 FROM asks WHERE feed = ? AND state <> 'open' AND ask < ? LIMIT 1"
    ask = _rows(work, "ask", "asked_at", feed, before)
    return (
        work.execute(ids, (feed, first, last)).fetchone() is not None
        or work.execute(asks, (feed, ask)).fetchone() is not None
    )


def forget_ids(work: sqlite3.Connection, feed: int, begin: int, since: int) -> None:
    """Delete the ids of records before a time."""
    work.execute("DELETE FROM seen WHERE feed = ? AND hour BETWEEN ? AND ?", (feed, *_ids(begin, since)))


def fold(work: sqlite3.Connection, feed: int, before: int) -> None:
    """Replace rows before a time by their sums. The newest rows stay, so that numbers are not used twice."""
    ask = _rows(work, "ask", "asked_at", feed, before)
    segment = _rows(work, "segment", "made_at", feed, before)
    piece = _rows(work, "piece", "fetched", feed, before)
    asks = work.execute(
        "SELECT count(*), sum(pieces), sum(records), sum(new_records), sum(bytes) FROM asks"
        " WHERE feed = ? AND ask < ? AND state <> 'open'",
        (feed, ask),
    ).fetchone()
    files = work.execute(
        "SELECT count(*), sum(records) FROM segments WHERE feed = ? AND segment < ? AND state = 'placed'",
        (feed, segment),
    ).fetchone()
    work.execute(
        f"INSERT INTO folded (feed, {', '.join(_SUMS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (feed) DO UPDATE SET "
        + ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS),
        (feed, *(value or 0 for value in (*asks, *files))),
    )
    work.execute("DELETE FROM asks WHERE feed = ? AND ask < ? AND state <> 'open'", (feed, ask))
    work.execute("DELETE FROM segments WHERE feed = ? AND segment < ? AND state = 'placed'", (feed, segment))
    work.execute("DELETE FROM pieces WHERE feed = ? AND piece < ? AND state = 'came'", (feed, piece))


def fold_day(work: sqlite3.Connection, feed: int) -> dict[str, int]:
    """Return the sums of deleted rows, zeros if there are none."""
    if (
        work.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'folded'").fetchone()
        is None
    ):
        return dict.fromkeys(_SUMS, 0)
    found = work.execute(f"SELECT {', '.join(_SUMS)} FROM folded WHERE feed = ?", (feed,)).fetchone()
    return dict(zip(_SUMS, found or [0] * len(_SUMS), strict=True))
