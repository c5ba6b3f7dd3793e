"""Group candidates of one account within a window into cases, with the groups that follow from them."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from seawall.detection.feedback_values import INDICATOR_ASPECT
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.ranking.open_indicators import OPEN_DAYS

INCIDENT_WINDOW_DAYS = OPEN_DAYS
"""Days before and after the strongest group within which an account's groups join its incident."""

STRONG = 2.0
"""A later group joins the incident's story if its score is within this many log-odds of the strongest."""

SHARED_BY = 8
"""A network shared by more accounts than this does not relate their cases."""

EXCUSED = -1.0
"""If answers lower a group's score by more than this, they explain it, and do not merely weigh it."""


Candidate = ScoredCandidate | KeptCandidate


@dataclass(frozen=True, slots=True)
class IncidentCase:
    """Hold one account's candidates within the window, the strongest first. `related` are the accounts of related cases.

    `granted_by` are the accounts of higher cases that gave this one a role within the window.
    Groups that only follow from the others come last, in order of time.
    Of described candidates only the strongest is sure to hold features and facts.
    """

    candidates: tuple[Candidate, ...]
    score: float
    related: tuple[str, ...] = ()
    family: str = ""
    granted_by: tuple[str, ...] = ()

    @property
    def top(self) -> Candidate:
        """Return the strongest candidate."""
        return self.candidates[0]

    def story(self) -> list[ScoredCandidate]:
        """Return the candidates with their words, the strongest first."""
        return [self.top.describe(), *(one.describe_part() for one in self.candidates[1:])]

    def describe(self) -> IncidentCase:
        """Return the case with described candidates. Undescribed ones take far less memory."""
        return replace(self, candidates=tuple(self.story()))

    @property
    def id(self) -> str:
        """Return a stable id: a digest of tenant, account and the strongest group's day, network and first event."""
        top = self.top
        text = "\0".join((top.tenant, top.account, str(top.day), top.network, str(top.first)))
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def group(candidates: Iterable[Candidate]) -> list[IncidentCase]:
    """Group candidates by account and window, the strongest first in each case, the highest case first.

    Attempts that gained nothing are cases of their own. No candidate is described.
    """
    by_owner: dict[tuple[str, str, bool], list[Candidate]] = defaultdict(list)
    following: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.is_follow_up:
            following[(candidate.tenant, candidate.account)].append(candidate)
            continue
        # A return after containment is a case of its own, however close it follows.
        owner = (candidate.tenant, candidate.case_owner, is_raised_anyway(candidate))
        by_owner[owner].append(candidate)
    cases = [
        _follow_up(case, following.get((tenant, owner), ()))
        for (tenant, owner, _), found in by_owner.items()
        for case in _windows(found)
    ]
    cases = _with_families(cases)
    cases.sort(key=lambda case: (-case.score, case.top.first, case.top.tenant, case.top.account))
    return _with_granters(cases)


def is_raised_anyway(candidate: Candidate) -> bool:
    """Return whether a containment raises the candidate whatever the budget."""
    return any(change.raises for change in candidate.adjustments)


def shows_indicator(candidate: Candidate) -> bool:
    """Return whether the candidate shows a received or saved indicator. However little it is, the case tells it."""
    return any(change.aspect == INDICATOR_ASPECT for change in candidate.adjustments)


def _windows(found: list[Candidate]) -> list[IncidentCase]:
    """Take the strongest group and the account's other groups in the window around it as a case; repeat with the rest."""
    left = sorted(found, key=lambda one: (-one.score, one.first, one.day, one.network))
    cases = []
    while left:
        top = left[0]
        near = [c for c in left if abs(c.day - top.day) <= INCIDENT_WINDOW_DAYS]
        story = [
            c
            for c in near
            if c is top or c.score >= top.score - STRONG or c.network == top.network or shows_indicator(c)
        ]
        shown = {(one.day, one.network) for one in story}
        story = [c for c in near if (c.day, c.network) in shown or follows(c, shown)]
        cases.append(IncidentCase(tuple(story), _score(near)))
        left = [c for c in left if abs(c.day - top.day) > INCIDENT_WINDOW_DAYS]
    return cases


def follows(one: Candidate, shown: Collection[tuple[int, str]]) -> bool:
    """Return whether a group shows again what was new in one of the groups given as (day, network)."""
    return any((day, one.network) in shown for day in one.follows)


def _follow_up(case: IncidentCase, following: Sequence[Candidate]) -> IncidentCase:
    """Return a case with the groups that show again what was new in its story; they change nothing else."""
    shown = {(one.day, one.network) for one in case.candidates}
    more = [
        one
        for one in following
        if abs(one.day - case.top.day) <= INCIDENT_WINDOW_DAYS and follows(one, shown)
    ]
    if not more:
        return case
    more.sort(key=lambda one: (one.day, one.first, one.network))
    return replace(case, candidates=(*case.candidates, *more))


def _score(near: Sequence[Candidate]) -> float:
    """Return the case's log-odds: those of its strongest group, raised slightly by groups on other days."""
    top = near[0].score
    return top + 0.25 * math.log1p(sum(math.exp(min(c.score - top, 0.0)) for c in near[1:6]))


def _with_families(cases: list[IncidentCase]) -> list[IncidentCase]:
    """Relate cases of different accounts that share a new network which few accounts use."""
    sharing: dict[tuple[str, str], list[IncidentCase]] = defaultdict(list)
    for case in cases:
        if case.top.network and case.top.is_on_new_network and not case.top.is_refused:
            sharing[(case.top.tenant, case.top.network)].append(case)
    ties: dict[int, tuple[tuple[str, ...], str]] = {}
    for members in sharing.values():
        accounts = sorted({case.top.account for case in members})
        if 2 <= len(accounts) <= SHARED_BY:
            text = "\0".join((members[0].top.tenant, *accounts))
            name = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
            for case in members:
                ties[id(case)] = (tuple(a for a in accounts if a != case.top.account), f"family-{name}")
    return [
        IncidentCase(case.candidates, case.score, *ties.get(id(case), (case.top.others, "")))
        for case in cases
    ]


def _with_granters(cases: list[IncidentCase]) -> list[IncidentCase]:
    """Add to each case the accounts of higher cases that gave its account a role. Cases are ordered, the highest first."""
    given: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    found = []
    for case in cases:
        top = case.top
        near = {
            giver
            for giver, day in given.get((top.tenant, top.account), ())
            if abs(day - top.day) <= INCIDENT_WINDOW_DAYS
        }
        found.append(replace(case, granted_by=tuple(sorted(near))) if near else case)
        for one in case.candidates:
            for name in one.grantees:
                given[(one.tenant, name)].add((one.account, one.day))
    return found
