"""Define the reason: the part of a detector's findings that is shown to people. The findings themselves are columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SILENT = "of note, which moves the score a little"
"""Ending of a reason's text that reports no observation. The sum of weights needs such reasons; a summary omits them."""

Layer = Literal["behaviour", "lineage", "rules", "assurance"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Hold one reason of an incident as data; pages and terminal format it.

    `aspect` names the field or rule (`network`, `app`, `client`, `birth`, `inbox-rule` …). The weights of an incident's
    reasons plus its base sum to its score. `counts` are the numbers in the text: seen_days, active_days, peers_with, peers,
    day_cohort.
    """

    layer: Layer
    aspect: str
    text: str
    weight: float
    value: str = ""
    counts: dict[str, float] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Return whether the reason reports no observation."""
        return self.text.endswith(SILENT)
