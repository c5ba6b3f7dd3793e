"""Run all detectors over batches of events, rank the groups, and keep the candidates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.day import GroupedDay, split_into_groups
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.lineage.detector import LineageDetector, LineageEvidence
from seawall.detection.ranking.calibration import PatternCalibration, evidence
from seawall.detection.ranking.candidates import ScoredCandidate, describe
from seawall.detection.ranking.features import FeatureTable, has_novelty, join, sigma_part
from seawall.detection.ranking.patterns import EDGES, PATTERNS
from seawall.detection.ranking.ranker import NO_EVIDENCE, PARTS, Ranker, inputs
from seawall.detection.ranking.recent_changes import RecentEvidence
from seawall.detection.ranking.rule_hits import SIGMA, list_top_rules
from seawall.detection.ranking.score_curve import EvidenceTimes, compute_curve
from seawall.detection.rules.detector import RULES, BuiltinHits, RuleDetector
from seawall.detection.rules.sigma.detector import SigmaDetector, SigmaHits
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, CodedBatch, Floats
from seawall.events.grouping import distinct, stable_order

KEPT_PER_THOUSAND = 20
KEPT_AT_LEAST = 6
"""Least number of groups a day that become candidates; above it, `KEPT_PER_THOUSAND` accounts. Both exceed any budget."""

NOTHING_NEW = -12.0
"""Score of a group without anything new, in log-odds."""

STATE_VERSION = 6
"""Increase this when the meaning of the state changes, or states may be wrong: days are then scored again."""


@dataclass(frozen=True, slots=True)
class ScoredDay:
    """Hold a day's groups with features, p-values and scores, all (g,) or (g, …).

    `score` is in log-odds; `unsupervised` is the logarithm of an e-value.
    """

    groups: BehaviourGroups
    table: FeatureTable
    p: Floats
    score: Floats
    unsupervised: Floats
    hits: BuiltinHits
    sigma: SigmaHits
    lineage: LineageEvidence
    kept: tuple[ScoredCandidate, ...]

    def event_scores(self) -> Floats:
        """Return the score of each event's group, float64 (n,); NaN for an event outside all groups."""
        group = self.groups.day.group
        return np.where(group != MISSING, np.append(self.score, np.nan)[group], np.nan)


