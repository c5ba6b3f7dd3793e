"""What a report is made from: values of the schema, gathered once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.events.problem import Problem


@dataclass(frozen=True, slots=True)
class ReportedBudget:
    """What the operator was willing to read, and what of it was used.

    `allowed` is the number of incidents that the whole period allows over all organisations, None when the
    caller does not know it; `per_day` is incidents a day for each organisation, None for the default by size.
    """

    allowed: int | None = None
    per_day: float | None = None


@dataclass(frozen=True, slots=True)
class ReportInput:
    """All that the page shows. `incidents` come worst first; `period` is (first, last) event time."""

    incidents: tuple[Incident, ...]
    coverage: tuple[CoverageNote, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_counts: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)
    budget: ReportedBudget = ReportedBudget()
    period: tuple[int, int] | None = None

    @property
    def raised_incidents(self) -> tuple[Incident, ...]:
        """The incidents that the budget let through."""
        return tuple(incident for incident in self.incidents if incident.raised)

    @property
    def candidates(self) -> tuple[Incident, ...]:
        """The incidents below the budget."""
        return tuple(incident for incident in self.incidents if not incident.raised)


def in_order(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """The reading order: what was raised first, then the candidates, each as given (worst first).

    A rank is a place in this order, on the page, in the terminal and for `explain`. Budgets are kept per
    organisation and day, so a candidate can outscore an incident raised elsewhere and the scores alone do not
    give it.
    """
    return tuple(sorted(incidents, key=lambda incident: not incident.raised))
