"""Incidents as the API answers them. Times are RFC 3339 in UTC, ids texts, scores log-odds."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from seawall.detection.reason import Layer

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""`2026-03-01T12:00:00Z`, with a fraction only where there is one."""

SeverityName = Literal["low", "medium", "high", "critical"]
AnswerName = Literal["compromised", "safe", "expected-change"]
QueueName = Literal["open", "announced", "answered", "candidates", "all"]
IncidentOrder = Literal["score", "-time", "account"]
SharedKey = Literal["network", "app", "client", "prefix"]
Count = Annotated[int, Meta(ge=0)]
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of a list, and where the next ones begin. `total` is None where counting would take long."""

    items: list[T]
    next_cursor: str | None = None
    total: Count | None = None


class Messages(msgspec.Struct, frozen=True):
    """How many messages were proved to be read, and how many may have been."""

    proved: Count
    possible: Count


class Chip(msgspec.Struct, frozen=True):
    """A reason in a few words. `short` has the counts: `0 of 1,240 peers`."""

    layer: Layer
    aspect: str
    text: str
    short: str
    weight: float


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a list. `chips` are its worst reasons, at most four.

    `history`: it was older than the live window when it was found, and nobody was told of it alone.
    """

    id: str
    tenant: str
    account: str
    kind: str
    severity: SeverityName
    score: float
    raised: bool
    history: bool
    announced_at: Time | None
    detected_at: Time | None
    first_event: Time
    last_event: Time
    title: str
    summary: str
    answer: AnswerName | None
    family: str
    related: Count
    mailboxes: Count
    messages: Messages
    chips: list[Chip]


class ReasonValue(msgspec.Struct, frozen=True):
    """One reason. The weights of all and `base` sum to the score; `silent` says only that there was nothing."""

    layer: Layer
    aspect: str
    text: str
    value: str
    weight: float
    silent: bool
    counts: dict[str, float]


class UsualValue(msgspec.Struct, frozen=True):
    """Usual versus now, of one field. `usual` holds pairs of a value and its share of the active days."""

    aspect: str
    words: str
    now: str
    usual: list[tuple[str, float]]
    seen_days: float
    active_days: float
    peers_with: Count
    peers: Count
    is_unusual: bool
    normal_if: str


class TimelineValue(msgspec.Struct, frozen=True):
    """Events of the account in one slot of time."""

    time: Time
    lane: str
    count: Count
    is_intruder: bool
    label: str


class ScopeValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact that an answer is about, such as network and its value."""

    aspect: Annotated[str, Meta(min_length=1, max_length=64)]
    value: Annotated[str, Meta(max_length=2000)]


class FeedbackScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom an answer counts, and for which facts; without `values` for all unusual ones of the incident."""

    reach: Literal["account", "peers", "tenant"] = "account"
    values: Annotated[list[ScopeValue], Meta(max_length=50)] = []


class AnswerValue(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to an incident. `standing`: neither withdrawn nor expired."""

    id: str
    incident: str
    tenant: str
    account: str
    answer: AnswerName
    scope: FeedbackScope
    note: str
    given_by: str
    given_at: Time
    expires_at: Time | None
    withdrawn_at: Time | None
    withdrawn_by: str | None
    standing: bool


class SigmaHit(msgspec.Struct, frozen=True):
    """A Sigma rule that hit records of the incident. `technique` is empty where the rule names none."""

    title: str
    level: str
    technique: str
    events: Count


class IncidentValue(IncidentRow, frozen=True, kw_only=True):
    """An incident with everything that explains it. `text` is the reason in words, to be pasted into a ticket.

    `sessions` says how the sessions began in which mail was read, empty where none was.
    """

    reasons: list[ReasonValue]
    base: float
    usual: list[UsualValue]
    timeline: list[TimelineValue]
    curve: list[tuple[Time, float]]
    threshold: float | None
    technique: str
    p: float | None
    unsupervised: float | None
    rules: list[str]
    sigma: list[SigmaHit]
    sessions: str
    coverage: list[str]
    actions: list[str]
    events: Count
    events_not_listed: Count
    mailbox_names: list[str]
    related_accounts: list[str]
    answers: list[AnswerValue]
    text: str
    aliases: list[str]


class SharedAccount(msgspec.Struct, frozen=True):
    """Another account that shows the same rare value, from its first to its last event with it."""

    tenant: str
    account: str
    incident: str | None
    score: float | None
    first: Time
    last: Time
    events: Count


class Shared(msgspec.Struct, frozen=True):
    """A rare value of the incident, and who else shows it."""

    key: SharedKey
    value: str
    accounts: list[SharedAccount]


class RelatedValue(msgspec.Struct, frozen=True):
    """What ties an incident to others. `family` names the accounts that detection has tied together.

    Accounts without an incident are looked for in the events from `looked_from` to before `looked_to` alone, and at most 50
    of each value; `is_cut` says that the incident lasted longer than that.
    """

    shared: list[Shared]
    family: str
    incidents: list[IncidentRow]
    looked_from: str
    looked_to: str
    is_cut: bool


class NewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to be given."""

    answer: AnswerName
    scope: FeedbackScope = FeedbackScope()
    expires_at: Time | None = None
    note: Annotated[str, Meta(max_length=4000)] = ""


class Lowered(msgspec.Struct, frozen=True):
    """An incident whose score an answer would change."""

    incident: IncidentRow
    before: float = msgspec.field(name="from")
    after: float = msgspec.field(name="to")


class Preview(msgspec.Struct, frozen=True):
    """What an answer would have done in the last days. `never_hidden` are reasons that no answer mutes."""

    hidden: list[IncidentRow]
    lowered: list[Lowered]
    raised: list[IncidentRow]
    days: int
    never_hidden: list[str]
    note: str


class StandingAnswer(AnswerValue, frozen=True, kw_only=True):
    """An answer, and how many incidents it hides."""

    hides: Count


class IncidentDocument(msgspec.Struct, frozen=True):
    """The `incident.json` of exported evidence."""

    incident: IncidentValue
    exported_at: Time
    exported_by: str
    version: str
    details: dict[str, Any] = {}
