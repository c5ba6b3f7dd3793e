"""Assign the parts of a score to features and aspects, with shares that sum to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Protocol

from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.behaviour.rotation import ROTATION
from seawall.detection.ranking.consents import CONSENT_FACTS
from seawall.detection.ranking.patterns import Pattern
from seawall.detection.ranking.ranker import EVIDENCE
from seawall.detection.ranking.rule_hits import SIGMA
from seawall.detection.ranking.session_facts import SESSION_FACTS
from seawall.detection.reason import Layer

Aspect = tuple[Layer, str]

ATTEMPTS = ("failures", "failures_here", "denials", "interruptions", "spray_breadth", "spray_failures")
VOLUME = ("items", "items_z", "syncs", "sent", "deleted", "events", "share", "throttled", "searched")
USUAL_NETWORK = ("usual_overlap", "usual_switches", "usual_idle", "usual_return")
TOGETHER = "pattern"
"""Stands in for a feature if joint evidence cannot be divided among dimensions."""


class ScoreParts(Protocol):
    """Provide what the shares are computed from: score parts and features by name, and the pattern that names the group."""

    @property
    def parts(self) -> Mapping[str, float]:
        """Return the contribution of each part to the score."""

    @property
    def values(self) -> Mapping[str, float]:
        """Return the features by name."""

    @property
    def pattern(self) -> Pattern:
        """Return the pattern that names the group."""


@cache
def is_joint(name: str) -> bool:
    """Return whether a part of the score is evidence of several features together."""
    return name.startswith("p.") or name == EVIDENCE


def joint_shares(scored: ScoreParts) -> dict[str, float]:
    """Return the features behind joint evidence, with shares that sum to one.

    It is divided among the dimensions of the pattern that names the incident, in proportion to their surprise. Its evidence
    is the strongest for that pattern.
    """
    shares: dict[str, float] = defaultdict(float)
    for dimension in scored.pattern.dimensions:
        for feature in dimension.split("+"):
            shares[feature] += max(scored.values.get(feature, 0.0), 0.0)
    total = sum(shares.values())
    if total <= 0:
        return {TOGETHER: 1.0}
    return {feature: share / total for feature, share in shares.items() if share > 0}


def weights(scored: ScoreParts) -> dict[str, float]:
    """Return the contribution of each feature to the score, with joint evidence divided up.

    With the base they sum to the score.
    """
    sums: dict[str, float] = {}
    joint = list(joint_shares(scored).items())
    for name, weight in scored.parts.items():
        for feature, share in joint if is_joint(name) else ((name, 1.0),):
            sums[feature] = sums.get(feature, 0.0) + weight * share
    return sums


@cache
def aspect(name: str) -> Aspect:
    """Return the layer and aspect of a feature."""
    head, _, tail = name.partition(".")
    if head in FIELD_NAMES and tail:
        return "behaviour", head
    if head == "lineage":
        return "lineage", {
            "orphan": "birth",
            "birthless": "birth",
            "orphans_together": "unissued-sessions",
        }.get(tail, tail)
    if head == "rules":
        return "rules", tail
    if name == SIGMA:
        return "rules", SIGMA
    if head in ("p", EVIDENCE, TOGETHER):
        return "behaviour", "pattern"
    if name in ATTEMPTS:
        return "behaviour", "attempts"
    if name in VOLUME:
        return "behaviour", "volume"
    if name.startswith("after_"):
        return "rules", {"after_credential": "credential", "after_consent": "consent_any"}[name]
    if name in ROTATION:
        return "behaviour", "rotation"
    if name in SESSION_FACTS:
        return "lineage", "session"
    if name.startswith("usual_") and name not in USUAL_NETWORK:
        return "behaviour", "two-places"
    named = {
        "hour": "hour",
        "new_mailboxes": "mailbox",
        "foreign_mailboxes": "mailbox",
        "together_abroad": "two-places",
        "device_days": "device",
        "client_days": "client",
        "device_managed": "managed-device",
        **dict.fromkeys(CONSENT_FACTS, "own-consent"),
        **dict.fromkeys(USUAL_NETWORK, "usual-network"),
    }
    return "behaviour", named.get(name, "context")
