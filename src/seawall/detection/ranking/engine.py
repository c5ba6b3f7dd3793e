"""Run all detectors over batches of events, rank the groups, and keep the candidates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from seawall.detection.behaviour.day import GroupedDay, split_into_groups
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.behaviour.fields import FIELDS
from seawall.detection.behaviour.rotation import measure_rotation
from seawall.detection.lineage.detector import LineageDetector, LineageEvidence
from seawall.detection.lineage.event_names import session_keys
from seawall.detection.lineage.orphans import OrphanTest
from seawall.detection.ranking.calibration import PatternCalibration, evidence, weigh_groups, weigh_orphans
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.consents import ConsentHistory
from seawall.detection.ranking.features import FeatureTable, has_novelty, join, sigma_part
from seawall.detection.ranking.kept_groups import KeptCandidate, KeptGroups, keep_groups
from seawall.detection.ranking.open_indicators import OpenIndicators
from seawall.detection.ranking.patterns import EDGES, PATTERNS
from seawall.detection.ranking.places import ChosenGroups, merge_groups, select_highest
from seawall.detection.ranking.ranker import NO_EVIDENCE, PARTS, Ranker, inputs
from seawall.detection.ranking.recent_changes import RecentEvidence
from seawall.detection.ranking.refusals import (
    RefusedAttempts,
    RefusedGroups,
    choose_refused,
    find_refused,
    keep_refused,
    list_tried_actors,
    regroup,
    summarise_refused,
    weigh_refused,
)
from seawall.detection.ranking.session_facts import measure_sessions
from seawall.detection.rules.detector import RULES, BuiltinHits, RuleDetector
from seawall.detection.rules.sigma.detector import SigmaDetector, SigmaHits
from seawall.detection.rules.sigma.run import RuleSet
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import RestoredState, State, nest_states
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Floats
from seawall.events.grouping import Rows, distinct, starts

KEPT_PER_THOUSAND = 20
KEPT_AT_LEAST = 6
"""Least number of groups a day that become candidates; above it, `KEPT_PER_THOUSAND` accounts. Both exceed any budget."""

NOTHING_NEW = -12.0
"""Score of a group without anything new, in log-odds."""

ORPHANS = PARTS.index("lineage.orphans_together")
"""The part that orphans that add up contribute through the evidence."""

STATE_VERSION = 10
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
    groups_kept: KeptGroups | None = None
    refused_kept: KeptGroups | None = None

    @property
    def candidates(self) -> tuple[ScoredCandidate, ...]:
        """Return the candidates with their words."""
        return tuple(one.describe() for one in self.list_candidates())

    def list_candidates(self) -> list[KeptCandidate]:
        """Return the candidates without description."""
        both = (self.groups_kept, self.refused_kept)
        return [one for kept in both if kept is not None for one in kept.list_candidates()]

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
        self.open = OpenIndicators()
        self.sigma = SigmaDetector(RuleSet() if rules is None else rules)
        self._ranker = ranker

    def state(self) -> State:
        """Return everything learnt, as arrays by name.

        The codes in it belong to the vocabularies and actors with which the days were coded, so save these too.
        """
        parts = nest_states(**{name: part.state() for name, part in self._parts().items()})
        return {"layout": layout(self.sigma.rules, self._ranker), **parts}

    def restore(self, state: State) -> None:
        """Replace the state by a saved one; later days are scored as if there had been no stop.

        Raises `StateInvalid` if an array is missing or does not fit, or if it belongs to other fields, rules or patterns.
        Then the engine is unchanged.
        """
        rules = self.sigma.rules
        saved, fresh = RestoredState(state), DetectionEngine(self._ranker, rules)
        if saved.array("layout", np.uint8, None).tobytes() != layout(rules, self._ranker).tobytes():
            raise saved.invalid("layout", "is of other fields, rules or patterns")
        for name, part in fresh._parts().items():
            part.restore(saved.part(name))
        self.behaviour, self.lineage, self.rules = fresh.behaviour, fresh.lineage, fresh.rules
        self.orphans = fresh.orphans
        self.calibration, self.recent, self.sigma = fresh.calibration, fresh.recent, fresh.sigma
        self.consents = fresh.consents
        self.open = fresh.open

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
        | OpenIndicators
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
            "open": self.open,
            "sigma": self.sigma,
        }

    def observe(self, batch: CodedBatch, number: int, *, keep: bool = True) -> ScoredDay:
        """Score the events of one day, keep its candidates, then learn it. `number` is the day's number since 1970."""
        day = self.rank(batch, number)
        if keep:
            day = self._keep_candidates(day)
        self.learn(day)
        return day

    def rank(self, batch: CodedBatch, number: int) -> ScoredDay:
        """Score the events of one day. What it shows of accounts is not learnt yet; `learn` must follow."""
        sigma = self.sigma.observe(batch, number)
        groups, lineage, hits = self.examine(batch, number)
        self.recent.observe(batch, hits, number)
        together = self.orphans.observe(lineage.uses, lineage.sign_ins, number)
        table = join(groups, lineage, hits, self.recent, together)
        p = self.calibration.observe(table, groups.day.tenant, weigh_groups(groups.day.actor))
        unsupervised = evidence(p, table)
        sigma_weight = sigma_part(groups, sigma.move(groups.day.evidence_row))
        score = self.score(table, p, unsupervised, sigma_weight)
        return ScoredDay(groups, table, p, score, unsupervised, sigma_weight, hits, sigma, lineage)

    def _keep_candidates(self, day: ScoredDay) -> ScoredDay:
        chosen = self.choose(day.groups, day.score)
        scores, found = (day.score, day.unsupervised), (day.lineage, day.hits, day.sigma)
        kept = self.keep(day.groups, day.table, day.p, scores, chosen, found)
        return replace(day, groups_kept=kept, refused_kept=self._keep_refused(day.groups.day, *found))

    def learn(self, day: ScoredDay) -> None:
        """Learn what the accounts did on a scored day."""
        self.behaviour.learn(day.groups)
        self.consents.learn(day.groups, day.hits)

    def examine(
        self, batch: CodedBatch, number: int, failures: Tally | None = None
    ) -> tuple[BehaviourGroups, LineageEvidence, BuiltinHits]:
        """Compute what follows from each account's own events of a day and the days before.

        A part of a day with all events of its accounts, and of accounts that share tokens with them or change them, gives the
        same for these accounts if `failures` are those of all accounts (`sprays.list_first_failures`), with three exceptions:
        values that other accounts meet today (`count_cohort`), sprays (`count_sprays`), and orphans together (`OrphanTest`).
        `seawall.detection.parts` exchanges all that accounts share.
        """
        lineage = self.lineage.observe(batch, number)
        hits = self.rules.observe(batch, failures)
        day = split_into_groups(batch, self.behaviour.derived, number)
        return self.measure(day, lineage, hits), lineage, hits

    def measure(self, day: GroupedDay, lineage: LineageEvidence, hits: BuiltinHits) -> BehaviourGroups:
        """Return the groups of a day with their features."""
        self.behaviour.attempts.observe(day)
        groups = self.behaviour.score(day)
        groups.features.update(measure_sessions(day, lineage, self.behaviour.counts["network"]))
        on_new_network = (groups.fields["network"].is_new > 0) & (day.network != MISSING)
        groups.features.update(measure_rotation(day, on_new_network, session_keys(day.batch)))
        groups.features.update(self.consents.measure(groups, hits))
        return groups

    def score(self, table: FeatureTable, p: Floats, unsupervised: Floats, sigma_weight: Floats) -> Floats:
        """Return the score of each group in log-odds, float64 (g,)."""
        score = np.full(len(table.values), NOTHING_NEW)
        novel = np.flatnonzero(has_novelty(table, sigma_weight))
        own = unsupervised[novel]
        if self._ranker is not None:
            own = self._ranker.score(inputs(table.values[novel], p[novel]), own)
        score[novel] = own + sigma_weight[novel]
        return score

    def keep(
        self,
        groups: BehaviourGroups,
        table: FeatureTable,
        p: Floats,
        scores: tuple[Floats, Floats],
        chosen: ChosenGroups,
        found: tuple[LineageEvidence, BuiltinHits, SigmaHits],
    ) -> KeptGroups | None:
        """Return the chosen groups with all that candidates tell, and remember what is new in them.

        `scores` are score and unsupervised evidence of all groups, (g,) each.
        """
        (score, unsupervised), (lineage, hits, sigma) = scores, found
        kept = None
        if len(chosen.rows):
            rows = chosen.rows
            base, parts = self.explain(table, p, rows, unsupervised)
            scored = score[rows], base, parts, unsupervised[rows]
            abouts = self.sigma.rules.abouts
            kept = keep_groups(
                self.behaviour, self.open, groups, table, p, chosen, lineage, hits, sigma, abouts, scored
            )
        self.open.learn(groups, chosen.candidates, score)
        return kept

    def choose(self, groups: BehaviourGroups, score: Floats) -> ChosenGroups:
        """Return each tenant's highest groups, and other groups that show again what was new in earlier ones; see `places`.

        Of the latter, a tenant has as many places as of the former; they go by the score of the earlier groups.
        """
        day = groups.day
        origins, highest = self.open.find_origins(groups)
        rows = self._select_highest(day, score, np.flatnonzero(score > NOTHING_NEW))
        is_other = origins.sizes > 0
        is_other[rows] = False
        others = self._select_highest(day, highest, np.flatnonzero(is_other))
        return merge_groups(day, rows, others, origins)

    def _select_highest(self, day: GroupedDay, score: Floats, found: Rows) -> Rows:
        limit = self.limit_places(distinct(day.tenant[found]), _count_accounts(day))
        return select_highest(day, score, found, limit)

    def _keep_refused(
        self, day: GroupedDay, lineage: LineageEvidence, hits: BuiltinHits, sigma: SigmaHits
    ) -> KeptGroups | None:
        """Keep attempts that gained nothing, where a rule matches them."""
        actor = day.batch.actor[sigma.row]
        is_refused = find_refused(day, self.behaviour, list_tried_actors(day.batch))
        attempts = summarise_refused(day, is_refused)
        mine = is_refused[sigma.row]
        weight = weigh_refused(attempts, actor[mine], sigma.weight_before[mine])
        chosen = self.choose_refused(day, attempts, weight)
        return self.keep_refused(day, is_refused, attempts, chosen, (lineage, hits, sigma))

    def choose_refused(self, day: GroupedDay, attempts: RefusedAttempts, weight: Floats) -> RefusedGroups:
        """Return which attempts become candidates. `weight` (a,) is that of each account's strongest rule."""
        today = _count_accounts(day)
        return choose_refused(
            attempts, weight, lambda tenants: self.limit_places(tenants, today), day.batch.vocabularies
        )

    def keep_refused(
        self,
        day: GroupedDay,
        is_refused: Bools,
        attempts: RefusedAttempts,
        chosen: RefusedGroups,
        found: tuple[LineageEvidence, BuiltinHits, SigmaHits],
        groups: BehaviourGroups | None = None,
    ) -> KeptGroups | None:
        """Return the chosen attempts with all that candidates tell. The batch of `day` has all events of their accounts.

        `groups` are these attempts as groups that are scored already; None if they are not.
        """
        ranker = self._ranker
        scale = (NO_EVIDENCE, 1.0) if ranker is None else (ranker.base, ranker.evidence_weight)
        if not len(chosen.place):
            return None
        if groups is None:
            groups = self.behaviour.score(regroup(day, is_refused, attempts, chosen.place))
        abouts = tuple(self.sigma.rules.abouts)
        return keep_refused(self.behaviour, groups, attempts, chosen, found, abouts, scale)

    def limit_places(self, tenants: Codes, today: Tally) -> Rows:
        """Return how many groups of each tenant become candidates. `today` are the active accounts by tenant."""
        accounts = np.maximum(self.behaviour.tenant_sizes(tenants), today.find(tenants))
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


def _count_accounts(day: GroupedDay) -> Tally:
    """Return the active accounts by tenant."""
    return count_rows(day.tenant[starts(day.actor)])


def layout(sigma: RuleSet, ranker: Ranker | None) -> npt.NDArray[np.uint8]:
    """Return a digest of the definitions that a state and its candidates depend on, uint8 (32,)."""
    rules = [(rule.name, rule.group) for rule in RULES]
    patterns = [(pattern.name, pattern.dimensions, pattern.needs) for pattern in PATTERNS]
    fields = [(field.name, field.columns) for field in FIELDS]
    others = [(about.id, about.level, about.digest) for about in sigma.abouts]
    learnt = None if ranker is None else ranker.digest
    text = repr((STATE_VERSION, fields, rules, patterns, EDGES.tolist(), others, learnt))
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=32).digest(), np.uint8)
