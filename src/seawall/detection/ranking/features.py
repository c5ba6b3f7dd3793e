"""Join the results of all detectors for a day's groups into one table of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.attempts import SignInAttempts
from seawall.detection.behaviour.detector import KIND_FLAGS, BehaviourGroups
from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.behaviour.rotation import ROTATION
from seawall.detection.behaviour.volume import ReadVolume
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.lineage.orphans import OrphansTogether
from seawall.detection.ranking.consents import CONSENT_FACTS
from seawall.detection.ranking.provider_services import is_housekeeping
from seawall.detection.ranking.recent_changes import RecentEvidence
from seawall.detection.ranking.restlessness import measure_restlessness
from seawall.detection.ranking.session_facts import SESSION_FACTS
from seawall.detection.rules.detector import RULE_GROUPS, RULES, BuiltinHits
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.tallies import Tally
from seawall.events.coded_batch import MISSING, Floats

FIELD_PARTS = ("backed_off", "plain", "rarity", "is_new", "adopting", "cohort")
LINEAGE_PARTS = ("orphan", "birthless", "reused", "moved", "outlived", "foreign", "orphans_together")
TOGETHER = {
    "lineage.orphans_together": "nats",
    "orphan_sessions": "orphans",
    "new_sessions": "sessions",
    "expected_orphans": "expected",
}
"""Features of a group in which an orphan is used, with the columns of `OrphansTogether` that they are."""

ATTEMPT_PARTS = SignInAttempts.FEATURES
CONTEXT = (
    *KIND_FLAGS,
    "interactive",
    "usual_gap",
    "usual_gap_abroad",
    "usual_inside",
    "network_days",
    "network_variety",
    "foreign_mailboxes",
    "new_mailboxes",
    "new_values",
    "app_explains",
    "active_days",
    "age",
    "tenant_age",
    "tenant_accounts",
    "service",
    "hour",
    *ATTEMPT_PARTS,
    *ReadVolume.FEATURES,
    "usual_overlap",
    "usual_switches",
    "usual_idle",
    "usual_return",
    "device_days",
    "client_days",
    *SESSION_FACTS,
    *ROTATION,
    *CONSENT_FACTS,
    "device_managed",
)
FEATURES: tuple[str, ...] = (
    *(f"{field}.{part}" for field in FIELD_NAMES for part in FIELD_PARTS),
    *(f"lineage.{part}" for part in LINEAGE_PARTS),
    *(f"rules.{group}" for group in RULE_GROUPS),
    "after_credential",
    "after_consent",
    "commotion",
    "housekeeping",
    "orphan_sessions",
    "new_sessions",
    "expected_orphans",
    *CONTEXT,
)
INDEX = {name: place for place, name in enumerate(FEATURES)}
LOGARITHMIC = frozenset(ATTEMPT_PARTS) | {f"{f}.{p}" for f in FIELD_NAMES for p in ("adopting", "cohort")}
"""Counts that become ln(1 + n)."""

SHARED = frozenset({"new_values", "spray_breadth", "spray_failures"})
"""Features of `CONTEXT` that depend on other accounts of the day."""

_SHARED_LOGARITHMIC = tuple(
    name for name in FEATURES if name in LOGARITHMIC and (name in SHARED or name not in CONTEXT)
)

CEILING = 12.0
"""Surprises are clipped to this many nats: the counts are too small to distinguish higher ones."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Hold the features of g groups, float64 (g, len(FEATURES)), with the columns of `FEATURES`."""

    values: Floats

    def column(self, name: str) -> Floats:
        """Return one feature, float64 (g,)."""
        return np.asarray(self.values[:, INDEX[name]])


def join(
    groups: BehaviourGroups,
    lineage: LineageEvidence,
    hits: BuiltinHits,
    recent: RecentEvidence,
    together: OrphansTogether,
) -> FeatureTable:
    """Return the feature table. `lineage` and `hits` belong to the batch of `groups.day`."""
    values = join_own(groups, lineage, hits)
    join_shared(values, groups, recent, together)
    return FeatureTable(values)


def join_own(groups: BehaviourGroups, lineage: LineageEvidence, hits: BuiltinHits) -> Floats:
    """Return the features that follow from an account's own events and the days before, float64 (g, len(FEATURES)).

    The features of `join_shared` are left at 0, but `lineage.orphans_together` says for it how many orphans were used.
    """
    values = np.zeros((len(groups), len(FEATURES)))
    for name in CONTEXT:
        if name not in SHARED:
            values[:, INDEX[name]] = groups.features[name]
    _join_lineage(values, groups, lineage)
    _join_rules(values, groups, hits)
    values[:, INDEX["housekeeping"]] = is_housekeeping(groups)
    for name in LOGARITHMIC - SHARED:
        values[:, INDEX[name]] = np.log1p(values[:, INDEX[name]])
    return values


