"""Value types of the running system in the API: summary, ingest, problems, detection, saved views."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Count, IncidentRow, Time

IngestState = Literal["idle", "reading", "scoring", "behind", "stopped", "none"]
SourceState = Literal["ok", "late", "silent"]


class TenantBudget(msgspec.Struct, frozen=True):
    """An organisation's budget a day, and the incidents announced today.

    `allowed` and `spent` are incidents over the `span_days` of the whole budget.
    """

    tenant: str
    per_day: float
    today: Count
    allowed: Count
    spent: Count


class BudgetValue(msgspec.Struct, frozen=True):
    """The budget of all organisations; `allowed` and `spent` are over `span_days`.

    `span_days` counts the days of log over which the watch spends the budget: at most 30, 0 before the first.
    `chosen` was set in the console, `configured` is the watch's `--budget`; both are a day for each organisation.
    """

    per_day: float
    chosen: float | None
    configured: float | None
    today: Count
    span_days: Count
    allowed: Count
    spent: Count
    tenants: list[TenantBudget]


class ThresholdValue(msgspec.Struct, frozen=True):
    """The least score for raising: in force, and by who set it; None where there is none.

    `chosen` was set in the console, `configured` is the watch's `--min-score` or `--min-chance`, `shipped` comes with the
    ranker. `chance` is the chance of an incident at the least score in force. At `off` and below, nothing is held back.
    """

    least_score: float | None
    chance: float | None
    chosen: float | None
    configured: float | None
    shipped: float | None
    off: float


class Severities(msgspec.Struct, frozen=True):
    """Numbers of open incidents by severity."""

    critical: Count = 0
    high: Count = 0
    medium: Count = 0
    low: Count = 0


class IngestValue(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of reading and scoring. `rate` is records a second; None if unknown."""

    state: IngestState
    records: Count
    events: Count
    duplicates: Count
    problems: Count
    rate: float
    backlog_bytes: Count | None
    seconds_left: float | None
    last_event: Time | None
    last_batch: Time | None
    dirty_days: Count


class Unjudged(msgspec.Struct, frozen=True):
    """Stored events without a verdict: their organisation ("" for any), from when on, and why."""

    tenant: str
    start: Time | None = msgspec.field(name="from")
    text: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the whole system in brief. `empty`: no event was ever read.

    `unjudged` are stored events without a verdict. While there are any, no list of incidents is complete; their text
    says why.
    """

    now: Time
    budget: BudgetValue
    threshold: ThresholdValue
    open: Count
    announced: Count
    answered: Count
    by_severity: Severities
    ingest: IngestValue
    silent_sources: Count
    revision: Count
    tenants: list[str]
    accounts: Count
    empty: bool
    unjudged: list[Unjudged]


class SourceValue(msgspec.Struct, frozen=True, kw_only=True):
    """A source. `lag_seconds` is the age of its last event; `silent_since` marks an alarm.

    Records of an unrecognised log are not judged.
    """

    name: str
    kind: str
    is_judged: bool
    tenant: str
    records: Count
    problems: Count
    first_at: Time | None
    last_at: Time | None
    last_event: Time | None
    lag_seconds: float | None
    typical_gap_seconds: float | None
    state: SourceState
    silent_since: Time | None


class Gap(msgspec.Struct, frozen=True):
    """A coverage gap of an organisation and source in a span of time."""

    tenant: str
    source: str
    start: Time = msgspec.field(name="from")
    end: Time = msgspec.field(name="to")
    text: str


class ProblemCount(msgspec.Struct, frozen=True):
    """Number of records unreadable for one reason, with an example."""

    code: str
    count: Count
    example: str


class OutboxValue(msgspec.Struct, frozen=True):
    """Numbers of alerts that wait, and that were given up."""

    waiting: Count
    failed: Count
    last_error: str | None


class IngestHealth(msgspec.Struct, frozen=True):
    """Ingest health. A silent source is an alarm, and so is an organisation with mostly `unjudged` records."""

    sources: list[SourceValue]
    gaps: list[Gap]
    problems: list[ProblemCount]
    notes: list[str]
    unjudged: list[str]
    outbox: OutboxValue


class ProblemValue(msgspec.Struct, frozen=True):
    """An unreadable record, with an excerpt in which secrets are masked."""

    at: Time
    source_file: str
    line: int
    code: str
    reason: str
    field: str
    excerpt: str


class Calibration(msgspec.Struct, frozen=True):
    """Expected and observed shares of groups at or below each p-value, pairwise."""

    expected: list[float]
    observed: list[float]
    days: Count
    groups: Count


class LedgerWeek(msgspec.Struct, frozen=True):
    """Outcomes of the incidents announced in a week. `week` is its Monday."""

    week: str
    announced: Count
    compromised: Count
    safe: Count
    expected: Count
    unanswered: Count


class DetectorDay(msgspec.Struct, frozen=True):
    """Counts of a scored day."""

    day: str
    events: Count
    accounts: Count
    raised: Count


class WeightValue(msgspec.Struct, frozen=True):
    """The weight of an aspect in an organisation, as adjusted by answers."""

    tenant: str
    aspect: str
    factor: float
    answers: Count


class DetectorValue(msgspec.Struct, frozen=True):
    """Quality of detection, by its own calibration and by the answers."""

    calibration: Calibration
    ledger: list[LedgerWeek]
    days: list[DetectorDay]
    weights: list[WeightValue]
    version: str


class WhatIf(msgspec.Struct, frozen=True):
    """The effect of another budget: incidents more and fewer than now. `per_day` null is the default by size."""

    per_day: float | None
    allowed: Count
    raised: Count
    more: list[IncidentRow]
    fewer: list[IncidentRow]


class NewBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Incidents a day for each organisation; null for the default by its size."""

    per_day: Annotated[float, Meta(ge=0, le=100_000)] | None


class NewThreshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The least score for raising, in log-odds; null for the default. The lowest value raises all that the budget allows."""

    least_score: Annotated[float, Meta(ge=-12, le=100)] | None


class ViewValue(msgspec.Struct, frozen=True):
    """A saved search."""

    name: str
    query: str


class Views(msgspec.Struct, frozen=True):
    """The visitor's saved searches."""

    items: list[ViewValue]


class NewView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a saved search, as in the console's URL."""

    query: Annotated[str, Meta(max_length=4000)]
