"""Event times and availability times of the records of a vendor that files by event time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from collect_vendors.vendor import BEGIN
from seawall.collection.windows import DAY, HOUR, MINUTE

BEFORE, AFTER = 5 * DAY, 3 * DAY
"""Records happen from `BEFORE` the first pass to `AFTER` it, in microseconds."""

LATE = 0.03
LATEST = int(2.9 * DAY)


def happened(count: int) -> Any:
    """Return the times of `count` records, ascending, in microseconds."""
    return BEGIN - BEFORE + MINUTE + np.arange(count, dtype=np.int64) * (BEFORE + AFTER - 2 * MINUTE) // count


@dataclass
class Timeline:
    """`count` records, assigned to `feeds` in turn. 3 % become available up to three days late, the others at once."""

    count: int
    feeds: tuple[str, ...]

    def __post_init__(self) -> None:
        chance = np.random.default_rng(7)
        self.time = happened(self.count)
        is_late = chance.random(self.count) < LATE
        self.listed = self.time + is_late * chance.integers(HOUR, LATEST, self.count)
        self._numbers = {
            feed: np.arange(at, self.count, len(self.feeds)) for at, feed in enumerate(self.feeds)
        }

    def found(self, feed: str, first: int, last: int, now: int) -> Any:
        """Return the numbers of a feed's records between two times (inclusive) that are available now, newest first."""
        numbers = self._numbers[feed]
        times = self.time[numbers]
        inside = numbers[np.searchsorted(times, first) : np.searchsorted(times, last, side="right")]
        return inside[self.listed[inside] <= now][::-1]
