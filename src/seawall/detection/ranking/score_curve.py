"""Find when a group's score passed a threshold: each part counts from the event that caused it.

The parts sum to the score, so the score at a time is the base plus the parts whose cause was logged by then. Apart from
interactions of parts, this is the score of a live reader. Scoring every prefix of the day again would cost 40 ms a group
(measured).
"""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import KIND_FLAGS, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS, DerivedColumns
from seawall.detection.behaviour.volume import ReadVolume
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ragged import Ragged, collect
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import EVIDENCE, PARTS
from seawall.detection.ranking.rule_hits import SIGMA
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.events.coded_batch import MISSING, Bools, Codes, Floats, Times
from seawall.events.grouping import Rows

_FIELDS = {field.name: field for field in FIELDS}
_DIMENSIONS = {f"p.{pattern.name}": pattern.dimensions for pattern in PATTERNS}
_VALUE = "value"
"""Stands for all parts of a field: they count from the event with its value."""
SCORE_PARTS: tuple[str, ...] = (*PARTS, SIGMA)
"""Names of the parts of a score, that of the Sigma rules last."""


class EvidenceTimes:
    """Find when each score part of k groups got its value, in microseconds since 1970.

    `rows` (k,) are the groups, `members` their events. The unsupervised evidence counts from when its strongest pattern,
    an index of `PATTERNS` in `pattern` (k,), was complete.
    """

    def __init__(
        self,
        groups: BehaviourGroups,
        rows: Rows,
        members: Ragged,
        derived: DerivedColumns,
        lineage: LineageEvidence,
        hits: BuiltinHits,
        sigma: SigmaHits,
        pattern: Rows,
    ) -> None:
        self._groups, self._rows, self._members, self._derived = groups, rows, members, derived
        self._lineage, self._hits, self._sigma, self._pattern = lineage, hits, sigma, pattern
        self._owners = members.owners
        self._times = groups.day.batch.time[members.values]
        self._found: dict[str, Times] = {}

    def times(self, name: str) -> Times:
        """Return when the named part got its value in each group, int64 (k,)."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> Times:
        if name == EVIDENCE:
            return self._evidence()
        if name in _DIMENSIONS:
            parts = [part for dimension in _DIMENSIONS[name] for part in dimension.split("+")]
            return np.asarray(np.max([self.times(part) for part in parts], axis=0))
        head, _, tail = name.partition(".")
        if head in _FIELDS and tail:
            return self._first(self._with_value(head)) if tail == _VALUE else self.times(f"{head}.{_VALUE}")
        if head == "lineage":
            return self._first(self._strongest(getattr(self._lineage, tail)[self._members.values]))
        if head == "rules":
            wanted = np.array([rule.group == tail for rule in RULES])
            hit = np.zeros(len(self._groups.day.batch), bool)
            hit[self._hits.row[wanted[self._hits.rule]]] = True
            return self._first(hit[self._members.values])
        if name in KIND_FLAGS:
            column, wanted_texts = KIND_FLAGS[name]
            return self._first(self._groups.day.batch.one_of(column, wanted_texts)[self._members.values])
        if name in ReadVolume.FEATURES:
            middle = self._members.bounds[:-1] + self._members.sizes // 2
            return np.asarray(self._times[middle])
        if name == SIGMA:
            weight = np.zeros(len(self._groups.day.batch))
            np.maximum.at(weight, self._sigma.row, self._sigma.weight)
            return self._first(self._strongest(weight[self._members.values]))
        return np.asarray(self._times[self._members.bounds[:-1]])

    def _evidence(self) -> Times:
        found = np.zeros(len(self._rows), np.int64)
        for number in np.unique(self._pattern).tolist():
            mine = self._pattern == number
            found[mine] = self.times(f"p.{PATTERNS[number].name}")[mine]
        return found

    def _with_value(self, name: str) -> Bools:
        field = _FIELDS[name]
        value = self._groups.fields[name].value[self._rows]
        halves: tuple[Codes, ...] = (value,)
        if len(field.columns) == 2:
            halves = self._derived.halves(name, value)
        has_value = (value != MISSING)[self._owners]
        for column, half in zip(field.columns, halves, strict=True):
            has_value &= self._groups.day.columns[column][self._members.values] == half[self._owners]
        return np.asarray(has_value)

    def _strongest(self, evidence: Floats) -> Bools:
        most = np.maximum.reduceat(evidence, self._members.bounds[:-1])
        return np.asarray(evidence >= np.maximum(most, 1e-9)[self._owners])

    def _first(self, mask: Bools) -> Times:
        return np.asarray(self._times[self._members.find_first(mask)])


def list_steps(arrivals: EvidenceTimes, parts: Floats) -> tuple[Ragged, Floats]:
    """Return each group's steps: their times in order, and how much the score changes at each.

    `parts` is float64 (k, len(SCORE_PARTS)), 0 for a part that a score does not have.
    """
    group, part = np.nonzero(parts)
    when = np.zeros(parts.shape, np.int64)
    for number in np.flatnonzero(parts.any(axis=0)).tolist():
        when[:, number] = arrivals.times(SCORE_PARTS[number])
    time = when[group, part]
    order = np.lexsort((time, group))  # stable: the sum of a step adds its parts in their order
    group, time, weight = group[order], time[order], parts[group, part][order]
    begins = np.ones(len(group), bool)
    begins[1:] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    change = np.bincount(np.cumsum(begins) - 1, weight)
    return collect(group[begins], time[begins], len(parts)), np.asarray(change, np.float64)


def sum_up(base: float, times: Times, changes: Floats) -> tuple[tuple[int, float], ...]:
    """Return (time, score from then on), ordered by time. The last score is the base plus all parts."""
    score, points = base, []
    for time, change in zip(times.tolist(), changes.tolist(), strict=True):
        score += change
        points.append((time, score))
    return tuple(points)
