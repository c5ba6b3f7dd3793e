"""Describe the Sigma rules that hit a group's events: title, level, and how rarely each fires in this tenant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.events.grouping import Rows

SIGMA = "sigma"
"""Name of the score part of the strongest Sigma rule."""

MOST_TOLD = 8
LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class RuleHit:
    """Hold a rule that hit. `weight` is its possible log-odds, 0 if silenced; `events` is the number of records it hit."""

    rule: str
    title: str
    level: str
    technique: str
    evidence: float
    weight: float
    events: int

    def text(self) -> str:
        """Return the hit as a sentence for people."""
        technique = f" ({self.technique})" if self.technique else ""
        often = f"an estimated 1 in {round(math.exp(self.evidence)):,} account-days"
        return f"rule \u201c{self.title}\u201d{technique}, which fires on {often} here"


def list_top_rules(hits: SigmaHits, abouts: Sequence[RuleDescription], members: Rows) -> tuple[RuleHit, ...]:
    """Return the rules that hit a group's rows, the highest weight first, at most `MOST_TOLD`."""
    mine = np.flatnonzero(np.isin(hits.row, members))
    found = []
    for rule in np.unique(hits.rule[mine]).tolist():
        own = mine[hits.rule[mine] == rule]
        about = abouts[rule]
        first = own[int(hits.weight[own].argmax())]
        found.append(
            RuleHit(
                about.id,
                about.title[:LONGEST_TITLE],
                about.level,
                next(iter(about.techniques), ""),
                float(hits.evidence[first]),
                float(hits.weight[first]),
                len(own),
            )
        )
    found.sort(key=lambda one: (-one.weight, -one.evidence, one.rule))
    return tuple(found[:MOST_TOLD])
