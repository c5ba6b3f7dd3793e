"""Which feeds left the settings, and since when: nobody asks for them any more, and that is no fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


def is_other(work: sqlite3.Connection, asked: Iterable[str]) -> bool:
    """Whether other feeds are asked for than before."""
    left = "SELECT name FROM feeds WHERE feed NOT IN (SELECT feed FROM retired)"
    return {str(row[0]) for row in work.execute(left)} != set(asked)


def retire(work: sqlite3.Connection, asked: Iterable[str], now: int) -> None:
    """Note that of all feeds these alone are asked for now. One that comes back is as any other."""
    names = set(asked)
    for feed, name in work.execute("SELECT feed, name FROM feeds").fetchall():
        if name in names:
            work.execute("DELETE FROM retired WHERE feed = ?", (feed,))
        else:
            work.execute("INSERT OR IGNORE INTO retired VALUES (?, ?)", (feed, now))


def find_retired_since(work: sqlite3.Connection, feed: int) -> int:
    """Return since when a feed is not asked for any more (microseconds), 0 where it is."""
    if (
        work.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'retired'").fetchone()
        is None
    ):
        return 0
    found = work.execute("SELECT since FROM retired WHERE feed = ?", (feed,)).fetchone()
    return int(found[0]) if found is not None else 0
