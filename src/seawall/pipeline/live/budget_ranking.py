"""Decide which incidents to raise now, from recent candidates, answers and the budget. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback.indicator_hits import IndicatorHit, apply_hits
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import LEAST_SCORE, decide
from seawall.detection.incidents.cases import INCIDENT_WINDOW_DAYS, IncidentCase
from seawall.detection.incidents.explain import describe_case
from seawall.detection.ranking.candidates import ScoredCandidate

RANKED_DAYS = 30
"""Days of the live window that share a budget; a scan and a first import use their whole span."""

CANDIDATE_DAYS = RANKED_DAYS + INCIDENT_WINDOW_DAYS
"""Days back for which candidates are needed: a case joins an account's groups over several days."""

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class BudgetRanking:
    """The incidents under a budget. `incidents` are those whose strongest group is in the live window, highest score first.

    By organisation: `thresholds` is the least raised score (missing if nothing is raised), `limits` is the number of
    incidents within the budget, and `spent` the number raised.
    """

    incidents: tuple[Incident, ...]
    thresholds: Mapping[str, float]
    limits: Mapping[str, int]
    spent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """The days that every scoring ranks again. Days are days since 1970.

    The budget applies to `days` days from `since` on. Candidates are needed from `candidates_from` on, because a case joins
    groups of several days.
    """

    since: int
    days: int
    candidates_from: int


def live_window(first_day: int, last_day: int, imported_until: int | None = None) -> LiveWindow:
    """Return the live window of an organisation: the last 30 days, without days of its first import."""
    earliest = first_day if imported_until is None else max(imported_until + 1, first_day)
    days = min(max(last_day - earliest + 1, 0), RANKED_DAYS)
    since = last_day - RANKED_DAYS + 1
    candidates_from = last_day - CANDIDATE_DAYS + 1
    if imported_until is not None:
        since, candidates_from = max(since, imported_until + 1), max(candidates_from, imported_until + 1)
    return LiveWindow(since, days, candidates_from)


def rank_under_budget(
    candidates: Iterable[ScoredCandidate],
    *,
    notes: Sequence[CoverageNote],
    accounts_by_tenant: Mapping[str, int],
    first_day: int,
    last_day: int,
    budget: float | None,
    answers: Sequence[FeedbackAnswer] = (),
    imported_until: int | None = None,
    least_score: float | None = LEAST_SCORE,
    hits: Iterable[IndicatorHit] = (),
    describe: Callable[[IncidentCase], Incident] = describe_case,
) -> BudgetRanking:
    """Return which incidents are raised after the last scored day.

    `candidates` are those of the last 44 days; older ones are ignored. `first_day` and `last_day` are the first and last
    day with events, in days since 1970. `accounts_by_tenant` counts active accounts. For a span of at most 30 days without
    answers, the incidents are those of a scan of the same events. `imported_until` is the last day of a first import that
    was ranked over its whole span. Its days and candidates are left out, so that history uses none of the present budget.
    `least_score` and `describe` are those of `decide`. `hits` are what shows indicators.
    """
    window = live_window(first_day, last_day, imported_until)
    found = [one for one in candidates if window.candidates_from <= one.day <= last_day]
    if answers:
        found = apply_feedback(found, answers, (last_day + 1) * DAY)
    recent = [one for one in hits if window.candidates_from <= one.day <= last_day]
    decision = decide(
        apply_hits(found, recent),
        notes,
        accounts_by_tenant,
        window.days,
        budget,
        since=window.since,
        least_score=least_score,
        describe=describe,
    )
    return BudgetRanking(decision.incidents, decision.thresholds, decision.limits, decision.spent)
