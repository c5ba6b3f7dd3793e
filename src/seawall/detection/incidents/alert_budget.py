"""What is raised: candidates become cases, the budget lets the worst through, and all of them become incidents. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.cases import group, incident_limit, select_within_budget
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.candidates import ScoredCandidate

SLACK = 1e-6
"""Scores closer than this are equal: sums of the same parts in another order differ in the last digits."""

LEAST_SCORE = -12.0
"""Cases below these log-odds are not shown at all: nothing in them was new."""

ABOUT_FILES = frozenset({"truncated", "not-judged"})
"""Notes that speak of a file are no part of an incident: how records are spread over files changes none."""


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """Incidents, worst first; per organisation the score from which it raises, how many it may raise and raised.

    An organisation in which nothing is raised has no threshold. `days` are the days of the incidents' strongest groups, by id.
    """

    incidents: tuple[Incident, ...]
    thresholds: Mapping[str, float]
    limits: Mapping[str, int]
    spent: Mapping[str, int]
    days: Mapping[str, int]


def decide(
    candidates: Iterable[ScoredCandidate],
    notes: Sequence[CoverageNote],
    accounts: Mapping[str, int],
    days: int,
    budget: float | None,
    *,
    since: int | None = None,
) -> BudgetDecision:
    """Let the budget choose among the cases of candidates; one that was asked for is spent to the last.

    `accounts` counts each organisation's active accounts, `days` those that the budget is for. `since` leaves out
    cases whose strongest group is of an earlier day. The threshold of an organisation is what the weakest group that
    opened an incident scored.
    """
    cases = [case for case in group(candidates) if case.score >= LEAST_SCORE]
    if since is not None:
        cases = [case for case in cases if case.top.day >= since]
    notes = [note for note in notes if note.code not in ABOUT_FILES]
    tenants = sorted({case.top.tenant for case in cases})
    limits = {tenant: incident_limit(budget, accounts.get(tenant, 0), days) for tenant in tenants}
    chosen = select_within_budget(cases, limits, LEAST_SCORE, sparing=budget is None)
    thresholds: dict[str, float] = {}
    spent = dict.fromkeys(tenants, 0)
    for case in cases:
        if case.id in chosen:
            tenant, reached = case.top.tenant, case.top.score - SLACK
            thresholds[tenant] = min(reached, thresholds.get(tenant, reached))
            spent[tenant] += 1
    incidents = tuple(
        incident(
            case,
            notes,
            raised=case.id in chosen,
            threshold=thresholds.get(case.top.tenant, math.inf),
        )
        for case in cases
    )
    return BudgetDecision(incidents, thresholds, limits, spent, {case.id: case.top.day for case in cases})
