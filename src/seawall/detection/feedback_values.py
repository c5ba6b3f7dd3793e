"""Define analysts' answers and their adjustments. Times are in microseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from seawall.detection.reason import Layer

AnswerKind = Literal["compromised", "safe", "expected-change"]
"""`compromised`: somebody else used the account. `safe`: a false alarm. `expected-change`: true, but intended."""

Reach = Literal["account", "peers", "tenant"]
"""Accounts that an expected change covers: the account, its peers (same type and mail domain), or the whole tenant."""


INDICATOR_ASPECT: Final = "indicator"
"""The aspect of what received and saved indicators add to a score."""


@dataclass(frozen=True, slots=True, order=True)
class FeedbackValue:
    """Hold a value of a field (`aspect` is the field's name), or, with the aspect `rule`, the name of a rule that fired."""

    aspect: str
    value: str


@dataclass(frozen=True, slots=True)
class FeedbackDraft:
    """Hold an answer before it is saved. No values means all unusual ones; no end means the default validity."""

    answer: AnswerKind
    reach: Reach = "account"
    values: tuple[FeedbackValue, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class ShownValue:
    """Hold a value that a group showed, on how many days the account had shown it, and how many of its peers had."""

    aspect: str
    value: str
    seen: float
    accounts: int
    peers: int
    cohort: int = 0


@dataclass(frozen=True, slots=True)
class FeedbackLesson:
    """Hold the evidence of one group of an answered incident, saved with the answer.

    `weights` is the contribution of each feature to `score`; `network` is the network's text. The answer keeps its effect
    even if the events are deleted or scored again.
    """

    day: int
    network: str
    score: float
    shown: tuple[ShownValue, ...]
    rules: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedbackAnswer:
    """Hold one answer with its lessons.

    `as_of` is the end of the last scored day when the answer was given; its effects over time count from there, in event
    time. Events from `expires_at` on are not covered, earlier ones stay covered. `lessons` begin with the highest score.
    """

    id: int
    incident: str
    tenant: str
    account: str
    account_type: str
    answer: AnswerKind
    reach: Reach
    values: tuple[FeedbackValue, ...]
    given_at: int
    as_of: int
    expires_at: int | None
    lessons: tuple[FeedbackLesson, ...]
    plan: str = ""
    """Id of the containment plan, if this stands for a containment and not for an analyst's answer."""

    @property
    def is_containment(self) -> bool:
        """Return whether this stands for a containment: it raises the account whatever the budget, and fits no weights."""
        return bool(self.plan)


@dataclass(frozen=True, slots=True)
class ScoreAdjustment:
    """Hold a change of a candidate's score by answers, in log-odds (negative lowers it), with its text.

    If the aspect is one of the candidate's own, it changes that reason's weight; otherwise it adds a reason.
    """

    layer: Layer
    aspect: str
    weight: float
    text: str
    raises: bool = False
    """Whether the incident is raised whatever the budget."""
    is_beside: bool = False
    """Whether the incident may take one of the places beside the budget, if the budget has none for it."""
