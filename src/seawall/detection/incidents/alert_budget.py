"""Decide which incidents are raised: group candidates into cases, and raise the highest within budget and threshold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import AttackLink, Incident
from seawall.detection.incidents.attacks import AttackMembership, find_attacks
from seawall.detection.incidents.cases import EXCUSED, Candidate, IncidentCase, group, is_raised_anyway
from seawall.detection.incidents.explain import NO_ATTACK, NamedAttack, complete_incident, describe_case
from seawall.detection.ranking.chance import load_chance
from seawall_base.operating_system import give_back_free_memory

BUDGET_PER_THOUSAND = 2.0
"""Default alert budget: incidents a day for each 1,000 active accounts."""

BUDGET_FLOOR_PER_DAY = 1.0 / 7.0
"""Smallest default budget, in incidents a day: an organisation of ten mailboxes still sees its highest case once a week."""

REFUSED_SHARE = 4
"""Incidents of attempts that gained nothing may be raised for each this many of the budget, in addition, and at least one."""

BESIDE_SHARE = 4
LEAST_BESIDE = 3
"""Incidents may be raised for an indicator alone, in addition: one for each so many of the budget, but at least three."""

SLACK = 1e-6
"""Scores closer than this are equal: the order of summation changes the last digits."""

LEAST_SCORE = -12.0
"""Cases below these log-odds are dropped, because they contain nothing new. As the least score for raising, it raises all
that the budget allows.
"""

_OFTEN = 2_048
"""Cases after which the memory of freed candidates goes back to the system: arrays and incidents do not share it."""

ABOUT_FILES = frozenset({"truncated", "not-judged"})
"""Coverage notes about files. Incidents omit them, because the distribution of records over files must not change an incident."""


@dataclass(frozen=True, slots=True)
class RaisingThreshold:
    """The least score for raising, in log-odds, and the organisations to which it does not apply. By default there is none."""

    score: float = LEAST_SCORE
    spared: frozenset[str] = frozenset()

    def least_score(self, top: Candidate) -> float:
        """Return the least score of a case, by its strongest group. There is none for attempts that gained nothing."""
        return LEAST_SCORE if top.is_refused or top.tenant in self.spared else self.score

    def holds_for(self, tenants: Iterable[str]) -> float | None:
        """Return the score if it holds for at least one of these organisations, else None."""
        return self.score if self.score > LEAST_SCORE and not self.spared.issuperset(tenants) else None


NO_THRESHOLD = RaisingThreshold()


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """Hold the incidents, highest first; and by organisation the raising threshold, the limit and the number raised.

    An organisation without raised incidents has no threshold. Incidents of attempts that gained nothing are not counted here.
    `days` is the day of each incident's strongest group, by incident id. `threshold` is the one that was applied.
    """

    incidents: tuple[Incident, ...]
    thresholds: Mapping[str, float]
    limits: Mapping[str, int]
    spent: Mapping[str, int]
    days: Mapping[str, int]
    threshold: RaisingThreshold = NO_THRESHOLD


@dataclass(frozen=True, slots=True)
class RankedCases:
    """Hold n cases, the highest first, with the attack of each, and the ids of those that are `chosen` for raising.

    Of the chosen, those `beside` the budget are raised for an indicator alone.
    `limits`, `thresholds` and `spent` are as in `BudgetDecision`; `refused` are the thresholds of attempts that gained nothing.
    """

    cases: list[IncidentCase]
    attacks: list[AttackMembership | None]
    chosen: frozenset[str]
    limits: Mapping[str, int]
    thresholds: Mapping[str, float]
    refused: Mapping[str, float]
    spent: Mapping[str, int]
    threshold: RaisingThreshold
    beside: frozenset[str] = frozenset()

    def threshold_of(self, case: IncidentCase) -> float:
        """Return the score at which incidents like this one are raised, infinity if none is."""
        return (self.refused if case.top.is_refused else self.thresholds).get(case.top.tenant, math.inf)


def rank_cases(
    candidates: Iterable[Candidate],
    accounts: Mapping[str, int],
    days: int,
    budget: float | None,
    *,
    since: int | None = None,
    least_score: float | None = LEAST_SCORE,
) -> RankedCases:
    """Group candidates into cases, and choose those that the budget raises; see `decide`. No candidate is described."""
    cases = [case for case in group(candidates) if case.score >= LEAST_SCORE]
    if since is not None:
        cases = [case for case in cases if case.top.day >= since]
    tenants = sorted({case.top.tenant for case in cases})
    limits = {tenant: compute_incident_limit(budget, accounts.get(tenant, 0), days) for tenant in tenants}
    threshold = find_threshold(least_score, accounts, budget)
    attacks = find_case_attacks(cases)
    chosen = select_within_budget(
        cases, limits, LEAST_SCORE, sparing=budget is None, threshold=threshold, attacks=attacks
    )
    beside = select_beside_budget(cases, chosen, limits)
    thresholds: dict[str, float] = {}
    refused: dict[str, float] = {}
    spent = dict.fromkeys(tenants, 0)
    opened = set[int]()
    for case, attack in zip(cases, attacks, strict=True):
        if case.id not in chosen or (attack is not None and attack.lead in opened):
            continue  # members that their attack raises say nothing about the threshold
        if attack is not None:
            opened.add(attack.lead)
        tenant, reached = case.top.tenant, case.top.score - SLACK
        least = refused if case.top.is_refused else thresholds
        least[tenant] = min(reached, least.get(tenant, reached))
        spent[tenant] += not case.top.is_refused
    all_chosen = frozenset(chosen) | beside
    return RankedCases(cases, attacks, all_chosen, limits, thresholds, refused, spent, threshold, beside)


def decide(
    candidates: Iterable[Candidate],
    notes: Sequence[CoverageNote],
    accounts: Mapping[str, int],
    days: int,
    budget: float | None,
    *,
    since: int | None = None,
    least_score: float | None = LEAST_SCORE,
    describe: Callable[[IncidentCase], Incident] = describe_case,
) -> BudgetDecision:
    """Group candidates into cases, and choose those that the budget raises. A budget that the user sets is spent completely,
    but never on a case below a `least_score` that was asked for, in log-odds; None is the one that ships (`find_threshold`).

    `accounts` counts each organisation's active accounts, `days` the days that the budget covers. With `since`, cases whose
    strongest group is of an earlier day are dropped. An organisation's threshold is the score of the weakest group that
    opened a raised incident. `describe` may remember what `describe_case` returned for the same case.
    """
    ranked = rank_cases(candidates, accounts, days, budget, since=since, least_score=least_score)
    cases = ranked.cases
    notes_of = _sort_by_tenant(notes, sorted(ranked.limits))
    days_of = {case.id: case.top.day for case in cases}
    named = name_attacks(cases, ranked.attacks)

    def complete(case: IncidentCase) -> Incident:
        case = case.describe()
        return complete_incident(
            describe(case),
            case,
            notes_of[case.top.tenant],
            raised=case.id in ranked.chosen,
            threshold=ranked.threshold_of(case),
            attack=named.get(case.id, NO_ATTACK),
            is_beside=case.id in ranked.beside,
        )

    incidents = tuple(_complete_by_day(cases, complete))
    return BudgetDecision(
        incidents, ranked.thresholds, ranked.limits, ranked.spent, days_of, ranked.threshold
    )


def _complete_by_day(
    cases: list[IncidentCase], complete: Callable[[IncidentCase], Incident]
) -> list[Incident]:
    """Return the incidents of cases, and empty the list. Each day's candidates are freed when its last case is complete."""
    left = sorted(enumerate(cases), key=lambda item: max(one.day for one in item[1].candidates))
    cases.clear()
    found = []
    while left:
        place, case = left.pop()
        found.append((place, complete(case)))
        if len(found) % _OFTEN == 0:
            give_back_free_memory()
    found.sort(key=itemgetter(0))
    return [incident for _, incident in found]


