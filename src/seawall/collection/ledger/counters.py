"""Add up faults by name, and delays of records and blobs, in a ledger."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from seawall.collection.piece import FetchedPage

DELAY_STEP: Final = math.log(1.1)
"""Logarithmic width of a bucket of delays: a tenth."""


def count_names(work: sqlite3.Connection, feed: int, counts: Mapping[str, int], now: int) -> None:
    """Add counts by name to those of a feed."""
    work.executemany(
        "INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT (feed, name)"
        " DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at",
        [(feed, name, count, now) for name, count in counts.items()],
    )


def count_delays(
    work: sqlite3.Connection, feed: int, pieces: Sequence[FetchedPage], times: Sequence[int], now: int
) -> None:
    """Count the delays of new records since their events, and of blobs since their creation."""
    made = [piece.created for piece in pieces if piece.created and piece.state == "came"]
    rows: list[tuple[Any, ...]] = []
    for kind, moments in (("event", [time for time in times if time]), ("blob", made)):
        buckets = Counter(_bucket(now - moment) for moment in moments)
        rows += [(feed, kind, bucket, count) for bucket, count in buckets.items()]
    work.executemany(
        "INSERT INTO delays VALUES (?, ?, ?, ?) ON CONFLICT (feed, kind, bucket) DO UPDATE SET count = count + excluded.count",
        rows,
    )


def _bucket(delay: int) -> int:
    return int(math.log(max(delay / 1e6, 1.0)) / DELAY_STEP)
