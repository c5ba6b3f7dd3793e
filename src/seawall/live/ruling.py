"""What is raised just now: candidates of the last weeks, answers and the budget give incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.incidents.answers.applying import apply
from seawall.incidents.candidates import Candidate
from seawall.incidents.decision import decide
from seawall.schema.answers import Answered
from seawall.schema.coverage import CoverageNote
from seawall.schema.incidents import Incident
from seawall.settings import INCIDENT_WINDOW_DAYS

RULED_DAYS = 30
"""Days back over which the budget is spent; a scan spends it over its whole span."""

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


def rule(
    candidates: Iterable[Candidate],
    *,
    notes: Sequence[CoverageNote],
    accounts_by_tenant: Mapping[str, int],
    first_day: int,
    last_day: int,
    budget: float | None,
    answers: Sequence[Answered] = (),
) -> Ruling:
    """Return what is raised after the last scored day.

    `candidates` of the last 44 days; older ones are not looked at. `first_day` is the first day with events, ever, and
    `last_day` the last, in days since the epoch; `accounts_by_tenant` counts active accounts. Of a span of at most 30
    days the incidents are those of a scan of the same events, when nobody has answered.
    """
    window = [one for one in candidates if last_day - CANDIDATE_DAYS < one.day <= last_day]
    if answers:
        window = apply(window, answers, (last_day + 1) * DAY)
    days = min(last_day - first_day + 1, RULED_DAYS)
    decision = decide(window, notes, accounts_by_tenant, days, budget, since=last_day - RULED_DAYS + 1)
    return Ruling(decision.incidents, decision.thresholds, decision.limits, decision.spent)
