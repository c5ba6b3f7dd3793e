"""Value types of incidents in the API. Times are RFC 3339 in UTC, ids are texts, scores are log-odds."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from seawall.detection.reason import Layer

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""`2026-03-01T12:00:00Z`, with a fraction only if it is not zero."""

SeverityName = Literal["low", "medium", "high", "critical"]
AnswerName = Literal["compromised", "safe", "expected-change"]
QueueName = Literal["open", "announced", "answered", "candidates", "all"]
IncidentOrder = Literal["score", "-time", "account"]
SharedKey = Literal["network", "app", "client", "prefix"]
Count = Annotated[int, Meta(ge=0)]
T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list, and the cursor of the next one. `total` is None if counting would take long."""

    items: list[T]
    next_cursor: str | None = None
    total: Count | None = None


class Messages(msgspec.Struct, frozen=True):
    """Numbers of messages that were certainly read, and that may have been read."""

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
    """An incident in a list. `chips` are its worst reasons, at most four. `chance` is the measured chance that an incident
    with this score is real, from 0 to 1.

    `history`: it was older than the live window when found, so it was not announced by itself. `attack` names the attack that
    it belongs to, "" if it stands alone.
    """

    id: str
    tenant: str
    account: str
    kind: str
    severity: SeverityName
    score: float
    chance: float
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
    attack: str
    related: Count
    mailboxes: Count
    messages: Messages
    chips: list[Chip]


class ReasonValue(msgspec.Struct, frozen=True):
    """One reason. All weights and `base` sum to the score; `silent` marks the absence of evidence."""

    layer: Layer
    aspect: str
    text: str
    value: str
    weight: float
    silent: bool
    counts: dict[str, float]


class UsualValue(msgspec.Struct, frozen=True):
    """Usual and present values of one field. `usual` holds pairs of a value and its share of the active days."""

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
    """Events of the account in one time slot."""

    time: Time
    lane: str
    count: Count
    is_intruder: bool
    label: str


class ScopeValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact that an answer is about, such as a network and its value."""

    aspect: Annotated[str, Meta(min_length=1, max_length=64)]
    value: Annotated[str, Meta(max_length=2000)]


class FeedbackScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The accounts and facts that an answer applies to; without `values`, all unusual facts of the incident."""

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
    """A Sigma rule that matched records of the incident. `technique` is empty if the rule names none."""

    title: str
    level: str
    technique: str
    events: Count


class StoryLine(msgspec.Struct, frozen=True):
    """One act of the story. `when` is its time in short; `key` says whether a short telling keeps it.

    `intruders`: the records are attributed to the attacker; others lie beside them without an address.
    """

    time: Time
    end: Time
    when: str
    sentence: str
    key: bool
    intruders: bool
    records: Count


class UrgentStepValue(msgspec.Struct, frozen=True):
    """One thing to do now: a sentence, the commands that do it, and how a person does it without them."""

    name: Literal["call", "block", "preserve", "deadline", "review"]
    text: str
    commands: list[str]
    by_hand: str


class IncidentValue(IncidentRow, frozen=True, kw_only=True):
    """An incident with its full explanation. `text` is the reason in words, to be pasted into a ticket.

    `sessions` describes how the sessions in which mail was read began, empty if none was. `statements` are what vendors say
    about the account, each with its time. `severity_because` says why the severity is what it is. `story` is what the intruder
    did, in order of time; `left_behind` what works on after him, the weightiest first. `unusual` is what is unusual in it.
    `now` is what to do, the most urgent first. `confidence` says how sure it is, "" if that was not judged;
    the `_text` of severity and confidence has their reasons in one line.
    """

    story: list[StoryLine]
    now: list[UrgentStepValue]
    began: str
    severity_text: str
    confidence: str
    confidence_text: str
    confidence_because: list[str]
    left_behind: list[str]
    unusual: str

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
    statements: list[str]
    severity_because: list[str]
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
    """A rare value of the incident, and the accounts that show it."""

    key: SharedKey
    value: str
    accounts: list[SharedAccount]


class RelatedValue(msgspec.Struct, frozen=True):
    """Links between an incident and others. `family` names the accounts that detection has linked.

    Accounts without an incident are searched only in events from `looked_from` to before `looked_to`, at most 50 for
    each value. `is_cut` says that the incident lasted longer.
    """

    shared: list[Shared]
    family: str
    incidents: list[IncidentRow]
    looked_from: str
    looked_to: str
    is_cut: bool


class AttackLinkValue(msgspec.Struct, frozen=True):
    """What ties an incident to another one of its attack. `text` says it in words, without the other's account."""

    incident: str
    kind: Literal["application", "account", "address", "network"]
    name: str
    text: str


class AttackMember(msgspec.Struct, frozen=True):
    """An incident of an attack, and what ties it to others of it."""

    incident: IncidentRow
    links: list[AttackLinkValue]


class AttackAct(msgspec.Struct, frozen=True):
    """One act of an attack: when in short, which account, and what it did. `key` says whether a short telling keeps it."""

    time: Time
    when: str
    account: str
    sentence: str
    key: bool


class AttackValue(msgspec.Struct, frozen=True):
    """The attack that an incident belongs to: its incidents, the gravest first, and its weightiest acts in order of time.

    `id` is "" and `members` holds the incident alone if nothing ties it to others.
    """

    id: str
    title: str
    severity: SeverityName
    first_event: Time
    last_event: Time
    members: list[AttackMember]
    acts: list[AttackAct]
    more_acts: Count
    left_behind: list[str]


class NewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to store. With `whole_attack`, incidents of the same attack without an answer get it too."""

    answer: AnswerName
    scope: FeedbackScope = FeedbackScope()
    expires_at: Time | None = None
    note: Annotated[str, Meta(max_length=4000)] = ""
    whole_attack: bool = False


class Lowered(msgspec.Struct, frozen=True):
    """An incident whose score an answer would lower."""

    incident: IncidentRow
    before: float = msgspec.field(name="from")
    after: float = msgspec.field(name="to")


class Preview(msgspec.Struct, frozen=True):
    """The effect that an answer would have had in the last days. `never_hidden` are reasons that no answer mutes."""

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
