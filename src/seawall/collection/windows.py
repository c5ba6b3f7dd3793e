"""Choose the spans of a log to query now: those never queried, and those that may have grown since.

Vendors deliver late. Each slot of time is queried once it is over, and again at certain ages. New records are written,
known ones are recognised. All functions are pure; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import LateArrivalRule, Painted, find_unqueried_spans, oldest_asking

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class QuerySchedule:
    """How a log is queried.

    `slot` is the longest span of one query; `keeps` is how long the vendor keeps records. `overlap` is how far a query for
    new records reaches back. `ages` are the ages at which a slot is queried again, ascending.
    """

    slot: int
    keeps: int
    overlap: int = 10 * MINUTE
    ages: tuple[int, ...] = (HOUR, 6 * HOUR, DAY, 3 * DAY)

    def recall(self, late: int) -> LateArrivalRule:
        """Return which records may come again under this schedule; `late` is that of `LateArrivalRule`."""
        return LateArrivalRule(self.ages[-1], self.keeps, self.slot, self.overlap, late)


def spans_to_query(begin: int, painted: Sequence[Painted], rhythm: QuerySchedule, now: int) -> list[Span]:
    """Return the spans to query, oldest first, because vendors delete the oldest first."""
    floor = max(begin, now - rhythm.keeps)
    again = []
    for start, end in _slots(floor, now, rhythm.slot):
        reached = [age for age in rhythm.ages if end + age <= now]
        asked = oldest_asking(painted, start, end)
        if reached and asked is not None and asked < end + reached[-1]:
            again.append((start, end))
    fresh = []
    for start, end in find_unqueried_spans(painted, floor, now):
        # Reaching back returns a few known records, and those that were missing a moment ago.
        fresh += _split(max(floor, start - rhythm.overlap), end, rhythm.slot)
    inside = [span for span in fresh if any(first <= span[0] and span[1] <= last for first, last in again)]
    return sorted({*again, *fresh} - ({*inside} - {*again}))


def _split(start: int, end: int, slot: int) -> list[Span]:
    """Return a span split at the ends of slots, so that later queries use the same parts."""
    edges = [start, *range((start // slot + 1) * slot, end, slot), end]
    return [(first, last) for first, last in pairwise(edges) if first < last]


def _slots(floor: int, now: int, slot: int) -> list[Span]:
    """Return all slots that are over; the first may be partial."""
    edges = [floor, *range((floor // slot + 1) * slot, now + 1, slot)]
    return [(first, last) for first, last in pairwise(edges) if first < last]
