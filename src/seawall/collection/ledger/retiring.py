"""Record feeds that were removed from the settings and since when: they are not queried, and that is no fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


def is_other(work: sqlite3.Connection, asked: Iterable[str]) -> bool:
    """Return whether the feeds in the settings differ from those in the ledger."""
    left = "SELECT name FROM feeds WHERE feed NOT IN (SELECT feed FROM retired)"
    return {str(row[0]) for row in work.execute(left)} != set(asked)


def retire(work: sqlite3.Connection, asked: Iterable[str], now: int) -> None:
    """Record that only these feeds are in the settings; a feed that returns is active again."""
    names = set(asked)
    for feed, name in work.execute("SELECT feed, name FROM feeds").fetchall():
        if name in names:
            work.execute("DELETE FROM retired WHERE feed = ?", (feed,))
        else:
            work.execute("INSERT OR IGNORE INTO retired VALUES (?, ?)", (feed, now))


def find_retired_since(work: sqlite3.Connection, feed: int) -> int:
    """Return the time since which a feed is not in the settings (microseconds), 0 while it is."""
    if (
        work.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'retired'").fetchone()
        is None
    ):
        return 0
    found = work.execute("SELECT since FROM retired WHERE feed = ?", (feed,)).fetchone()
    return int(found[0]) if found is not None else 0
