"""The span of events that is looked at around what an intruder did: the same wherever the events lie."""

from __future__ import annotations

from typing import Final

DAY: Final = 86_400_000_000
BEFORE_DAYS: Final = 45
"""Days before an intrusion that say what an account usually shows: what detection remembers of births too."""

EARLIEST: Final = 0
LATEST: Final = 253_402_214_400_000_000


def search_window(first: int, last: int) -> tuple[int, int]:
    """From when to before when (microseconds) events are looked at: 45 days before the first record to a day after the last."""
    start = min(max(first - BEFORE_DAYS * DAY, EARLIEST), LATEST - 1)
    return start, max(min(last + DAY, LATEST), start + 1)
