"""Find when a group's score passed a threshold: each part counts from the event that caused it.

The parts sum to the score, so the score at a time is the base plus the parts whose cause was logged by then. Apart from
interactions of parts, this is the score of a live reader. Scoring every prefix of the day again would cost 40 ms a group
(measured).
"""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import KIND_FLAGS, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.behaviour.volume import ReadVolume
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import EVIDENCE
from seawall.detection.ranking.rule_hits import SIGMA
from seawall.detection.rules.detector import RULES, BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.events.coded_batch import MISSING, Codes

_COLUMNS = {field.name: field.columns for field in FIELDS}
_DIMENSIONS = {f"p.{pattern.name}": pattern.dimensions for pattern in PATTERNS}


class EvidenceTimes:
    """Find for one group when each ranker input got its value, in microseconds since 1970.

    The unsupervised evidence counts from when its strongest pattern was complete.
    """

    def __init__(
        self,
        groups: BehaviourGroups,
        row: int,
        members: np.ndarray,
        lineage: LineageEvidence,
        hits: BuiltinHits,
        pattern: str,
        sigma: SigmaHits | None = None,
    ) -> None:
        self._groups, self._row, self._members = groups, row, members
        self._lineage, self._hits, self._pattern, self._sigma = lineage, hits, pattern, sigma
        self._times = groups.day.batch.time[members]

    def time(self, name: str) -> int:
        """Return when the named input got its value."""
        if name == EVIDENCE:
            return self.time(f"p.{self._pattern}")
        if name in _DIMENSIONS:
            parts = [part for dimension in _DIMENSIONS[name] for part in dimension.split("+")]
            return max(self.time(part) for part in parts)
        if name == SIGMA and self._sigma is not None:
            strongest = np.zeros(int(self._members.max()) + 1)
            inside = self._sigma.row < len(strongest)
            np.maximum.at(strongest, self._sigma.row[inside], self._sigma.weight[inside])
            weight = strongest[self._members]
            return self._first(weight >= max(float(weight.max()), 1e-9))
        if name == "together_abroad":
            return int(self._times[0])
        head, _, tail = name.partition(".")
        if head in _COLUMNS and tail:
            return self._first(self._with_value(head))
        if head == "lineage":
            evidence = getattr(self._lineage, tail)[self._members]
            return self._first(evidence >= max(float(evidence.max()), 1e-9))
        if head == "rules":
            return self._rule(tail)
        if name in KIND_FLAGS:
            column, wanted = KIND_FLAGS[name]
            return self._first(self._groups.day.batch.one_of(column, wanted)[self._members])
        if name in ReadVolume.FEATURES:
            return int(self._times[len(self._times) // 2])
        return int(self._times[0])

    def _with_value(self, field: str) -> np.ndarray:
        value = int(self._groups.fields[field].value[self._row])
        columns = _COLUMNS[field]
        rows: Codes = self._groups.day.columns[columns[0]][self._members]
        if value == MISSING:
            return np.zeros(len(rows), bool)
        if len(columns) == 1:
            return np.asarray(rows == value)
        left, right = self._groups.parts(field, value)
        return np.asarray((rows == left) & (self._groups.day.columns[columns[1]][self._members] == right))

    def _rule(self, group: str) -> int:
        wanted = np.array([rule.group == group for rule in RULES])
        rows = self._hits.row[wanted[self._hits.rule]]
        return self._first(np.isin(self._members, rows))

    def _first(self, mask: np.ndarray) -> int:
        return int(self._times[int(mask.argmax())]) if mask.any() else int(self._times[0])


def compute_curve(
    arrivals: EvidenceTimes, base: float, parts: dict[str, float]
) -> tuple[tuple[int, float], ...]:
    """Return (time, score from then on), ordered by time. The last score is the base plus all parts."""
    steps: dict[int, float] = {}
    for name, weight in parts.items():
        time = arrivals.time(name)
        steps[time] = steps.get(time, 0.0) + weight
    score, points = base, []
    for time, weight in sorted(steps.items()):
        score += weight
        points.append((time, score))
    return tuple(points)
