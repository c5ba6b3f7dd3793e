"""Evaluate Sigma correlations: count records, distinct values or rules within a span of event time.

Each correlation keeps only the hits that later windows can still contain: those within its span, up to a limit for each
organisation.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.model import SigmaCorrelation
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import CodedBatch, Keys, Times, hash_text
from seawall.events.grouping import Rows

DAY = 86_400_000_000
MOST_KEPT = 50_000
"""Most hits of an organisation that a correlation keeps from day to day; the newest are kept."""

_KINDS = {
    "time": np.int64, "tenant": np.uint64, "group": np.uint64, "value": np.uint64, "rule": np.int64,
}  # fmt: skip
_decode = msgspec.json.Decoder().decode
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda found, wanted: found < wanted,
    "lte": lambda found, wanted: found <= wanted,
    "gt": lambda found, wanted: found > wanted,
    "gte": lambda found, wanted: found >= wanted,
    "eq": lambda found, wanted: found == wanted,
    "neq": lambda found, wanted: found != wanted,
}


@dataclass(frozen=True, slots=True)
class _Hits:
    """Hold m hits of rules that one correlation uses, ordered by time. `row` is -1 for hits of earlier days."""

    row: Rows
    time: Times
    tenant: Keys
    group: Keys
    value: Keys
    rule: Rows

    def take(self, places: Rows) -> _Hits:
        return _Hits(*(getattr(self, name)[places] for name in self.__slots__))


class Correlations:
    """Keep the recent hits of each correlation of a set of rules.

    Misses: sequences that are longer than the kept hits of a very noisy organisation.
    """

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._kept = [_no_hits() for _ in rules.correlations]

    def observe(self, batch: CodedBatch, number: int) -> list[Rows]:
        """Return for each correlation the rows of the day's events at which it holds, then keep what later days need."""
        if not self._rules.correlations:
            return []
        said = _hits_by_correlation(batch, self._rules)
        return [
            self._evaluate(place, correlation, said[place], number)
            for place, correlation in enumerate(self._rules.correlations)
        ]

    def _evaluate(self, place: int, correlation: SigmaCorrelation, today: _Hits, number: int) -> Rows:
        before = self._kept[place]
        if not len(today.row):
            if len(before.row):
                self._kept[place] = _select_still_needed(before, correlation.span, number)
            return today.row
        hits = _Hits(
            *(np.concatenate([getattr(before, name), getattr(today, name)]) for name in _Hits.__slots__)
        )
        order = np.argsort(hits.group, kind="stable")
        hits = hits.take(order)
        found = _holds_at(correlation, hits)
        self._kept[place] = _select_still_needed(
            hits.take(np.argsort(hits.time, kind="stable")), correlation.span, number
        )
        return np.unique(hits.row[found & (hits.row >= 0)])

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        return {
            f"{place}.{name}": np.array(getattr(kept, name), kind)
            for place, kept in enumerate(self._kept)
            for name, kind in _KINDS.items()
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        for place in range(len(self._kept)):
            columns = saved.part(str(place)).columns(_KINDS)
            self._kept[place] = _Hits(np.full(len(columns["time"]), -1), **columns)


def _no_hits() -> _Hits:
    return _Hits(np.zeros(0, np.int64), **{name: np.zeros(0, kind) for name, kind in _KINDS.items()})


def _hits_by_correlation(batch: CodedBatch, rules: RuleSet) -> list[_Hits]:
    """Return the day's hits for each correlation."""
    numbers = {one.about.id: place for place, one in enumerate(rules.correlations)}
    own = {rule.about.id: place for place, rule in enumerate(rules.rules)}
    texts: pa.Array = batch.texts["rule_keys"]
    rows = np.flatnonzero(np.asarray(texts.is_valid()))
    found: list[list[tuple[int, int, str, str, str]]] = [[] for _ in rules.correlations]
    tenants = batch.vocabularies["org_uid"]
    for row, text in zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True):
        tenant = tenants.text(int(batch.codes["org_uid"][row]))
        for name, rule, key, counted in _decode(text):
            place = numbers.get(name)
            if place is None or rule not in own or None in key:
                continue
            group = "\0".join([tenant, *key])
            for value in _count(rules.correlations[place], counted):
                found[place].append((row, own[rule], tenant, group, value))
    return [_hits(batch, one) for one in found]


