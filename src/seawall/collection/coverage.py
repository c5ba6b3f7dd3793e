"""Keep a map of when each span of a log was last queried, and derive complete spans and gaps from it.

The map is a sorted list of disjoint `(start, end, queried_at)` in microseconds. A newer query replaces an older one,
because its answer holds all earlier records and those that arrived since. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seawall.collection.collected_spans import Span

Painted = tuple[int, int, int]
"""Start, end (exclusive) and time of the last query."""


@dataclass(frozen=True, slots=True)
class LateArrivalRule:
    """The records that a later query may return again, in microseconds.

    A slot of length `slot` is not queried any more once it was queried `again` after its end, or is older than `keeps`.
    Queries reach back `overlap` further. An event may happen up to `late` before the time by which the vendor files it.
    """

    again: int
    keeps: int
    slot: int
    overlap: int
    late: int


def mark_queried(painted: Sequence[Painted], start: int, end: int, asked_at: int) -> list[Painted]:
    """Return the map after a span was queried. A newer query is never replaced by an older one."""
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
    """Return the map with adjacent spans of the same query time joined, without empty ones, sorted."""
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
    """Return the spans between `start` and `end` that were never queried."""
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
    """Return the oldest query time among the spans that overlap `start` to `end`, None if nothing was queried."""
    return min((at for first, last, at in painted if first < end and last > start), default=None)


def find_settled_spans(painted: Iterable[Painted], settle: int) -> list[Span]:
    """Return the spans in which each moment was queried at least `settle` microseconds after it."""
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
    """Return the spans without the parts in `missing`."""
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
    """Return the earliest event time that a later query may still return.

    `waiting` are the spans of queries without a complete answer. One that ends after `now` never ends, and continues where
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
    """Return the map with adjacent old spans merged: those that end by `before` and were queried `relist` after their end.

    Neither the settled spans (`find_settled_spans` with this `relist`) nor the unqueried ones change.
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
