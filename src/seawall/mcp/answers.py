"""What each tool answers. Texts that may hold log text are `UntrustedText`; all other texts are Seawall's own words."""

from __future__ import annotations

from typing import Literal

import msgspec

from seawall.detection.incident import Severity
from seawall.detection.reason import Layer
from seawall.mcp.log_text import BoundedList, CodeWord, Count, IncidentId, Time, UntrustedText
from seawall.response.containment.values import Confidence
from seawall.response.look_up.subject import LookUpKind
from seawall.response.scope_values import SubjectKind, Verdict

ScopeState = Literal["done", "running"]
NoPlanReason = Literal["", "no-records"]


class MessageCounts(msgspec.Struct, frozen=True):
    """Messages that were certainly read, and that may have been read."""

    proved: Count
    possible: Count


class IncidentSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in a list. `chance` is the measured chance that an incident with this score is real; `attack` is the id of
    the strongest incident of the same attack, "" if it stands alone. `records` counts the records attributed to the attacker.
    """

    id: IncidentId
    rank: Count
    kind: CodeWord
    severity: Severity
    score: float
    chance: float
    raised: bool
    first_event: Time
    last_event: Time
    account: UntrustedText
    organisation: UntrustedText
    title: UntrustedText
    messages: MessageCounts
    mailboxes: Count
    records: Count
    attack: IncidentId


class IncidentsAnswer(msgspec.Struct, frozen=True):
    """The incidents asked for, the worst first. `is_bounded`: a store looks at the worst 1,000 alone."""

    incidents: BoundedList[IncidentSummary]
    is_bounded: bool


class IncidentReason(msgspec.Struct, frozen=True):
    """A reason of the score; `silent`: the reason is that something is absent."""

    layer: Layer
    aspect: CodeWord
    weight: float
    silent: bool
    text: UntrustedText


class IncidentRule(msgspec.Struct, frozen=True):
    """A Sigma rule that hit records of the incident."""

    title: UntrustedText
    level: CodeWord
    records: Count


class IncidentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with what explains it. `base`, the weights of `reasons` and `other_weight`, which sums further reasons, add
    up to the score. `records` are ids as in the log, by which a person finds the records again.
    """

    incident: IncidentSummary
    base: float
    reasons: BoundedList[IncidentReason]
    other_weight: float
    severity_because: BoundedList[UntrustedText]
    confidence: UntrustedText
    technique: UntrustedText
    sessions: UntrustedText
    rules: BoundedList[IncidentRule]
    left_behind: BoundedList[UntrustedText]
    coverage: BoundedList[UntrustedText]
    first_steps: BoundedList[UntrustedText]
    mailboxes: BoundedList[UntrustedText]
    related_accounts: BoundedList[UntrustedText]
    addresses: BoundedList[AddressCount]
    records: BoundedList[UntrustedText]


class AddressCount(msgspec.Struct, frozen=True):
    """A client address of the incident's records, and how many of them."""

    address: UntrustedText
    records: Count


class StoryLineAnswer(msgspec.Struct, frozen=True):
    """One act: from `time` to `end`. `by_attacker`: its records are attributed to the attacker, others lie beside them."""

    time: Time
    end: Time
    is_key: bool
    by_attacker: bool
    text: UntrustedText
    records: BoundedList[UntrustedText]


class StoryAnswer(msgspec.Struct, frozen=True):
    """What happened, in order of time, each act with the ids of its records."""

    incident: IncidentId
    account: UntrustedText
    lines: BoundedList[StoryLineAnswer]


class TimelineSlot(msgspec.Struct, frozen=True):
    """Events of the account in one slot of time, from one network."""

    time: Time
    network: UntrustedText
    events: Count
    by_attacker: bool


class TimelineAnswer(msgspec.Struct, frozen=True):
    """The account's events around the incident by time and network. `records` are ids of the attacker's records."""

    incident: IncidentId
    account: UntrustedText
    first_event: Time
    last_event: Time
    detected_at: Time | None
    slots: BoundedList[TimelineSlot]
    records: BoundedList[UntrustedText]


class UsualShare(msgspec.Struct, frozen=True):
    """A usual value, and the share of the active days on which the account showed it."""

    value: UntrustedText
    share: float