def _sort_by_tenant(
    notes: Iterable[CoverageNote], tenants: Sequence[str]
) -> Mapping[str, Sequence[CoverageNote]]:
    """Return for each tenant the notes that its incidents may tell; those without a tenant belong to all."""
    found: dict[str, list[CoverageNote]] = {tenant: [] for tenant in tenants}
    for note in notes:
        if note.code not in ABOUT_FILES:
            for tenant in (note.tenant,) if note.tenant else tenants:
                if tenant in found:
                    found[tenant].append(note)
    return found


def compute_incident_limit(budget: float | None, active_accounts: int, days: int) -> int:
    """Return how many incidents of one organisation may be raised in `days` days.

    The default budget grows with the active accounts. A positive budget gives at least one.
    """
    per_day = (
        budget
        if budget is not None
        else max(BUDGET_PER_THOUSAND * active_accounts / 1000, BUDGET_FLOOR_PER_DAY)
    )
    return max(math.floor(per_day * days + 1e-9), 1 if per_day > 0 else 0)


def resolve_least_score(asked: float | None) -> float:
    """Return the least score for raising: the one that was asked for, else the one that ships beside the ranker, if any."""
    shipped = load_chance().raised_from if asked is None else asked
    return LEAST_SCORE if shipped is None else max(shipped, LEAST_SCORE)


def find_threshold(
    asked: float | None, accounts: Mapping[str, int], budget: float | None
) -> RaisingThreshold:
    """Return the threshold for raising: a score that was asked for applies to all organisations, else the one that ships.

    That one belongs to the default budget: a budget that the user sets is spent completely. It spares organisations whose
    default budget is its floor, so that ten mailboxes still see their highest case once a week. `accounts` counts each
    organisation's active accounts.
    """
    score = resolve_least_score(asked)
    if asked is not None:
        return RaisingThreshold(score)
    if budget is not None:
        return RaisingThreshold()
    most = BUDGET_FLOOR_PER_DAY * 1000 / BUDGET_PER_THOUSAND
    return RaisingThreshold(score, frozenset(name for name, active in accounts.items() if active <= most))


