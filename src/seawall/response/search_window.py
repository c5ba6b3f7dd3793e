"""Compute the span of events to examine around an intrusion, the same for every source of events."""

from __future__ import annotations

from typing import Final

DAY: Final = 86_400_000_000
BEFORE_DAYS: Final = 45
"""Days before an intrusion that show an account's habits; detection remembers the starts of sessions as long."""

EARLIEST: Final = 0
LATEST: Final = 253_402_214_400_000_000


def search_window(first: int, last: int) -> tuple[int, int]:
    """Return (start, end) in microseconds: from 45 days before the first record to a day after the last."""
    start = min(max(first - BEFORE_DAYS * DAY, EARLIEST), LATEST - 1)
    return start, max(min(last + DAY, LATEST), start + 1)