class DetectionEngine:
    """Hold the whole state of detection. The same days give the same candidates, whatever batches they arrive in."""

    def __init__(self, ranker: Ranker | None, rules: RuleSet | None = None) -> None:
        """Start without state. `rules` are the Sigma rules that were evaluated when the events were coded; none by default."""
        self.behaviour = BehaviourDetector()
        self.lineage = LineageDetector()
        self.rules = RuleDetector()
        self.calibration = PatternCalibration()
        self.recent = RecentEvidence()
        self.sigma = SigmaDetector(RuleSet() if rules is None else rules)
        self._ranker = ranker

    def state(self) -> State:
        """Return everything learnt, as arrays by name.

        The codes in it belong to the vocabularies and actors with which the days were coded, so save these too.
        """
        parts = nest_states(**{name: part.state() for name, part in self._parts().items()})
        return {"layout": layout(self.sigma.rules), **parts}

    def restore(self, state: State) -> None:
        """Replace the state by a saved one; later days are scored as if there had been no stop.

        Raises `StateInvalid` if an array is missing or does not fit, or if it belongs to other fields, rules or patterns.
        Then the engine is unchanged.
        """
        rules = self.sigma.rules
        saved, fresh = RestoredState(state), DetectionEngine(self._ranker, rules)
        if saved.array("layout", np.uint8, None).tobytes() != layout(rules).tobytes():
            raise saved.invalid("layout", "is of other fields, rules or patterns")
        for name, part in fresh._parts().items():
            part.restore(saved.part(name))
        self.behaviour, self.lineage, self.rules = fresh.behaviour, fresh.lineage, fresh.rules
        self.calibration, self.recent, self.sigma = fresh.calibration, fresh.recent, fresh.sigma

    def _parts(
        self,
    ) -> dict[
        str,
        BehaviourDetector
        | LineageDetector
        | RuleDetector
        | PatternCalibration
        | RecentEvidence
        | SigmaDetector,
    ]:
        return {
            "behaviour": self.behaviour,
            "lineage": self.lineage,
            "rules": self.rules,
            "calibration": self.calibration,
            "recent": self.recent,
            "sigma": self.sigma,
        }

    def observe(self, batch: CodedBatch, number: int, *, keep: bool = True) -> ScoredDay:
        """Score the events of one day, then learn them. `number` is the day's number since 1970."""
        lineage = self.lineage.observe(batch, number)
        hits, sigma = self.rules.observe(batch), self.sigma.observe(batch, number)
        day = split_into_groups(batch, self.behaviour.derived, number)
        self.behaviour.attempts.observe(day)
        groups = self.behaviour.score(day)
        self.recent.observe(batch, hits, number)
        table = join(groups, lineage, hits, self.recent)
        p = self.calibration.observe(table, day.tenant)
        unsupervised = evidence(p, table)
        sigma_weight = sigma_part(groups, sigma)
        score = self._score(table, p, unsupervised, sigma_weight)
        kept = self._keep(groups, table, p, score, unsupervised, lineage, hits, sigma) if keep else ()
        self.behaviour.learn(groups)
        return ScoredDay(groups, table, p, score, unsupervised, hits, sigma, lineage, kept)

    def _score(self, table: FeatureTable, p: Floats, unsupervised: Floats, sigma_weight: Floats) -> Floats:
        score = np.full(len(table.values), NOTHING_NEW)
        novel = np.flatnonzero(has_novelty(table, sigma_weight))
        own = unsupervised[novel]
        if self._ranker is not None:
            own = self._ranker.score(inputs(table.values[novel], p[novel]), own)
        score[novel] = own + sigma_weight[novel]
        return score

    def _keep(
        self,
        groups: BehaviourGroups,
        table: FeatureTable,
        p: Floats,
        score: Floats,
        unsupervised: Floats,
        lineage: LineageEvidence,
        hits: BuiltinHits,
        sigma: SigmaHits,
    ) -> tuple[ScoredCandidate, ...]:
        rows = self._select_highest(groups.day, score)
        base, parts = self._explain(table, p, rows, unsupervised)
        candidates = []
        order = stable_order(groups.day.group)
        begins = np.searchsorted(groups.day.group[order], np.arange(len(groups) + 1))
        for place, row in enumerate(rows):
            named = {PARTS[at]: float(parts[place, at]) for at in np.flatnonzero(parts[place])}
            members = order[begins[row] : begins[row + 1]]
            fired = list_top_rules(sigma, self.sigma.rules.abouts, members)
            if fired and fired[0].weight > 0:
                named[SIGMA] = fired[0].weight
            scored = (float(score[row]), base, named, float(unsupervised[row]))
            candidate = describe(self.behaviour, groups, table, p, row, members, lineage, hits, scored, fired)
            arrivals = EvidenceTimes(groups, row, members, lineage, hits, candidate.pattern.name, sigma)
            candidates.append(candidate.with_curve(compute_curve(arrivals, base, named)))
        return tuple(candidates)

    def _select_highest(self, day: GroupedDay, score: Floats) -> list[int]:
        """Return the groups with each tenant's highest scores. The order does not depend on the numbering of codes."""
        texts, rows = day.batch.vocabularies, list[int]()

        def place(row: int) -> tuple[float, int, str, str]:
            account = day.batch.value("account", int(day.row[row]))
            return -score[row], int(day.first[row]), account, texts["network"].text(int(day.network[row]))

        for tenant in sorted(distinct(day.tenant).tolist(), key=texts["org_uid"].text):
            mine = np.flatnonzero((day.tenant == tenant) & (score > NOTHING_NEW))
            accounts = max(
                self.behaviour.tenant_accounts(int(tenant)), len(np.unique(day.actor[day.tenant == tenant]))
            )
            limit = max(KEPT_AT_LEAST, round(accounts * KEPT_PER_THOUSAND / 1000))
            if len(mine) > limit:
                mine = mine[score[mine] >= np.partition(score[mine], -limit)[-limit]]
            rows.extend(sorted(mine.tolist(), key=place)[:limit])
        return rows

    def _explain(
        self, table: FeatureTable, p: Floats, rows: list[int], unsupervised: Floats
    ) -> tuple[float, Floats]:
        """Return the base and the parts of the given rows' scores, float64 (rows, len(PARTS))."""
        if self._ranker is None:
            parts = np.zeros((len(rows), len(PARTS)))
            parts[:, -1] = unsupervised[rows] - NO_EVIDENCE
            return NO_EVIDENCE, parts
        return self._ranker.explain(inputs(table.values[rows], p[rows]), unsupervised[rows])


def layout(sigma: RuleSet) -> npt.NDArray[np.uint8]:
    """Return a digest of the definitions that a state depends on, uint8 (32,)."""
    rules = [(rule.name, rule.group) for rule in RULES]
    patterns = [(pattern.name, pattern.dimensions, pattern.needs) for pattern in PATTERNS]
    fields = [(field.name, field.columns) for field in FIELDS]
    others = [(about.id, about.level, about.digest) for about in sigma.abouts]
    text = repr((STATE_VERSION, fields, rules, patterns, EDGES.tolist(), others))
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=32).digest(), np.uint8)
