"""Which spans of a log are to be asked for now: what was never asked for, and what may have grown since. Pure; microseconds.

Vendors deliver late. So each slot of time is asked for as soon as it is there, and again when it has reached certain ages;
what has come by then and was not there before is written, the rest is recognised.
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
    """How a log is asked for.

    `slot` is the longest span of one question; `keeps` how long the vendor has what is asked for; `overlap` how far a question
    about what is new reaches back into what was asked; `ages` at which ages a slot is asked for again, ascending.
    """

    slot: int
    keeps: int
    overlap: int = 10 * MINUTE
    ages: tuple[int, ...] = (HOUR, 6 * HOUR, DAY, 3 * DAY)

    def recall(self, late: int) -> LateArrivalRule:
        """Return what may come again of a log that is asked for so. `late`: see there."""
        return LateArrivalRule(self.ages[-1], self.keeps, self.slot, self.overlap, late)


def spans_to_query(begin: int, painted: Sequence[Painted], rhythm: QuerySchedule, now: int) -> list[Span]:
    """Return the spans to ask for, the oldest first: they are the first that the vendor forgets."""
    floor = max(begin, now - rhythm.keeps)
    again = []
    for start, end in _slots(floor, now, rhythm.slot):
        reached = [age for age in rhythm.ages if end + age <= now]
        asked = oldest_asking(painted, start, end)
        if reached and asked is not None and asked < end + reached[-1]:
            again.append((start, end))
    fresh = []
    for start, end in find_unqueried_spans(painted, floor, now):
        # Reaching back costs a few records that are known, and gains those that were not there a moment ago.
        fresh += _cut(max(floor, start - rhythm.overlap), end, rhythm.slot)
    inside = [span for span in fresh if any(first <= span[0] and span[1] <= last for first, last in again)]
    return sorted({*again, *fresh} - ({*inside} - {*again}))


def _cut(start: int, end: int, slot: int) -> list[Span]:
    """A span in parts that end where slots do, so that the same parts come again."""
    edges = [start, *range((start // slot + 1) * slot, end, slot), end]
    return [(first, last) for first, last in pairwise(edges) if first < last]


def _slots(floor: int, now: int, slot: int) -> list[Span]:
    """All slots that are over; the first may be a part of one."""
    edges = [floor, *range((floor // slot + 1) * slot, now + 1, slot)]
    return [(first, last) for first, last in pairwise(edges) if first < last]
