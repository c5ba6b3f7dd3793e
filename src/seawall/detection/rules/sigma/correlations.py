"""Evaluate Sigma correlations: count records, distinct values or rules within a span of event time.

Each correlation keeps only the hits that later windows can still contain: those within its span, up to a limit for each
organisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.key_texts import KeyTexts
from seawall.detection.rules.sigma.model import SigmaCorrelation
from seawall.detection.rules.sigma.records import renumber_codes
from seawall.detection.rules.sigma.run import RuleSet
from seawall.detection.rules.sigma.windows import count_hits, count_values, find_chains
from seawall.detection.tallies import Tally, count_rows, decode_keys
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Bools, CodedBatch, Keys, Times, hash_text
from seawall.events.grouping import Rows

DAY = 86_400_000_000
MOST_KEPT = 50_000
"""Most hits of an organisation that a correlation keeps from day to day; the newest are kept."""

ANNOUNCED = 8
"""Number of columns of announced hits."""

_KINDS = {
    "time": np.int64, "tenant": np.uint64, "group": np.uint64, "value": np.uint64, "rule": np.int64,
}  # fmt: skip
_OPERATORS: dict[str, Callable[[Rows, float], Bools]] = {
    "lt": lambda found, wanted: found < wanted,
    "lte": lambda found, wanted: found <= wanted,
    "gt": lambda found, wanted: found > wanted,
    "gte": lambda found, wanted: found >= wanted,
    "eq": lambda found, wanted: found == wanted,
    "neq": lambda found, wanted: found != wanted,
}


@dataclass(frozen=True, slots=True)
class CorrelationHits:
    """Hold m hits of rules that one correlation uses, ordered by time. `row` is -1 for hits of earlier days."""

    row: Rows
    time: Times
    tenant: Keys
    group: Keys
    value: Keys
    rule: Rows

    def take(self, places: Rows) -> CorrelationHits:
        """Return the hits at the given places."""
        return CorrelationHits(*(getattr(self, name)[places] for name in self.__slots__))

    def part(self, start: int, end: int) -> CorrelationHits:
        """Return the hits from `start` to before `end`."""
        return CorrelationHits(*(getattr(self, name)[start:end] for name in self.__slots__))


class Correlations:
    """Keep the recent hits of each correlation of a set of rules.

    Misses: sequences that are longer than the kept hits of a very noisy organisation.
    """

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._texts = KeyTexts(rules)
        self._kept = [_no_hits() for _ in rules.correlations]

    def observe(self, batch: CodedBatch, number: int) -> list[Rows]:
        """Return for each correlation the rows of the day's events at which it holds, then keep what later days need."""
        return self.evaluate(self.read(batch), number)

    def read(self, batch: CodedBatch) -> list[CorrelationHits]:
        """Return a batch's hits for each correlation."""
        return _hits_by_correlation(batch, self._texts, len(self._kept)) if self._kept else []

    def announce(self, batch: CodedBatch, order: Times) -> Tally:
        """Return a batch's hits, for `read_announced`. `order` (n,) are the places of the events among those of all parts."""
        columns = [
            (np.full(len(one.row), number), order[one.row], np.arange(len(one.row)), one.time, one.tenant,
             one.group, one.value, one.rule)
            for number, one in enumerate(self.read(batch))
        ]  # fmt: skip
        whole = zip(*columns, strict=True) if columns else [()] * ANNOUNCED
        return count_rows(*(np.concatenate([np.zeros(0, np.int64), *_as_whole(one)]) for one in whole))

    def read_announced(self, hits: Tally) -> list[CorrelationHits]:
        """Return the hits of all parts for each correlation. Their rows are places among the events of all parts."""
        ends = np.searchsorted(hits.column(0), np.arange(len(self._kept) + 1))
        _, row, _, time, tenant, group, value, rule = hits.keys.T
        found = CorrelationHits(row, time, decode_keys(tenant), decode_keys(group), decode_keys(value), rule)
        return [found.part(start, end) for start, end in pairwise(ends.tolist())]

    def evaluate(self, hits: Sequence[CorrelationHits], number: int) -> list[Rows]:
        """Do the same as `observe` for the day's hits of each correlation, in the order of rows."""
        return [
            self._evaluate(place, correlation, hits[place], number)
            for place, correlation in enumerate(self._rules.correlations)
        ]

    def _evaluate(
        self, place: int, correlation: SigmaCorrelation, today: CorrelationHits, number: int
    ) -> Rows:
        before = self._kept[place]
        if not len(today.row):
            if len(before.row):
                self._kept[place] = _select_still_needed(before, correlation.span, number)
            return today.row
        hits = CorrelationHits(
            *(
                np.concatenate([getattr(before, name), getattr(today, name)])
                for name in CorrelationHits.__slots__
            )
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
            self._kept[place] = CorrelationHits(np.full(len(columns["time"]), -1), **columns)


def _as_whole(columns: Iterable[np.ndarray]) -> list[Times]:
    """Return columns as int64 arrays; hashes keep their bits."""
    return [
        one.view(np.int64) if one.dtype == np.uint64 else one.astype(np.int64)
        for one in map(np.ascontiguousarray, columns)
    ]


def _no_hits() -> CorrelationHits:
    return CorrelationHits(
        np.zeros(0, np.int64), **{name: np.zeros(0, kind) for name, kind in _KINDS.items()}
    )


def _hits_by_correlation(batch: CodedBatch, texts: KeyTexts, correlations: int) -> list[CorrelationHits]:
    """Return the day's hits for each correlation."""
    rows = np.flatnonzero(np.asarray(batch.texts["rule_keys"].is_valid()))
    if not len(rows):
        return [_no_hits()] * correlations
    said = texts.read(batch.texts["rule_keys"].take(pa.array(rows)))
    order = np.argsort(said.correlation, kind="stable")
    row = rows[said.row][order]
    organisation, group = _hash_groups(batch, row, said.key[order], said.keys)
    hits = CorrelationHits(
        row, batch.time[row].astype(np.int64), organisation, group, said.value[order], said.rule[order]
    )
    ends = np.searchsorted(said.correlation[order], np.arange(correlations + 1))
    return [hits.part(start, end) for start, end in pairwise(ends.tolist())]


def _hash_groups(batch: CodedBatch, rows: Rows, key: Rows, keys: Sequence[str]) -> tuple[Keys, Keys]:
    """Return the hashes of each row's organisation, and of organisation and key together."""
    codes, names = batch.codes["org_uid"][rows].astype(np.int64), batch.vocabularies["org_uid"]
    distinct, place = renumber_codes((codes + 1) * len(keys) + key, (len(names) + 1) * len(keys))
    pairs = [
        (names.text(one - 1), keys[other])
        for one, other in (divmod(pair, len(keys)) for pair in distinct.tolist())
    ]
    organisations = hash_text(pa.array([one for one, _ in pairs], pa.string()))
    groups = hash_text(pa.array([one + other for one, other in pairs], pa.string()))
    return organisations[place], groups[place]


def _select_still_needed(hits: CorrelationHits, span: int, number: int) -> CorrelationHits:
    """Return the hits, ordered by time, that a later day may still need; at most the newest `MOST_KEPT` of each organisation."""
    young = hits.take(np.flatnonzero(hits.time >= (number + 1) * DAY - span))
    if len(young.row) > MOST_KEPT:
        order = np.argsort(young.tenant, kind="stable")
        tenant = young.tenant[order]
        last = np.searchsorted(tenant, tenant, side="right")
        young = young.take(np.sort(order[last - np.arange(len(order)) <= MOST_KEPT]))
    return CorrelationHits(
        np.full(len(young.row), -1), young.time, young.tenant, young.group, young.value, young.rule
    )


def _holds_at(correlation: SigmaCorrelation, hits: CorrelationHits) -> Bools:
    """Return at which hits the correlation holds, bool (m,). Hits are ordered by group and time."""
    span = correlation.span
    if correlation.kind == "temporal_ordered":
        return find_chains(hits.group, hits.time, hits.rule, correlation.rules, span)
    if correlation.kind == "event_count":
        counts = count_hits(hits.group, hits.time, span)
    else:
        values = hits.rule if correlation.kind == "temporal" else hits.value
        counts = count_values(hits.group, hits.time, values, span)
    return _OPERATORS[correlation.operator](counts, correlation.count)
