"""Define the incident: an account's findings, ranked and explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.reason import Reason

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """Compare one field's value with what the account usually shows.

    `usual` holds (value, share of active days), the most frequent first. `normal_if` names what would have been ordinary.
    """

    aspect: str
    now: str
    usual: tuple[tuple[str, float], ...]
    seen_days: float
    active_days: float
    peers_with: int
    peers: int
    is_unusual: bool
    normal_if: str = ""


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """Count the account's events in one slot of the timeline. Times are in microseconds since 1970."""

    time: int
    lane: str
    count: int
    is_intruder: bool
    label: str


AttackLinkKind = Literal["application", "account", "address", "network"]


@dataclass(frozen=True, slots=True)
class AttackLink:
    """Say what ties an incident to another one of its attack, which is given by id and account.

    `name` is the application, the account that gained access, the outside mail address, or the new network.
    """

    incident: str
    account: str
    kind: AttackLinkKind
    name: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Describe the suspected takeover of one account or application.

    Times are in microseconds since 1970, UTC. `score` orders incidents; it is `base` plus the weights of the reasons.
    `events` are the record ids, as in the log, of the records attributed to the attacker. `chance` is the measured chance
    that an incident with this score is real, in [0, 1], None if unknown. `title` is the story in one sentence. `attack` is the
    id of the strongest incident of the attack that it belongs to, "" if it stands alone.
    """

    id: str
    tenant: str
    account: str
    kind: str
    severity: Severity
    score: float
    base: float
    raised: bool
    detected_at: int | None
    first_event: int
    last_event: int
    title: str
    summary: str
    reasons: tuple[Reason, ...]
    events: tuple[str, ...]
    mailboxes: tuple[str, ...]
    messages_proved: int
    messages_possible: int
    coverage: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    usual: tuple[BaselineComparison, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    related: tuple[str, ...] = ()
    family: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    chance: float | None = None
    story: tuple[StorySentence, ...] = ()
    attack: str = ""
    attack_links: tuple[AttackLink, ...] = ()
