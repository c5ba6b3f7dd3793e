"""Count records, distinct values or rules within a span of time, and find chains of rules, among the hits of a correlation."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np

from seawall.events.coded_batch import Keys, Times
from seawall.events.grouping import Rows

LATEST = (1 << 63) - 1


def count_hits(group: Keys, time: Times, span: int) -> Rows:
    """Return for each of m hits the number of hits of its group in the span that ends with it.

    Hits are ordered by group, and within a group by time: of hits at one time, earlier ones do not count later ones.
    """
    return np.arange(len(time)) - _find_starts(group, time, span) + 1


def count_values(group: Keys, time: Times, value: Keys | Rows, span: int) -> Rows:
    """Return for each of m hits the number of distinct values of its group's hits in the span that ends with it.

    A hit adds one to each window in which it is the first with its value: those that begin after the hit before it
    with this value, and contain itself.
    """
    places = np.arange(len(time))
    starts = _find_starts(group, time, span)
    order = np.lexsort((value, group))  # stable: hits of a group and value keep their order
    by_group, by_value = group[order], value[order]
    is_repeated = (by_group[1:] == by_group[:-1]) & (by_value[1:] == by_value[:-1])
    before = np.full(len(time), -1, np.int64)
    before[order[1:][is_repeated]] = order[:-1][is_repeated]
    first = np.maximum(places, np.searchsorted(starts, before, side="right"))
    end = np.searchsorted(starts, places, side="right")
    change = np.bincount(first[first < end], minlength=len(time) + 1)
    change -= np.bincount(end[first < end], minlength=len(time) + 1)
    return np.cumsum(change)[:-1]


def _find_starts(group: Keys, time: Times, span: int) -> Rows:
    """Return the index of the first hit in the window of each hit, ascending."""
    is_first = np.append(True, group[1:] != group[:-1])[: len(group)]
    owner = np.cumsum(is_first) - 1
    if (np.diff(time)[~is_first[1:]] < 0).any():
        return _find_starts_one_by_one(owner, time, span)
    since = time - time.min(initial=LATEST)
    width = int(since.max(initial=0)) + 1
    if (int(owner.max(initial=0)) + 1) * width > LATEST:
        return _find_starts_one_by_one(owner, time, span)
    first = owner * width
    return np.asarray(np.searchsorted(first + since, first + np.maximum(since - min(span, width), 0)))


def _find_starts_one_by_one(owner: Rows, time: Times, span: int) -> Rows:
    """Return the same hit by hit: a window drops its oldest hits until one is within the span."""
    starts = np.zeros(len(time), np.int64)
    window: deque[tuple[int, int]] = deque()
    group = -1
    for at, (one, moment) in enumerate(zip(owner.tolist(), time.tolist(), strict=True)):
        if one != group:
            group = one
            window.clear()
        window.append((at, moment))
        while window[0][1] < moment - span:
            window.popleft()
        starts[at] = window[0][0]
    return starts


def find_chains(group: Keys, time: Times, rule: Rows, rules: tuple[int, ...], span: int) -> np.ndarray:
    """Return at which of m hits a chain of all rules in their order ends within the span, bool (m,).

    For each length of a chain, only the latest start is kept: if an earlier one held, the later one would too.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(rules):
        places[one].insert(0, place)
    last = len(rules) - 1
    found = np.zeros(len(time), bool)
    starts: list[int | None] = []
    owner: int | None = None
    columns = zip(group.tolist(), time.tolist(), rule.tolist(), strict=True)
    for at, (this, moment, hit) in enumerate(columns):
        if this != owner:
            owner, starts = this, [None] * (last + 1)
        for place in places[hit]:
            start = moment if place == 0 else starts[place - 1]
            if start is None:
                continue
            starts[place] = start
            if place == last and moment - start <= span:
                found[at] = True
    return found
