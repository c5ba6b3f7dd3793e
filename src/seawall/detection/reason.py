"""The reason: what of a detector's findings reaches a person. The findings themselves are columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SILENT = "of note, which moves the score a little"
"""How the text of a reason ends that tells of nothing seen: the sum needs it, a summary does not."""

Layer = Literal["behaviour", "lineage", "rules", "assurance"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a finding, as structure; prose is rendered at the edge.

    `aspect` names the field or rule (`network`, `app`, `client`, `birth`, `inbox-rule` …). `weight` is this
    reason's share of the score: the weights of an incident's reasons plus its base sum to its score.
    `counts` are the numbers that the text is made of: seen_days, active_days, peers_with, peers, day_cohort.
    """

    layer: Layer
    aspect: str
    text: str
    weight: float
    value: str = ""
    counts: dict[str, float] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether it says only that there was nothing."""
        return self.text.endswith(SILENT)
