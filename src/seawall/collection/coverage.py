"""When each moment of a log was last asked for: a map that is painted, and what follows from it. Pure; microseconds.

The map is a list of `(start, end, asked_at)`, sorted, without overlaps. Asking anew for a span paints over what was there,
because a later answer holds all that an earlier one had and what has come since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seawall.collection.collected_spans import Span

Painted = tuple[int, int, int]
"""From the first to before the second, asked for at the third."""


@dataclass(frozen=True, slots=True)
class LateArrivalRule:
    """What later questions may bring again, in microseconds.

    A slot of `slot` that was asked for `again` after its end is not asked for any more, nor is one that is older than `keeps`.
    Questions reach back `overlap` further. What comes may have happened up to `late` before the moment by
    which it is filed.
    """

    again: int
    keeps: int
    slot: int
    overlap: int
    late: int


def mark_queried(painted: Sequence[Painted], start: int, end: int, asked_at: int) -> list[Painted]:
    """Return the map after a span was asked for. An older asking never hides a newer one."""
    result: list[Painted] = []
    here = start
    for first, last, at in painted:
        if last <= start or first >= end or at >= asked_at:
            result.append((first, last, at))
            if first < end and last > start:
                if here < first:
                    result.append((here, first, asked_at))
                here = max(here, last)
            continue
        if first < start:
            result.append((first, start, at))
        if here < min(last, end):
            result.append((max(here, start), min(last, end), asked_at))
            here = min(last, end)
        if last > end:
            result.append((end, last, at))
    if here < end:
        result.append((here, end, asked_at))
    return _join(sorted(result))


def _join(painted: list[Painted]) -> list[Painted]:
    """Neighbours that were asked for at the same time are one. Gaps of earlier pieces were filled in any order."""
    result: list[Painted] = []
    for first, last, at in painted:
        if first >= last:
            continue
        if result and result[-1][1] == first and result[-1][2] == at:
            result[-1] = (result[-1][0], last, at)
        else:
            result.append((first, last, at))
    return result


def find_unqueried_spans(painted: Iterable[Painted], start: int, end: int) -> list[Span]:
    """Return the spans between `start` and `end` that were never asked for."""
    found: list[Span] = []
    here = start
    for first, last, _ in painted:
        if last <= here:
            continue
        if first >= end:
            break
        if first > here:
            found.append((here, first))
        here = max(here, last)
    if here < end:
        found.append((here, end))
    return found


def oldest_asking(painted: Iterable[Painted], start: int, end: int) -> int | None:
    """Return when the part of a span was asked for that waits longest, None where no part ever was."""
    return min((at for first, last, at in painted if first < end and last > start), default=None)


def find_settled_spans(painted: Iterable[Painted], settle: int) -> list[Span]:
    """Return the spans of which each moment was asked for at least `settle` microseconds after it."""
    found: list[Span] = []
    for first, last, at in painted:
        until = min(last, at - settle)
        if until <= first:
            continue
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], until)
        else:
            found.append((first, until))
    return found


def subtract_spans(spans: Iterable[Span], missing: Iterable[Span]) -> list[Span]:
    """Return the spans less those that are missing."""
    left = list(spans)
    for start, end in missing:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, start)), (max(first, end), last))
            if part[0] < part[1]
        ]
    return left


def reach(
    painted: Sequence[Painted], waiting: Iterable[Span], begin: int, now: int, recall: LateArrivalRule
) -> int:
    """Return the earliest moment at which something may have happened that a later question brings.

    `waiting` are the spans of questions that are not answered in full; one that ends after `now` is endless, and goes on where
    the map ends.
    """
    floor = max(begin, now - recall.keeps)
    starts = [start for start, end in waiting if end <= now]
    starts += [first for first, _ in find_unqueried_spans(painted, floor, now)]
    starts += [
        first // recall.slot * recall.slot
        for first, last, at in painted
        if last > floor and at < -(-last // recall.slot) * recall.slot + recall.again
    ]
    return min(starts, default=now) - recall.overlap - recall.late


def pack_spans(painted: Iterable[Painted], before: int, relist: int) -> list[Painted]:
    """Return the map with neighbours made one that end before a time and were asked for `relist` after them.

    What is settled (`find_settled_spans` with this `relist`) and what was never asked for stay the same.
    """
    result: list[Painted] = []
    is_old = False
    for first, last, at in painted:
        was_old, is_old = is_old, last <= before and at >= last + relist
        if is_old and was_old and result[-1][1] == first:
            result[-1] = (result[-1][0], last, max(result[-1][2], at))
        else:
            result.append((first, last, at))
    return result
