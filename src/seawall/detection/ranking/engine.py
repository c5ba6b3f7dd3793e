"""Run all detectors over batches of events, rank the groups, and keep the candidates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.day import GroupedDay, split_into_groups
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.behaviour.rotation import measure_rotation
from seawall.detection.lineage.detector import LineageDetector, LineageEvidence, session_keys
from seawall.detection.lineage.orphans import OrphanTest
from seawall.detection.ragged import collect
from seawall.detection.ranking.calibration import PatternCalibration, evidence, weigh_orphans
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.consents import ConsentHistory
from seawall.detection.ranking.features import FeatureTable, has_novelty, join, sigma_part
from seawall.detection.ranking.kept_groups import KeptCandidate, KeptGroups, keep_groups
from seawall.detection.ranking.patterns import EDGES, PATTERNS
from seawall.detection.ranking.ranker import NO_EVIDENCE, PARTS, Ranker, inputs
from seawall.detection.ranking.recent_changes import RecentEvidence
from seawall.detection.ranking.session_facts import measure_sessions
from seawall.detection.rules.detector import RULES, BuiltinHits, RuleDetector
from seawall.detection.rules.sigma.detector import SigmaDetector, SigmaHits
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, CodedBatch, Codes, Floats
from seawall.events.grouping import Rows, distinct, starts

KEPT_PER_THOUSAND = 20
KEPT_AT_LEAST = 6
"""Least number of groups a day that become candidates; above it, `KEPT_PER_THOUSAND` accounts. Both exceed any budget."""

NOTHING_NEW = -12.0
"""Score of a group without anything new, in log-odds."""

ORPHANS = PARTS.index("lineage.orphans_together")
"""The part that orphans that add up contribute through the evidence."""

STATE_VERSION = 9
"""Increase this when the meaning of the state changes, or states may be wrong: days are then scored again."""


@dataclass(frozen=True, slots=True)
class ScoredDay:
    """Hold a day's groups with features, p-values and scores, all (g,) or (g, …).

    `score` is in log-odds, `sigma_weight` is the part of it from Sigma rules; `unsupervised` is the logarithm of an e-value.
    """

    groups: BehaviourGroups
    table: FeatureTable
    p: Floats
    score: Floats
    unsupervised: Floats
    sigma_weight: Floats
    hits: BuiltinHits
    sigma: SigmaHits
    lineage: LineageEvidence
    groups_kept: KeptGroups | None

    @property
    def candidates(self) -> tuple[ScoredCandidate, ...]:
        """Return the candidates with their words."""
        return tuple(one.describe() for one in self.list_candidates())

    def list_candidates(self) -> list[KeptCandidate]:
        """Return the candidates without description."""
        return [] if self.groups_kept is None else self.groups_kept.list_candidates()

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
        self.orphans = OrphanTest()
        self.rules = RuleDetector()
        self.calibration = PatternCalibration()
        self.recent = RecentEvidence()
        self.consents = ConsentHistory()
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
        self.orphans = fresh.orphans
        self.calibration, self.recent, self.sigma = fresh.calibration, fresh.recent, fresh.sigma
        self.consents = fresh.consents

    def _parts(
        self,
    ) -> dict[
        str,
        BehaviourDetector
        | LineageDetector
        | OrphanTest
        | RuleDetector
        | PatternCalibration
        | RecentEvidence
        | ConsentHistory
        | SigmaDetector,
    ]:
        return {
            "behaviour": self.behaviour,
            "lineage": self.lineage,
            "orphans": self.orphans,
            "rules": self.rules,
            "calibration": self.calibration,
            "recent": self.recent,
            "consents": self.consents,
            "sigma": self.sigma,
        }

    def observe(self, batch: CodedBatch, number: int, *, keep: bool = True) -> ScoredDay:
        """Score the events of one day, then learn them. `number` is the day's number since 1970."""
        sigma = self.sigma.observe(batch, number)
        groups, lineage, hits = self.examine(batch, number)
        self.recent.observe(batch, hits, number)
        together = self.orphans.observe(lineage.uses, lineage.sign_ins, number)
        table = join(groups, lineage, hits, self.recent, together)
        p = self.calibration.observe(table, groups.day.tenant)
        unsupervised = evidence(p, table)
        sigma_weight = sigma_part(groups, sigma.move(groups.day.evidence_row))
        score = self.score(table, p, unsupervised, sigma_weight)
        kept = self._keep(groups, table, p, score, unsupervised, lineage, hits, sigma) if keep else None
        self.behaviour.learn(groups)
        self.consents.learn(groups, hits)
        return ScoredDay(groups, table, p, score, unsupervised, sigma_weight, hits, sigma, lineage, kept)

    def examine(self, batch: CodedBatch, number: int) -> tuple[BehaviourGroups, LineageEvidence, BuiltinHits]:
        """Compute what follows from each account's own events of a day and the days before.

        A part of a day with all events of its accounts gives the same for these accounts, with three exceptions: values
        that other accounts meet today (`count_cohort`), sprays (`count_sprays`), and orphans together (`OrphanTest`).
        """
        lineage = self.lineage.observe(batch, number)
        hits = self.rules.observe(batch)
        day = split_into_groups(batch, self.behaviour.derived, number)
        self.behaviour.attempts.observe(day)
        groups = self.behaviour.score(day)
        groups.features.update(measure_sessions(day, lineage, self.behaviour.counts["network"]))
        on_new_network = (groups.fields["network"].is_new > 0) & (day.network != MISSING)
        groups.features.update(measure_rotation(day, on_new_network, session_keys(batch)))
        groups.features.update(self.consents.measure(groups, hits))
        return groups, lineage, hits

    def score(self, table: FeatureTable, p: Floats, unsupervised: Floats, sigma_weight: Floats) -> Floats:
        """Return the score of each group in log-odds, float64 (g,)."""
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
    ) -> KeptGroups | None:
        rows = self.select_highest(groups.day, score)
        if not len(rows):
            return None
        base, parts = self.explain(table, p, rows, unsupervised)
        scored = score[rows], base, parts, unsupervised[rows]
        abouts = self.sigma.rules.abouts
        return keep_groups(self.behaviour, groups, table, p, rows, lineage, hits, sigma, abouts, scored)

    def select_highest(self, day: GroupedDay, score: Floats) -> Rows:
        """Return the groups with each tenant's highest scores. The order does not depend on the numbering of codes."""
        texts = day.batch.vocabularies
        novel = np.flatnonzero(score > NOTHING_NEW)
        tenants = distinct(day.tenant[novel])
        rank = np.zeros(len(tenants), np.intp)
        rank[sorted(range(len(tenants)), key=lambda at: texts["org_uid"].text(int(tenants[at])))] = np.arange(
            len(tenants)
        )
        limits = self._limits(day, tenants)[np.argsort(rank)]
        owner = rank[np.searchsorted(tenants, day.tenant[novel])]
        order = np.lexsort((day.first[novel], -score[novel], owner))
        novel, owner = novel[order], owner[order]
        # Rows at or above the score of the tenant's last kept group; ties go by account and network.
        ordered = collect(owner, novel, len(tenants))
        last = ordered.bounds[:-1] + np.minimum(limits, ordered.sizes) - 1
        contended = ordered.select(score[novel] >= score[novel][last][owner])
        rows = _order_ties(day, score, contended.values, contended.owners)
        return collect(contended.owners, rows, len(tenants)).first(limits).values

    def _limits(self, day: GroupedDay, tenants: Codes) -> Rows:
        """Return how many groups of each tenant become candidates."""
        today = np.bincount(day.tenant[starts(day.actor)], minlength=int(tenants.max(initial=-1)) + 1)
        accounts = np.maximum(self.behaviour.tenant_sizes(tenants), today[tenants])
        return np.maximum(KEPT_AT_LEAST, np.rint(accounts * KEPT_PER_THOUSAND / 1000).astype(np.intp))

    def explain(
        self, table: FeatureTable, p: Floats, rows: Rows, unsupervised: Floats
    ) -> tuple[float, Floats]:
        """Return the base and the parts of the given rows' scores, float64 (rows, len(PARTS))."""
        own, weight = unsupervised[rows], 1.0
        if self._ranker is None:
            base, parts = NO_EVIDENCE, np.zeros((len(rows), len(PARTS)))
            parts[:, -1] = own - NO_EVIDENCE
        else:
            weight = self._ranker.evidence_weight
            base, parts = self._ranker.explain(inputs(table.values[rows], p[rows]), own)
        together = weight * weigh_orphans(FeatureTable(table.values[rows]))
        parts[:, ORPHANS] += together
        parts[:, -1] -= together
        return base, parts


