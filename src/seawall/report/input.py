"""What a report is made from: values of the schema, gathered once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seawall.errors import UsageError
from seawall.schema.coverage import CoverageNote
from seawall.schema.incidents import Incident
from seawall.schema.problems import Problem


@dataclass(frozen=True, slots=True)
class Budget:
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
    budget: Budget = Budget()
    period: tuple[int, int] | None = None

    @property
    def raised(self) -> tuple[Incident, ...]:
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


def find(ids: Sequence[str], wanted: str) -> int:
    """Return the rank of an incident given as id, unique start of one, or rank. Raises UsageError.

    `ids` are in reading order; the first has rank 1.
    """
    if wanted in ids:
        return ids.index(wanted) + 1
    if _is_rank(wanted, len(ids)):
        return int(wanted)
    ranks = [rank for rank, known in enumerate(ids, start=1) if wanted and known.startswith(wanted)]
    if not ranks:
        fix = "take an id or a rank from the report or from incidents.jsonl"
        raise UsageError(f"no incident {wanted!r} among {len(ids):,}", fix=fix)
    if len(ranks) > 1:
        examples = ", ".join(ids[rank - 1] for rank in ranks[:3])
        raise UsageError(
            f"{wanted!r} starts {len(ranks):,} ids, such as {examples}", fix="give more of the id"
        )
    return ranks[0]


def _is_rank(wanted: str, count: int) -> bool:
    return wanted.isascii() and wanted.isdigit() and len(wanted) < 10 and 1 <= int(wanted) <= count
