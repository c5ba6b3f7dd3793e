"""Describe the Sigma rules that hit a group's events: title, level, and how rarely each fires in this tenant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.ragged import Ragged, collect
from seawall.detection.rules.sigma.detector import SigmaHits
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.events.coded_batch import MISSING, Codes, Floats
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


@dataclass(frozen=True, slots=True)
class TopRules:
    """Hold the rules that hit k groups, as lists of rule numbers, with the evidence, weight and number of events of each."""

    rules: Ragged
    evidence: Floats
    weight: Floats
    events: Rows
    abouts: Sequence[RuleDescription]

    def strongest(self) -> Floats:
        """Return the highest weight in each group, 0 without rules, float64 (k,)."""
        found = np.zeros(len(self.rules))
        np.maximum.at(found, self.rules.owners, self.weight)
        return found

    def list_hits(self, place: int) -> tuple[RuleHit, ...]:
        """Return the rules that hit a group, the highest weight first, at most `MOST_TOLD`."""
        found = []
        for at in range(*self.rules.bounds[place : place + 2].tolist()):
            about = self.abouts[int(self.rules.values[at])]
            found.append(
                RuleHit(
                    about.id,
                    about.title[:LONGEST_TITLE],
                    about.level,
                    next(iter(about.techniques), ""),
                    float(self.evidence[at]),
                    float(self.weight[at]),
                    int(self.events[at]),
                )
            )
        found.sort(key=lambda one: (-one.weight, -one.evidence, one.rule))
        return tuple(found[:MOST_TOLD])


def find_top_rules(hits: SigmaHits, abouts: Sequence[RuleDescription], owner: Codes, groups: int) -> TopRules:
    """Return the rules that hit `groups` groups. `owner` is each hit's group, MISSING for none.

    A rule's evidence and weight are those of its first hit with the highest weight.
    """
    mine = np.flatnonzero(owner != MISSING)
    mine = mine[np.lexsort((-hits.weight[mine], hits.rule[mine], owner[mine]))]
    begins = np.ones(len(mine), bool)
    begins[1:] = (np.diff(hits.rule[mine]) != 0) | (np.diff(owner[mine]) != 0)
    at = mine[begins]
    counts = np.diff(np.append(np.flatnonzero(begins), len(mine)))
    return TopRules(
        collect(owner[at], hits.rule[at], groups), hits.evidence[at], hits.weight[at], counts, abouts
    )