class UsualField(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its value now, and what is usual for the account and its peers."""

    aspect: CodeWord
    now: UntrustedText
    usual: BoundedList[UsualShare]
    seen_days: float
    active_days: float
    peers_with: Count
    peers: Count
    is_unusual: bool
    normal_if: UntrustedText


class UsualAnswer(msgspec.Struct, frozen=True):
    """What the account showed in the incident beside what is usual for it. `records` are ids of the incident's records."""

    incident: IncidentId
    account: UntrustedText
    fields: BoundedList[UsualField]
    records: BoundedList[UntrustedText]


class VerdictCount(msgspec.Struct, frozen=True):
    """How many accounts or mailboxes were touched, may have been, and are proved not to be."""

    kind: SubjectKind
    touched: Count
    possible: Count
    not_touched: Count


class ScopeMember(msgspec.Struct, frozen=True, kw_only=True):
    """An account or mailbox that was or may have been touched, why, and ids of the attacker's records."""

    kind: SubjectKind
    verdict: Verdict
    name: UntrustedText
    organisation: UntrustedText
    reasons: BoundedList[UntrustedText]
    messages: Count
    first: Time | None
    last: Time | None
    records: BoundedList[UntrustedText]


class ScopeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who else was touched. While `state` is `running`, ask again in a minute. `possible` is never "not touched".

    `is_bounded`: a limit stopped the search, so that more may be touched.
    """

    incident: IncidentId
    state: ScopeState
    start: Time | None
    end: Time | None
    counts: list[VerdictCount]
    members: BoundedList[ScopeMember]
    warnings: BoundedList[UntrustedText]
    is_bounded: bool


class CoverageGapAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs could not have shown, and when. "Nothing found" in a gap proves nothing."""

    code: CodeWord
    source: CodeWord
    organisation: UntrustedText
    account: UntrustedText | None
    start: Time
    end: Time
    text: UntrustedText


class ProblemTotal(msgspec.Struct, frozen=True):
    """How many records or files could not be read, by reason."""

    code: CodeWord
    records: Count


class CoverageAnswer(msgspec.Struct, frozen=True):
    """The limits of the logs, the latest first, and what could not be read."""

    gaps: BoundedList[CoverageGapAnswer]
    problems: BoundedList[ProblemTotal]


class PlanStepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One step of containment. `after` are the numbers of steps that come before it. `by_hand`: no call does it.

    `records` are ids of the records that justify it. The commands themselves are not here.
    """

    number: Count
    confidence: Confidence
    action: CodeWord
    account: UntrustedText
    title: UntrustedText
    reason: UntrustedText
    after: list[Count]
    by_hand: bool
    cannot_undo: UntrustedText
    records: BoundedList[UntrustedText]


class PlanAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ordered containment plan of an incident, for people to judge: nothing here applies it.

    `missing` says why there is no plan.
    """

    incident: IncidentId
    steps: BoundedList[PlanStepAnswer]
    before: BoundedList[UntrustedText]
    warnings: BoundedList[UntrustedText]
    missing: NoPlanReason


class RuleHitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that hit records of an account. `records` are ids of records that the rule hit, for this account or others."""

    rule: UntrustedText
    rule_id: UntrustedText
    level: CodeWord
    organisation: UntrustedText
    account: UntrustedText
    hits: Count
    first: Time | None
    last: Time | None
    records: BoundedList[UntrustedText]


class RuleHitsAnswer(msgspec.Struct, frozen=True):
    """Hits of rules, the worst level first. `note` says what the list cannot show."""

    hits: BoundedList[RuleHitAnswer]
    note: UntrustedText


class FoundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that shows the value. `in_incident`: an incident lists it."""

    id: UntrustedText
    time: Time
    operation: UntrustedText | None
    status: UntrustedText | None
    account: UntrustedText | None
    mailbox: UntrustedText | None
    address: UntrustedText | None
    network: UntrustedText | None
    app: UntrustedText | None
    client: UntrustedText | None
    user_agent: UntrustedText | None
    in_incident: bool


class BesideValue(msgspec.Struct, frozen=True):
    """A value that records show beside the one searched for."""

    value: UntrustedText
    records: Count
    first: Time
    last: Time


class BesideField(msgspec.Struct, frozen=True):
    """The values of one field beside the one searched for, most records first."""

    field: CodeWord
    values: BoundedList[BesideValue]


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the records show of a value: how many, when, beside what, in which incidents, and some of the records.

    `is_bounded`: older records were not looked at.
    """

    kind: LookUpKind
    value: UntrustedText
    matches: Count
    first: Time | None
    last: Time | None
    beside: list[BesideField]
    incidents: BoundedList[IncidentId]
    records: BoundedList[FoundRecord]
    searched: Count
    is_bounded: bool
