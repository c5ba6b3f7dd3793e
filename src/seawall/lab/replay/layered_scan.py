"""Score days once, and keep candidates for each set of detectors: a detector that is off has its reasons left out.

The reasons of an incident and its base sum to its score. So a score without a detector is the score without its reasons, and
neither reading nor learning is done again. What was learnt stays: a detector that is off still observes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.ranking.engine import NOTHING_NEW, DetectionEngine, ScoredDay
from seawall.detection.ranking.features import FeatureTable, has_novelty, sigma_part
from seawall.detection.ranking.kept_groups import KeptCandidate, keep_groups
from seawall.detection.ranking.patterns import find_best_patterns
from seawall.detection.ranking.ranker import load
from seawall.detection.ranking.refusals import (
    find_refused,
    list_tried_actors,
    summarise_refused,
    weigh_refused,
)
from seawall.detection.rules.detector import BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import State
from seawall.events.coded_batch import Bools, CodedBatch, Floats
from seawall.events.grouping import Rows
from seawall.lab.replay.layers import DETECTOR_SETTINGS, keep_parts, share_joint_evidence

DayCandidates = Mapping[frozenset[str], Sequence[KeptCandidate]]
"""The candidates of a day for each set of detectors."""

_EVERYTHING = DETECTOR_SETTINGS[0]


@dataclass(frozen=True, slots=True)
class ExaminedDay:
    """What all detectors found on a day, before it is learnt. `is_alert` is given by Sigma hit, `rows` (n,) are groups with news.

    `base` and `parts` explain their scores, (n, len(PARTS)); `shares` divide joint evidence among the detectors, (n, 3).
    """

    ranked: ScoredDay
    is_alert: Bools
    rows: Rows
    base: float
    parts: Floats
    shares: Floats


class LayeredScan:
    """Detect as a scan does, for every set of detectors at once."""

    def __init__(self, rules: RuleSet) -> None:
        self.engine = DetectionEngine(load(), rules)

    def state(self) -> State:
        """Return everything learnt, for `restore`."""
        return self.engine.state()

    def restore(self, state: State) -> None:
        """Go back to an earlier state of the same vocabularies."""
        self.engine.restore(state)

    def observe(self, batch: CodedBatch, number: int) -> DayCandidates:
        """Score a day for each set of detectors, then learn it. `number` is the day's number since 1970."""
        day = self._examine(batch, number)
        ranked, found = day.ranked, {}
        for on in DETECTOR_SETTINGS:
            score = self._score(day, on)
            found[on] = [*self._keep(day, on, score), *self._keep_refused(day, on)]
            if on == _EVERYTHING:
                chosen = self.engine.choose(ranked.groups, score)
        self.engine.open.learn(ranked.groups, chosen.candidates, ranked.score)
        self.engine.learn(ranked)
        return found

    def _examine(self, batch: CodedBatch, number: int) -> ExaminedDay:
        """Let all detectors look at a day, and explain every score."""
        engine = self.engine
        ranked = engine.rank(batch, number)
        rows = np.flatnonzero(has_novelty(ranked.table, ranked.sigma_weight))
        base, parts = engine.explain(ranked.table, ranked.p, rows, ranked.unsupervised)
        own = FeatureTable(ranked.table.values[rows])
        shares = share_joint_evidence(own, find_best_patterns(own, ranked.p[rows]))
        is_alert = batch.one_of("kind", ("vendor_alert",))[ranked.sigma.row]
        return ExaminedDay(ranked, is_alert, rows, base, parts, shares)

    def _score(self, day: ExaminedDay, on: frozenset[str]) -> Floats:
        """Return each group's score with these detectors alone, float64 (g,): `NOTHING_NEW` without a reason of theirs."""
        ranked = day.ranked
        if on == _EVERYTHING:
            return ranked.score
        sigma = sigma_part(ranked.groups, _select_hits(day, on).move(ranked.groups.day.evidence_row))
        score = np.full(len(ranked.table.values), NOTHING_NEW)
        parts = keep_parts(day.parts, day.shares, on)
        has_reason = (parts > 0).any(axis=1) | (sigma[day.rows] > 0)
        summed = day.base + parts.sum(axis=1) + sigma[day.rows]
        score[day.rows] = np.where(has_reason, summed, NOTHING_NEW)
        return score

    def _keep(self, day: ExaminedDay, on: frozenset[str], score: Floats) -> list[KeptCandidate]:
        engine, ranked = self.engine, day.ranked
        chosen = engine.choose(ranked.groups, score)
        if not len(chosen.rows):
            return []
        base, parts = engine.explain(ranked.table, ranked.p, chosen.rows, ranked.unsupervised)
        if on != _EVERYTHING:
            own = FeatureTable(ranked.table.values[chosen.rows])
            shares = share_joint_evidence(own, find_best_patterns(own, ranked.p[chosen.rows]))
            parts = keep_parts(parts, shares, on)
        kept = keep_groups(
            engine.behaviour, engine.open, ranked.groups, ranked.table, ranked.p, chosen, ranked.lineage,
            ranked.hits if "rules" in on else _select_none(ranked.hits), _select_hits(day, on), engine.sigma.rules.abouts,
            (score[chosen.rows], base, parts, ranked.unsupervised[chosen.rows]),
        )  # fmt: skip
        return kept.list_candidates()

    def _keep_refused(self, day: ExaminedDay, on: frozenset[str]) -> list[KeptCandidate]:
        """Keep attempts that gained nothing, where a rule matches them: without rules there are none."""
        if not on & {"rules", "alerts"}:
            return []
        engine, ranked, sigma = self.engine, day.ranked, _select_hits(day, on)
        grouped = ranked.groups.day
        is_refused = find_refused(grouped, engine.behaviour, list_tried_actors(grouped.batch))
        attempts = summarise_refused(grouped, is_refused)
        mine = is_refused[sigma.row]
        weight = weigh_refused(attempts, grouped.batch.actor[sigma.row][mine], sigma.weight_before[mine])
        chosen = engine.choose_refused(grouped, attempts, weight)
        kept = engine.keep_refused(
            grouped, is_refused, attempts, chosen, (ranked.lineage, ranked.hits, sigma)
        )
        return [] if kept is None else kept.list_candidates()


def _select_hits(day: ExaminedDay, on: frozenset[str]) -> SigmaHits:
    """Return the hits of Sigma rules on own records (`rules`) and on statements of vendors (`alerts`)."""
    sigma = day.ranked.sigma
    if on >= {"rules", "alerts"}:
        return sigma
    kept = np.flatnonzero(np.where(day.is_alert, "alerts" in on, "rules" in on))
    return SigmaHits(*(getattr(sigma, name)[kept] for name in sigma.__dataclass_fields__))


def _select_none(hits: BuiltinHits) -> BuiltinHits:
    return BuiltinHits(hits.row[:0], hits.rule[:0], hits.evidence[:0])