def compute_refused_limit(limit: int) -> int:
    """Return how many incidents of attempts that gained nothing may be raised, beside `limit` others.

    They have an allowance of their own, so that a flood of attempts takes no place from an intrusion.
    """
    return max(limit // REFUSED_SHARE, min(limit, 1))


def compute_beside_limit(limit: int) -> int:
    """Return how many incidents may be raised for an indicator alone, beside `limit` others; none without a budget.

    A list of indicators that is wrong, or written by an intruder, cannot drown what detection found.
    """
    return max(limit // BESIDE_SHARE, LEAST_BESIDE) if limit else 0


def select_beside_budget(
    cases: Sequence[IncidentCase], chosen: Collection[str], limits: Mapping[str, int]
) -> frozenset[str]:
    """Return the ids of cases, the highest first, that show an indicator which may raise them, and that are not `chosen`.

    A case that answers excuse is left out.
    """
    used: dict[str, int] = defaultdict(int)
    found = set()
    for case in cases:
        changes = [change for one in case.candidates for change in one.adjustments]
        own = sum(change.weight for change in case.top.adjustments if not change.is_beside)
        if case.id in chosen or own < EXCUSED or not any(change.is_beside for change in changes):
            continue
        if used[case.top.tenant] < compute_beside_limit(limits.get(case.top.tenant, 0)):
            used[case.top.tenant] += 1
            found.add(case.id)
    return frozenset(found)


def select_within_budget(
    cases: Sequence[IncidentCase],
    limits: Mapping[str, int],
    floor: float,
    *,
    sparing: bool = False,
    threshold: RaisingThreshold = NO_THRESHOLD,
    attacks: Sequence[AttackMembership | None] | None = None,
) -> set[str]:
    """Return the ids of each tenant's highest cases within its budget, and from `floor` and the threshold on.

    `attacks` are those of the cases (`find_attacks`); an attack takes one place of the budget for all its members.

    With `sparing`, budget is left over rather than spent on a case whose reasons sum to less than zero. A case that answers
    excuse is never raised to fill a budget. A return after containment is raised in addition to the budget, and whatever
    the threshold. A few cases of attempts that gained nothing are raised in addition too (`compute_refused_limit`).
    """
    places = BudgetPlaces(limits)
    chosen = set()
    for case, attack in zip(cases, attacks or [None] * len(cases), strict=True):
        if is_raised_anyway(case.top):
            if case.score >= floor:
                chosen.add(case.id)
            continue
        from_score = max(floor, threshold.least_score(case.top))
        is_excused = sum(change.weight for change in case.top.adjustments) < EXCUSED
        least = max(from_score, case.top.base) if sparing or is_excused else from_score
        if places.give(case.top, case.score, least, None if is_excused else attack):
            chosen.add(case.id)
    return chosen


class BudgetPlaces:
    """Give the places of each organisation's budget to cases, the highest first. `limits` are the places by organisation."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._used: dict[tuple[str, bool], int] = defaultdict(int)
        self._opened = set[int]()

    def give(self, top: Candidate, score: float, least: float, attack: AttackMembership | None) -> bool:
        """Return whether a case is raised: from `least` on, and with evidence, if its attack has a place or one is left."""
        if attack is not None and attack.lead in self._opened and score >= max(least, top.base):
            return True
        limit = self._limits.get(top.tenant, 0)
        limit = compute_refused_limit(limit) if top.is_refused else limit
        if score < least or self._used[top.tenant, top.is_refused] >= limit:
            return False
        self._used[top.tenant, top.is_refused] += 1
        if attack is not None:
            self._opened.add(attack.lead)
        return True


def find_case_attacks(cases: Sequence[IncidentCase]) -> list[AttackMembership | None]:
    """Return the attack of each case; the cases are ordered, the highest first. A return after containment belongs to none."""
    stories = [() if is_raised_anyway(case.top) else case.candidates for case in cases]
    return find_attacks(stories, [case.score for case in cases])


def name_attacks(
    cases: Sequence[IncidentCase], attacks: Sequence[AttackMembership | None]
) -> dict[str, NamedAttack]:
    """Return the attacks of cases by case id, with ids and accounts instead of places."""
    return {
        case.id: NamedAttack(
            cases[attack.lead].id,
            tuple(
                AttackLink(cases[tie.other].id, cases[tie.other].top.account, tie.kind, tie.name)
                for tie in attack.ties
            ),
        )
        for case, attack in zip(cases, attacks, strict=True)
        if attack is not None
    }
