"""Hold the input of a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.events.problem import Problem


@dataclass(frozen=True, slots=True)
class ReportedBudget:
    """Hold the alert budget of the report's period.

    `allowed` is the number of incidents that it allows in the period over all organisations, None if unknown. `per_day` is
    incidents a day for each organisation, None for the default by size. `least_score` is the least score for raising, None
    without one.
    """

    allowed: int | None = None
    per_day: float | None = None
    least_score: float | None = None


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Hold everything that the page shows. `incidents` are in reading order; `period` is (first, last) event time.

    `campaigns` is None if they were not searched. With `nothing_read`, there is nothing to report on.
    """

    incidents: tuple[Incident, ...]
    coverage: tuple[CoverageNote, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_counts: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)
    budget: ReportedBudget = ReportedBudget()
    period: tuple[int, int] | None = None
    campaigns: tuple[Campaign, ...] | None = None
    nothing_read: bool = False

    @property
    def raised_incidents(self) -> tuple[Incident, ...]:
        """Return the incidents within the alert budget."""
        return tuple(incident for incident in self.incidents if incident.raised)

    @property
    def candidates(self) -> tuple[Incident, ...]:
        """Return the incidents below the alert budget."""
        return tuple(incident for incident in self.incidents if not incident.raised)