def _count(correlation: SigmaCorrelation, counted: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the values that a record contributes to a correlation's count, if any."""
    if correlation.kind != "value_count":
        yield ""
    elif all(counted):
        yield from ("\0".join(one) for one in _combine(counted))


def _combine(counted: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for values in counted:
        found = [(*one, value) for one in found for value in values][:64]
    return found


def _hits(batch: CodedBatch, found: list[tuple[int, int, str, str, str]]) -> _Hits:
    if not found:
        return _no_hits()
    row, rule, tenant, group, value = zip(*found, strict=True)
    rows = np.array(row, np.int64)
    tenants, groups, values = (hash_text(pa.array(texts, pa.string())) for texts in (tenant, group, value))
    return _Hits(rows, batch.time[rows].astype(np.int64), tenants, groups, values, np.array(rule, np.int64))


def _select_still_needed(hits: _Hits, span: int, number: int) -> _Hits:
    """Return the hits, ordered by time, that a later day may still need; at most the newest `MOST_KEPT` of each organisation."""
    young = hits.take(np.flatnonzero(hits.time >= (number + 1) * DAY - span))
    if len(young.row) > MOST_KEPT:
        order = np.argsort(young.tenant, kind="stable")
        tenant = young.tenant[order]
        last = np.searchsorted(tenant, tenant, side="right")
        young = young.take(np.sort(order[last - np.arange(len(order)) <= MOST_KEPT]))
    return _Hits(np.full(len(young.row), -1), young.time, young.tenant, young.group, young.value, young.rule)


def _holds_at(correlation: SigmaCorrelation, hits: _Hits) -> np.ndarray:
    """Return at which hits the correlation holds, bool (m,). Hits are ordered by group and time."""
    if correlation.kind == "temporal_ordered":
        return _holds_in_order(correlation, hits)
    holds = _OPERATORS[correlation.operator]
    counts = _count_windows(correlation, hits)
    return np.array([holds(count, correlation.count) for count in counts], bool)


def _count_windows(correlation: SigmaCorrelation, hits: _Hits) -> Iterator[int]:
    """Yield for each hit the number of hits, distinct values or rules in the window that ends with it."""
    keys = hits.rule if correlation.kind == "temporal" else hits.value
    by_record = correlation.kind == "event_count"
    window: deque[tuple[int, int]] = deque()
    inside: dict[int, int] = defaultdict(int)
    group: int | None = None
    for owner, time, key in zip(hits.group.tolist(), hits.time.tolist(), keys.tolist(), strict=True):
        if owner != group:
            group = owner
            window.clear()
            inside.clear()
        window.append((time, key))
        inside[key] += 1
        while window[0][0] < time - correlation.span:
            _, gone = window.popleft()
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
        yield len(window) if by_record else len(inside)


def _holds_in_order(correlation: SigmaCorrelation, hits: _Hits) -> np.ndarray:
    """Return at which hits a chain of all rules in their order ends within the span, bool (m,).

    For each length of a chain, only the latest start is kept: if an earlier one held, the later one would too.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for place, rule in enumerate(correlation.rules):
        places[rule].insert(0, place)
    last = len(correlation.rules) - 1
    found = np.zeros(len(hits.row), bool)
    starts: list[int | None] = []
    group: int | None = None
    columns = zip(hits.group.tolist(), hits.time.tolist(), hits.rule.tolist(), strict=True)
    for at, (owner, time, rule) in enumerate(columns):
        if owner != group:
            group, starts = owner, [None] * (last + 1)
        for place in places[rule]:
            start = time if place == 0 else starts[place - 1]
            if start is None:
                continue
            starts[place] = start
            if place == last and time - start <= correlation.span:
                found[at] = True
    return found
