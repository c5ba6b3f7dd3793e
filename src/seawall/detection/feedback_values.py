"""Answers of analysts, and what they change. Values only; times are microseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from seawall.detection.reason import Layer

AnswerKind = Literal["compromised", "safe", "expected-change"]
"""Somebody else used the account; its owner did, a false alarm; true, but meant."""

Reach = Literal["account", "peers", "tenant"]
"""Whom an expected change is expected of: the account, those of its kind in its mail domain, everybody of the tenant."""


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """What one field showed (`aspect` is the field's name), or, with the aspect `rule`, a rule that fired."""

    aspect: str
    value: str


@dataclass(frozen=True, slots=True)
class FeedbackDraft:
    """An answer that is about to be given. No values: all that are unusual; no end: as long as is usual."""

    answer: AnswerKind
    reach: Reach = "account"
    values: tuple[Value, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as a group showed it: days on which the account had shown it, and how many of the peers had."""

    aspect: str
    value: str
    seen: float
    accounts: int
    peers: int
    cohort: int = 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one group of an answered incident showed, kept with the answer.

    `weights` is what each feature added to `score`, `network` the text of its network. Whatever is pruned or
    scored again later, the answer goes on teaching this.
    """

    day: int
    network: str
    score: float
    shown: tuple[Shown, ...]
    rules: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer with what it teaches.

    `as_of` is the end of the last scored day when it was given: markers, attention and fading count from there, in
    event time. What happens from `expires_at` on is not covered; what happened before stays covered.
    `lessons` are the incident's groups, the strongest first.
    """

    id: int
    incident: str
    tenant: str
    account: str
    account_type: str
    answer: AnswerKind
    reach: Reach
    values: tuple[Value, ...]
    given_at: int
    as_of: int
    expires_at: int | None
    lessons: tuple[Lesson, ...]
    plan: str = ""
    """The plan that was carried out, where this is no analyst's answer but the memory of a containment."""

    @property
    def is_containment(self) -> bool:
        """Whether a containment speaks: it draws attention, raises whatever the budget, and teaches no weights."""
        return bool(self.plan)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What answers add to (or, negative, take off) a candidate's score, in log-odds, and the words for it.

    The aspect is one of the candidate's own, whose reason then weighs so much less, or one of its own making.
    """

    layer: Layer
    aspect: str
    weight: float
    text: str
    raises: bool = False
    """Whether its incident is raised whatever the budget."""
