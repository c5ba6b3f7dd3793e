"""The incident: findings grouped by account and technique, ranked and explained. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from seawall.detection.reason import Reason

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Usual:
    """One row of *usual versus now*: a field, what the account usually shows, what it showed here.

    `usual` holds (value, share of active days) most frequent first. `normal_if` says what would have made
    the value ordinary.
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
    """Events of the account in one slot of time, for the timeline. Times are microseconds since the epoch."""

    time: int
    lane: str
    count: int
    is_intruder: bool
    label: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One account's (or one application's) suspected takeover.

    Times are microseconds since the epoch, UTC. `score` sorts incidents; `base` + sum of the reasons' weights
    = `score`. `events` are the log's own ids of the records judged to be the intruder's.
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
    usual: tuple[Usual, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    related: tuple[str, ...] = ()
    family: str = ""
    details: dict[str, Any] = field(default_factory=dict)