def _order_ties(day: GroupedDay, score: Floats, rows: Rows, owner: Rows) -> Rows:
    """Return rows, which are ordered by owner, score and first event, with equal ones in order of account and network."""
    is_equal = (np.diff(owner) == 0) & (np.diff(score[rows]) == 0) & (np.diff(day.first[rows]) == 0)
    if not is_equal.any():
        return rows
    networks = day.batch.vocabularies["network"]

    def names(row: int) -> tuple[str, str]:
        return day.batch.value("account", int(day.row[row])), networks.text(int(day.network[row]))

    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_equal, [False]]).astype(np.int8)))
    rows = rows.copy()
    for begin, end in edges.reshape(-1, 2).tolist():
        rows[begin : end + 1] = sorted(rows[begin : end + 1].tolist(), key=names)
    return rows


def layout(sigma: RuleSet) -> npt.NDArray[np.uint8]:
    """Return a digest of the definitions that a state depends on, uint8 (32,)."""
    rules = [(rule.name, rule.group) for rule in RULES]
    patterns = [(pattern.name, pattern.dimensions, pattern.needs) for pattern in PATTERNS]
    fields = [(field.name, field.columns) for field in FIELDS]
    others = [(about.id, about.level, about.digest) for about in sigma.abouts]
    text = repr((STATE_VERSION, fields, rules, patterns, EDGES.tolist(), others))
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=32).digest(), np.uint8)
