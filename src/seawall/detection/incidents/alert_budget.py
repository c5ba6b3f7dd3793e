"""Decide which incidents are raised: group candidates into cases, and raise the highest within the alert budget."""

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
"""Scores closer than this are equal: the order of summation changes the last digits."""

LEAST_SCORE = -12.0
"""Cases below these log-odds are dropped, because they contain nothing new."""

ABOUT_FILES = frozenset({"truncated", "not-judged"})
"""Coverage notes about files. Incidents omit them, because the distribution of records over files must not change an incident."""


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """Hold the incidents, highest first; and by organisation the raising threshold, the limit and the number raised.

    An organisation without raised incidents has no threshold. `days` is the day of each incident's strongest group, by
    incident id.
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
    """Group candidates into cases, and choose those that the budget raises. A budget that the user sets is spent completely.

    `accounts` counts each organisation's active accounts, `days` the days that the budget covers. With `since`, cases whose
    strongest group is of an earlier day are dropped. An organisation's threshold is the score of the weakest group that
    opened a raised incident.
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
