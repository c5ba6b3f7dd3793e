"""Fit weights of feature groups to an organisation's answers, with strong shrinkage towards no change.

For each group g of aspects, a factor f is fitted to the answered cases: y = 1 for a takeover, 0 for a safe or expected one.
The model is logit P(y = 1) = o + (f - 1) x. Here o is the original score and x the group's contribution; the prior is
Gaussian around f = 1. Each group is fitted separately, so that a false alarm never raises a factor and a takeover never
lowers one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from seawall.detection.feedback.expected import DAY
from seawall.detection.feedback.units import GROUPS, IN_GROUP, WEIGHTED, sum_units
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.events.coded_batch import Floats
from seawall_base.plurals import plural

PRIOR = 0.1
"""Standard deviation of the prior of a factor around 1."""

LEAST, GREATEST = 0.7, 1.3
"""Bounds of a factor, whatever the number of answers."""

NEAR = 2.0
"""Scores are clipped to ± this value in log-odds: only the highest incidents are answered, and their scores are imprecise."""

LARGE = 6.0
"""Contributions of a group are clipped to this many log-odds."""

REMEMBERED_DAYS = 180
STEPS = 30


@dataclass(frozen=True, slots=True)
class AspectWeights:
    """Hold an organisation's factor for each of `GROUPS`, float64 (len(GROUPS),), and the number of answers behind it."""

    values: Floats
    answers: int

    def words(self) -> str:
        """Return the factors that are not 1, as text."""
        moved = [f"{g} × {f:.2f}" for g, f in zip(GROUPS, self.values.tolist(), strict=True) if f != 1.0]
        weigh = "weighs" if self.answers == 1 else "weigh"
        return f"{plural(self.answers, 'answer')} of this organisation {weigh} {', '.join(moved)}"


def fit_weights(answers: Iterable[FeedbackAnswer], now: int) -> dict[str, AspectWeights]:
    """Return the factors of each organisation with answers, fitted to those of the last 180 days before `now` (microseconds)."""
    cases: dict[str, list[tuple[float, float, Floats]]] = defaultdict(list)
    seen = set()
    for answer in sorted(answers, key=lambda one: one.id):
        key = (answer.tenant, answer.incident)
        if answer.lessons and answer.as_of > now - REMEMBERED_DAYS * DAY and key not in seen:
            seen.add(key)
            top = answer.lessons[0]
            x = sum_units(np.array([[top.weights.get(name, 0.0) for name in WEIGHTED]]), IN_GROUP)[0]
            cases[answer.tenant].append((float(answer.answer == "compromised"), top.score, x))
    return {tenant: _fit(found) for tenant, found in cases.items()}


def _fit(cases: list[tuple[float, float, Floats]]) -> AspectWeights:
    # Sort, so that rounding does not depend on the ids of the answers.
    cases.sort(key=lambda case: (case[0], case[1], case[2].tolist()))
    labels = np.array([case[0] for case in cases])[:, None]
    offset = np.clip([case[1] for case in cases], -NEAR, NEAR)[:, None]
    x = np.clip([case[2] for case in cases], 0.0, LARGE)
    change = np.zeros(len(GROUPS))
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-(offset + change * x)))
        gradient = ((labels - p) * x).sum(axis=0) - change / PRIOR**2
        curvature = (p * (1 - p) * x**2).sum(axis=0) + 1.0 / PRIOR**2
        change = np.clip(change + gradient / curvature, LEAST - 1.0, GREATEST - 1.0)
    return AspectWeights(np.round(1.0 + change, 2), len(cases))
