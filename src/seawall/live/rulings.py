"""What is raised, organisation by organisation: only those are ruled on again for which something changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from seawall.incidents.candidates import Candidate
from seawall.live.ruling import CANDIDATE_DAYS, Ruling, rule
from seawall.schema.answers import Answered
from seawall.schema.coverage import CoverageNote

Notes = Mapping[str, Sequence[CoverageNote]]


@dataclass(frozen=True, slots=True)
class Span:
    """What all rulings depend on: the first and the last day with events, and the budget. `mark` changes with answers."""

    first_day: int
    last_day: int
    budget: float | None
    mark: Hashable


@dataclass(frozen=True, slots=True)
class Ruled:
    """The ruling on those organisations for which it may have changed."""

    tenants: frozenset[str]
    ruling: Ruling


class Rulings:
    """The candidates of the last days by organisation, and for which of these something changed."""

    def __init__(self) -> None:
        self._candidates: dict[str, dict[tuple[int, int], list[Candidate]]] = defaultdict(dict)
        self._holders: dict[tuple[int, int], frozenset[str]] = {}
        self._touched: set[str] = set()
        self._span: Span | None = None
        self._accounts: dict[str, int] = {}
        self._notes: Notes = {}

    def learn(self, day: int, shard: int, candidates: Iterable[Candidate]) -> None:
        """Know the candidates of a day in a shard, in place of earlier ones."""
        found: dict[str, list[Candidate]] = defaultdict(list)
        for one in candidates:
            found[one.tenant].append(one)
        place = day, shard
        before = self._holders.get(place, frozenset())
        for tenant in before - found.keys():
            del self._candidates[tenant][place]
        for tenant, own in found.items():
            self._candidates[tenant][place] = own
        self._holders[place] = frozenset(found)
        self._touched |= before | found.keys()

    def forget(self, last_day: int) -> None:
        """Forget what is too old to be asked for."""
        for place in [place for place in self._holders if place[0] <= last_day - CANDIDATE_DAYS]:
            for tenant in self._holders.pop(place):
                del self._candidates[tenant][place]

    def rule(
        self,
        span: Span,
        accounts: Mapping[str, int],
        notes: Iterable[CoverageNote],
        answers: Sequence[Answered],
    ) -> Ruled:
        """Rule on all organisations for which something changed; on all of them when the span is another one."""
        by_tenant: dict[str, list[CoverageNote]] = defaultdict(list)
        for note in notes:
            by_tenant[note.tenant].append(note)
        if span != self._span or by_tenant.get("") != self._notes.get(""):
            self._touched |= self._candidates.keys()
        both = by_tenant.keys() | self._notes.keys()
        self._touched |= {name for name in both if by_tenant.get(name) != self._notes.get(name)}
        self._touched |= {name for name, count in accounts.items() if self._accounts.get(name) != count}
        tenants = frozenset(self._touched)
        ruling = rule(
            [
                one
                for tenant in sorted(tenants)
                for _, own in sorted(self._candidates.get(tenant, {}).items())
                for one in own
            ],
            notes=[note for name, own in by_tenant.items() if name in tenants or not name for note in own],
            accounts_by_tenant=accounts,
            first_day=span.first_day,
            last_day=span.last_day,
            budget=span.budget,
            answers=answers,
        )
        self._span, self._accounts, self._notes, self._touched = span, dict(accounts), dict(by_tenant), set()
        return Ruled(tenants, ruling)
