"""Rank incidents by organisation, and only those organisations for which something changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.feedback.indicator_hits import IndicatorHit
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import LEAST_SCORE
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS, BudgetRanking, rank_under_budget
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.pipeline.live.described_cases import DescribedCases
from seawall.storage.database import Transaction

Notes = Mapping[str, Sequence[CoverageNote]]
Hits = Mapping[str, tuple[IndicatorHit, ...]]
NO_HITS: Hits = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RankingSpan:
    """The inputs that all organisations share: first and last day with events, the budget, and the least score
    for raising. `mark` changes with answers.

    `imported_until` is the last day of the first import by organisation. `unranked` are organisations that are not ranked
    here, because their first import is ranked over its whole span.
    """

    first_day: int
    last_day: int
    budget: float | None
    mark: Hashable
    imported_until: tuple[tuple[str, int], ...] = ()
    unranked: frozenset[str] = frozenset()
    least_score: float | None = LEAST_SCORE


@dataclass(frozen=True, slots=True)
class RankingUpdate:
    """The ranking of the organisations that may have changed."""

    tenants: frozenset[str]
    ranking: BudgetRanking


class RecentCandidates:
    """Candidates of recent days by organisation, and the organisations that have changed."""

    def __init__(self) -> None:
        self._candidates: dict[str, dict[tuple[int, int], list[ScoredCandidate]]] = defaultdict(dict)
        self._holders: dict[tuple[int, int], frozenset[str]] = {}
        self._touched: set[str] = set()
        self._span: RankingSpan | None = None
        self._accounts: dict[str, int] = {}
        self._notes: Notes = {}
        self._hits: Hits = {}
        self._described = DescribedCases()

    def learn(self, day: int, shard: int, candidates: Iterable[ScoredCandidate]) -> None:
        """Replace the candidates of a day in a shard."""
        found: dict[str, list[ScoredCandidate]] = defaultdict(list)
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

    def touch(self, tenants: Iterable[str]) -> None:
        """Have organisations ranked that have incidents, and may have no candidates any more."""
        self._touched |= set(tenants)

    def forget(self, last_day: int) -> None:
        """Forget candidates of days that are too old to be needed."""
        for place in [place for place in self._holders if place[0] <= last_day - CANDIDATE_DAYS]:
            for tenant in self._holders.pop(place):
                del self._candidates[tenant][place]

    def rank_changes(
        self,
        span: RankingSpan,
        accounts: Mapping[str, int],
        notes: Iterable[CoverageNote],
        answers: Sequence[FeedbackAnswer],
        hits: Hits = NO_HITS,
    ) -> RankingUpdate:
        """Rank all organisations with changes, or every organisation if the span has changed.

        `hits` are what shows indicators, by organisation.
        """
        by_tenant: dict[str, list[CoverageNote]] = defaultdict(list)
        for note in notes:
            by_tenant[note.tenant].append(note)
        if span != self._span or by_tenant.get("") != self._notes.get(""):
            self._touched |= {*self._candidates, *hits, *self._hits}
        self._touched |= {name for name in {*hits, *self._hits} if hits.get(name) != self._hits.get(name)}
        both = by_tenant.keys() | self._notes.keys()
        self._touched |= {name for name in both if by_tenant.get(name) != self._notes.get(name)}
        self._touched |= {name for name, count in accounts.items() if self._accounts.get(name) != count}
        tenants = frozenset(self._touched) - span.unranked
        alike: dict[int | None, list[str]] = defaultdict(list)
        until = dict(span.imported_until)
        for tenant in sorted(tenants):
            alike[until.get(tenant)].append(tenant)
        ranking = _merge(
            rank_under_budget(
                [
                    one
                    for name in names
                    for _, own in sorted(self._candidates.get(name, {}).items())
                    for one in own
                ],
                notes=[note for name, own in by_tenant.items() if name in names or not name for note in own],
                accounts_by_tenant=accounts,
                first_day=span.first_day,
                last_day=span.last_day,
                budget=span.budget,
                answers=answers,
                imported_until=imported,
                least_score=span.least_score,
                hits=[hit for name in names for hit in hits.get(name, ())],
                describe=self._described.describe,
            )
            for imported, names in alike.items()
        )
        self._described.forget_unused(tenants)
        self._span, self._accounts, self._notes, self._touched = span, dict(accounts), dict(by_tenant), set()
        self._hits = dict(hits)
        return RankingUpdate(tenants, ranking)


def load_recent_candidates(
    work: Transaction, last_day: int, *, without: AbstractSet[int] = frozenset()
) -> RecentCandidates:
    """Return the stored candidates of the days up to the last one that are still needed, without those of some days.

    Raises `StateInvalid` for candidates of another version.
    """
    found = RecentCandidates()
    for day, shares in work.candidates.shares_since(last_day - CANDIDATE_DAYS + 1).items():
        for shard, contents in shares.items() if day not in without else ():
            found.learn(day, shard, [unpack_candidate(one) for one in contents])
    return found


def _merge(rankings: Iterable[BudgetRanking]) -> BudgetRanking:
    """Return the rankings of different organisations as one."""
    each = list(rankings)
    if len(each) == 1:
        return each[0]
    return BudgetRanking(
        tuple(sorted((one for ranking in each for one in ranking.incidents), key=_worst_first)),
        {tenant: score for ranking in each for tenant, score in ranking.thresholds.items()},
        {tenant: count for ranking in each for tenant, count in ranking.limits.items()},
        {tenant: count for ranking in each for tenant, count in ranking.spent.items()},
    )


def _worst_first(incident: Incident) -> tuple[float, int, str, str]:
    return -incident.score, incident.first_event, incident.tenant, incident.account
