"""Convert a scope for display: counted verdicts, touched accounts, and search steps with reasons. Pure.

The files contain everything. Hidden characters in texts are made visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from seawall.console.data.incident_values import Count, Time
from seawall.console.data.presentation import time_or_none, time_text
from seawall.report import scope_words as words
from seawall.report.scope_reasons import gravest_first, reasons
from seawall.response.scope_values import Indicator, Scope, ScopeSubject, SearchStep, SubjectKind, Verdict
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

MOST_TOUCHED: Final = 500
MOST_POSSIBLE: Final = 100
MOST_STEPS: Final = 300
MOST_REASONS: Final = 4
_LONGEST: Final = 2_000

SearchState = Literal["none", "running", "done", "failed"]


class VerdictCounts(msgspec.Struct, frozen=True):
    """Numbers of subjects of one kind by verdict."""

    kind: SubjectKind
    touched: Count
    possible: Count
    not_touched: Count


class ScopedSubject(msgspec.Struct, frozen=True, kw_only=True):
    """An account or mailbox that was or may have been touched. `read` says in words what was read."""

    kind: SubjectKind
    tenant: str
    name: str
    verdict: Verdict
    reasons: list[str]
    records: Count
    first: Time | None
    last: Time | None
    messages: Count
    read: str


class ScopedReason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason that keeps mailboxes possible, its remedy, how many it concerns, and how many it alone keeps possible."""

    what: str
    to_do: str
    kept: Count
    alone: Count


class ScopedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the search: what was found, what led to it, whether it was followed, and why."""

    round: Count
    kind: str
    value: str
    source: str
    is_followed: bool
    reason: str


class ScopedValue(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a search. `more_*` count entries that only the files contain."""

    start: Time
    end: Time
    warnings: list[str]
    is_bounded: bool
    counts: list[VerdictCounts]
    touched: list[ScopedSubject]
    more_touched: Count
    possible: list[ScopedSubject]
    more_possible: Count
    steps: list[ScopedStep]
    more_steps: Count
    messages: Count
    open_by: list[ScopedReason] = []


class ScopeSearch(msgspec.Struct, frozen=True, kw_only=True):
    """State of an incident's scope search. `why` is the error; `scope` is present once the search is done."""

    state: SearchState
    by: str = ""
    begun_at: Time | None = None
    why: str = ""
    scope: ScopedValue | None = None


def scoped_value(scope: Scope) -> ScopedValue:
    """Convert a scope to the console's value."""
    parts = [*scope.accounts, *scope.mailboxes]
    touched = [one for one in parts if one.verdict == "touched"]
    possible = [one for one in parts if one.verdict == "possible"]
    touched.sort(key=lambda one: (-one.messages, -one.record_count, one.kind, one.tenant, one.name))
    return ScopedValue(
        start=time_text(scope.start),
        end=time_text(scope.end),
        warnings=words.warnings(scope),
        is_bounded=scope.is_bounded,
        counts=[
            _counts("account", scope.accounts),
            _counts("mailbox", scope.mailboxes),
            _counts("organisation", scope.organisations),
        ],
        touched=[_subject(one) for one in touched[:MOST_TOUCHED]],
        more_touched=max(len(touched) - MOST_TOUCHED, 0),
        possible=[_subject(one) for one in gravest_first(possible)[:MOST_POSSIBLE]],
        more_possible=max(len(possible) - MOST_POSSIBLE, 0),
        steps=[_step(one) for one in scope.steps[:MOST_STEPS]],
        more_steps=max(len(scope.steps) - MOST_STEPS, 0),
        messages=len(scope.messages),
        open_by=[
            ScopedReason(what=_text(one.what), to_do=_text(one.to_do), kept=one.kept, alone=one.alone)
            for one in reasons(scope.mailboxes or scope.accounts, scope)
        ],
    )


def _counts(kind: SubjectKind, parts: Sequence[ScopeSubject]) -> VerdictCounts:
    shares = words.shares(parts)
    return VerdictCounts(kind, shares["touched"][0], shares["possible"][0], shares["not_touched"][0])


def _subject(one: ScopeSubject) -> ScopedSubject:
    return ScopedSubject(
        kind=one.kind,
        tenant=_text(one.tenant),
        name=_text(one.name),
        verdict=one.verdict,
        reasons=[_text(reason) for reason in one.reasons[:MOST_REASONS]],
        records=one.record_count,
        first=time_or_none(one.first),
        last=time_or_none(one.last),
        messages=one.messages,
        read=_text(_read(one)),
    )


def _read(one: ScopeSubject) -> str:
    """Return in words what was read, and for possible subjects the maximum if known."""
    if one.kind != "mailbox":
        return ""
    if one.at_most is None:
        return words.read(one)
    return f"{plural(one.at_most, 'message')} at most, if it was touched"


def _step(one: SearchStep) -> ScopedStep:
    return ScopedStep(
        round=one.round,
        kind=one.indicator.kind.replace("_", " "),
        value=_text(one.indicator.value),
        source="" if one.source is None else _text(_name(one.source)),
        is_followed=one.is_followed,
        reason=_text(one.reason),
    )


def _name(one: Indicator) -> str:
    return f"{one.kind.replace('_', ' ')} {one.value}"


def _text(value: str) -> str:
    return visible(value, _LONGEST)
