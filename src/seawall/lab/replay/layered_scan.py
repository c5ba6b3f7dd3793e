"""Score days once, and keep candidates for each set of detectors: a detector that is off has its reasons left out.

The reasons of an incident and its base sum to its score. So a score without a detector is the score without its reasons, and
neither reading nor learning is done again. What was learnt stays: a detector that is off still observes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ranking.calibration import evidence, weigh_groups
from seawall.detection.ranking.engine import NOTHING_NEW, DetectionEngine
from seawall.detection.ranking.features import FeatureTable, has_novelty, join, sigma_part
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
    """What all detectors found on a day, before it is learnt. `rows` (n,) are the groups with something new.

    `base` and `parts` explain their scores, (n, len(PARTS)); `shares` divide joint evidence among the detectors, (n, 3).
    """

    groups: BehaviourGroups
    table: FeatureTable
    p: Floats
    unsupervised: Floats
    lineage: LineageEvidence
    hits: BuiltinHits
    sigma: SigmaHits
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
        found = {}
        for on in DETECTOR_SETTINGS:
            score = self._score(day, on)
            found[on] = [*self._keep(day, on, score), *self._keep_refused(day, on)]
            if on == _EVERYTHING:
                chosen = self.engine.choose(day.groups, score)
                learn = (chosen.candidates, score)
        self.engine.open.learn(day.groups, *learn)
        self.engine.behaviour.learn(day.groups)
        self.engine.consents.learn(day.groups, day.hits)
        return found

    def _examine(self, batch: CodedBatch, number: int) -> ExaminedDay:
        """Let all detectors look at a day, and explain every score: the steps of `DetectionEngine.observe`."""
        engine = self.engine
        sigma = engine.sigma.observe(batch, number)
        groups, lineage, hits = engine.examine(batch, number)
        engine.recent.observe(batch, hits, number)
        together = engine.orphans.observe(lineage.uses, lineage.sign_ins, number)
        table = join(groups, lineage, hits, engine.recent, together)
        p = engine.calibration.observe(table, groups.day.tenant, weigh_groups(groups.day.actor))
        unsupervised = evidence(p, table)
        placed = sigma_part(groups, sigma.move(groups.day.evidence_row))
        rows = np.flatnonzero(has_novelty(table, placed))
        base, parts = engine.explain(table, p, rows, unsupervised)
        own = FeatureTable(table.values[rows])
        shares = share_joint_evidence(own, find_best_patterns(own, p[rows]))
        is_alert = batch.one_of("kind", ("vendor_alert",))[sigma.row]
        return ExaminedDay(
            groups, table, p, unsupervised, lineage, hits, sigma, is_alert, rows, base, parts, shares
        )

    def _score(self, day: ExaminedDay, on: frozenset[str]) -> Floats:
        """Return each group's score with these detectors alone, float64 (g,): `NOTHING_NEW` without a reason of theirs."""
        engine = self.engine
        sigma = sigma_part(day.groups, _select_hits(day, on).move(day.groups.day.evidence_row))
        if on == _EVERYTHING:
            return engine.score(day.table, day.p, day.unsupervised, sigma)
        score = np.full(len(day.table.values), NOTHING_NEW)
        parts = keep_parts(day.parts, day.shares, on)
        has_reason = (parts > 0).any(axis=1) | (sigma[day.rows] > 0)
        summed = day.base + parts.sum(axis=1) + sigma[day.rows]
        score[day.rows] = np.where(has_reason, summed, NOTHING_NEW)
        return score

    def _keep(self, day: ExaminedDay, on: frozenset[str], score: Floats) -> list[KeptCandidate]:
        engine = self.engine
        chosen = engine.choose(day.groups, score)
        if not len(chosen.rows):
            return []
        base, parts = engine.explain(day.table, day.p, chosen.rows, day.unsupervised)
        if on != _EVERYTHING:
            own = FeatureTable(day.table.values[chosen.rows])
            shares = share_joint_evidence(own, find_best_patterns(own, day.p[chosen.rows]))
            parts = keep_parts(parts, shares, on)
        kept = keep_groups(
            engine.behaviour, engine.open, day.groups, day.table, day.p, chosen, day.lineage,
            day.hits if "rules" in on else _select_none(day.hits), _select_hits(day, on), engine.sigma.rules.abouts,
            (score[chosen.rows], base, parts, day.unsupervised[chosen.rows]),
        )  # fmt: skip
        return kept.list_candidates()

    def _keep_refused(self, day: ExaminedDay, on: frozenset[str]) -> list[KeptCandidate]:
        """Keep attempts that gained nothing, where a rule matches them: without rules there are none."""
        if not on & {"rules", "alerts"}:
            return []
        engine, grouped, sigma = self.engine, day.groups.day, _select_hits(day, on)
        is_refused = find_refused(grouped, engine.behaviour, list_tried_actors(grouped.batch))
        attempts = summarise_refused(grouped, is_refused)
        mine = is_refused[sigma.row]
        weight = weigh_refused(attempts, grouped.batch.actor[sigma.row][mine], sigma.weight_before[mine])
        chosen = engine.choose_refused(grouped, attempts, weight)
        kept = engine.keep_refused(grouped, is_refused, attempts, chosen, (day.lineage, day.hits, sigma))
        return [] if kept is None else kept.list_candidates()


def _select_hits(day: ExaminedDay, on: frozenset[str]) -> SigmaHits:
    """Return the hits of Sigma rules on own records (`rules`) and on statements of vendors (`alerts`)."""
    sigma = day.sigma
    if on >= {"rules", "alerts"}:
        return sigma
    kept = np.flatnonzero(np.where(day.is_alert, "alerts" in on, "rules" in on))
    return SigmaHits(*(getattr(sigma, name)[kept] for name in sigma.__dataclass_fields__))


def _select_none(hits: BuiltinHits) -> BuiltinHits:
    return BuiltinHits(hits.row[:0], hits.rule[:0], hits.evidence[:0])