def join_shared(
    values: Floats,
    groups: BehaviourGroups,
    recent: RecentEvidence,
    together: OrphansTogether,
    strange: Tally | None = None,
) -> None:
    """Set the features to which other accounts of the day contribute: those of fields, `SHARED`, and `TOGETHER`.

    `strange` is what `count_strange` returns for all parts; by default, these are all groups.
    """
    for field, surprise in groups.fields.items():
        for part in FIELD_PARTS:
            values[:, INDEX[f"{field}.{part}"]] = np.minimum(getattr(surprise, part), 1e6)
    for name in SHARED:
        values[:, INDEX[name]] = groups.features[name]
    _join_recent(values, groups, recent)
    _join_together(values, groups, together)
    values[:, INDEX["commotion"]] = measure_restlessness(groups, strange)
    for name in _SHARED_LOGARITHMIC:
        values[:, INDEX[name]] = np.log1p(values[:, INDEX[name]])
    for field in FIELD_NAMES:
        column = INDEX[f"{field}.backed_off"]
        values[:, column] = np.minimum(values[:, column], CEILING)


def _join_lineage(values: Floats, groups: BehaviourGroups, lineage: LineageEvidence) -> None:
    rows = np.flatnonzero(groups.day.group != MISSING)
    group = groups.day.group[rows]
    for part in LINEAGE_PARTS:
        np.maximum.at(values[:, INDEX[f"lineage.{part}"]], group, getattr(lineage, part)[rows])


def _join_rules(values: Floats, groups: BehaviourGroups, hits: BuiltinHits) -> None:
    group = groups.day.group[hits.row]
    placed = group != MISSING
    for index, rule in enumerate(RULES):
        mine = placed & (hits.rule == index)
        np.maximum.at(values[:, INDEX[f"rules.{rule.group}"]], group[mine], hits.evidence[mine])


def _join_recent(values: Floats, groups: BehaviourGroups, recent: RecentEvidence) -> None:
    """Relate an application's strange use to a credential or consent shortly before."""
    day = groups.day
    strange = (
        np.maximum(groups.fields["network"].is_new, groups.fields["key"].is_new) * groups.features["service"]
    )
    values[:, INDEX["after_credential"]] = recent.evidence("credential", day.tenant, day.number) * strange
    new = groups.fields["app"].is_new * groups.features["has_mail"]
    values[:, INDEX["after_consent"]] = recent.evidence("consent_any", day.tenant, day.number) * new


def _join_together(values: Floats, groups: BehaviourGroups, together: OrphansTogether) -> None:
    uses_orphan = values[:, INDEX["lineage.orphans_together"]] > 0
    found = together.of(groups.day.actor)
    for name, column in TOGETHER.items():
        values[:, INDEX[name]] = np.where(uses_orphan, getattr(found, column), 0.0)


def sigma_part(groups: BehaviourGroups, hits: SigmaHits) -> Floats:
    """Return the log-odds that the strongest Sigma rule adds to each group's score, float64 (g,).

    It is no feature, because the ranker was trained without it and rule folders differ. Several rules often describe one
    act, so the strongest counts and not their sum.
    """
    part = np.zeros(len(groups))
    group = groups.day.group[hits.row]
    placed = group != MISSING
    np.maximum.at(part, group[placed], hits.weight[placed])
    return part


def has_novelty(table: FeatureTable, sigma: Floats | None = None) -> np.ndarray:
    """Return which groups are worth ranking, bool (g,): those with something new, a rule hit or lineage evidence.

    Housekeeping of the provider's own applications is not, unless a rule matches it.
    """
    new = table.column("new_values") > 0
    telling = ("orphan", "reused", "outlived", "foreign", "orphans_together")
    lineage = sum(table.column(f"lineage.{part}") for part in telling)
    rules = sum(table.column(f"rules.{group}") for group in RULE_GROUPS)
    loud = (
        (table.column("items_z") > 3)
        | (table.column("denials") > 0)
        | (table.column("spray_breadth") > np.log1p(4))
    )
    foreign = (table.column("housekeeping") == 0) | (rules > 0)
    by_rule = np.zeros(len(new), bool) if sigma is None else sigma > 0
    return np.asarray(((new | (lineage > 1.0) | (rules > 0) | loud) & foreign) | by_rule)
