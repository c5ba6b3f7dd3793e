"""What is raised just now: candidates of the last weeks, answers and the budget give incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback_values import Answered
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import decide
from seawall.detection.incidents.cases import INCIDENT_WINDOW_DAYS
from seawall.detection.ranking.candidates import ScoredCandidate

RULED_DAYS = 30
"""Days of the live window, over which the budget is spent; a scan and a first import spend it over their whole span."""

CANDIDATE_DAYS = RULED_DAYS + INCIDENT_WINDOW_DAYS
"""Days back of which candidates are needed: a case joins an account's groups over the window."""

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the budget lets through. `incidents` are those whose strongest group is of the last 30 days, worst first.

    Per organisation: `thresholds`, the score from which it raises (none where nothing is raised), `limits`, how many
    incidents the budget allows over the span, and `spent`, how many it raised.
    """

    incidents: tuple[Incident, ...]
    thresholds: Mapping[str, float]
    limits: Mapping[str, int]
    spent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """The days that are judged again with every scoring. Days count from the epoch.

    The budget is spent from `since` on, over `days` days. Candidates from `candidates_from` on are needed, because a case joins
    those of several days.
    """

    since: int
    days: int
    candidates_from: int


def live_window(first_day: int, last_day: int, imported_until: int | None = None) -> LiveWindow:
    """Return the live window of an organisation: the last 30 days, none of them of its first import."""
    earliest = first_day if imported_until is None else max(imported_until + 1, first_day)
    days = min(max(last_day - earliest + 1, 0), RULED_DAYS)
    since = last_day - RULED_DAYS + 1
    candidates_from = last_day - CANDIDATE_DAYS + 1
    if imported_until is not None:
        since, candidates_from = max(since, imported_until + 1), max(candidates_from, imported_until + 1)
    return LiveWindow(since, days, candidates_from)


def rule(
    candidates: Iterable[ScoredCandidate],
    *,
    notes: Sequence[CoverageNote],
    accounts_by_tenant: Mapping[str, int],
    first_day: int,
    last_day: int,
    budget: float | None,
    answers: Sequence[Answered] = (),
    imported_until: int | None = None,
) -> Ruling:
    """Return what is raised after the last scored day.

    `candidates` of the last 44 days; older ones are not looked at. `first_day` is the first day with events, ever, and
    `last_day` the last, in days since the epoch; `accounts_by_tenant` counts active accounts. Of a span of at most 30
    days the incidents are those of a scan of the same events, when nobody has answered. `imported_until` is the last day of
    a first import that was judged over its whole span: its candidates and its days are left out, so that history takes
    nothing off the budget of what is new.
    """
    window = live_window(first_day, last_day, imported_until)
    found = [one for one in candidates if window.candidates_from <= one.day <= last_day]
    if answers:
        found = apply_feedback(found, answers, (last_day + 1) * DAY)
    decision = decide(found, notes, accounts_by_tenant, window.days, budget, since=window.since)
    return Ruling(decision.incidents, decision.thresholds, decision.limits, decision.spent)
