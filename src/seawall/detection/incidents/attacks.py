"""Find the attacks: cases that one intrusion ties together. An attack takes one place of the alert budget.

Two cases of one organisation are tied if one of them handed over to the other's account (a role, a mailbox, a sign-in method,
a new account), if both let in, made or changed the same application, opened the same mailbox or sent mail to the same outside
address, or if both are on the same new network. What very many accounts share ties nothing.

Misses: applications that records name by different names, and accounts that did no more than act at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from seawall.detection.incident import AttackLinkKind
from seawall.detection.incidents.cases import SHARED_BY, Candidate
from seawall.detection.incidents.story.handovers import name_account

ATTACK_DAYS: Final = 30
"""Most days between the strongest groups of two cases that are tied: how long an intruder's own things are used again."""

MOST_MEMBERS: Final = 50
"""Most cases of one attack."""

MOST_TIES: Final = 12
"""Ties that a case lists."""


@dataclass(frozen=True, slots=True)
class CaseTie:
    """Say what ties a case to another one, given by its place."""

    other: int
    kind: AttackLinkKind
    name: str


@dataclass(frozen=True, slots=True)
class AttackMembership:
    """Say to which attack a case belongs: the place of its strongest case, and the case's own ties."""

    lead: int
    ties: tuple[CaseTie, ...]

    def is_raised_with(self, top: Candidate, score: float) -> bool:
        """Return whether a case is raised because the attack is. A network alone, without any other evidence, is not enough."""
        return score >= top.base or any(tie.kind != "network" for tie in self.ties)


Story = Sequence[Candidate]
"""The candidates of a case, the strongest first; empty for a case that belongs to no attack."""


def find_attacks(stories: Sequence[Story], scores: Sequence[float]) -> list[AttackMembership | None]:
    """Return the attack of each case, None for a case that nothing ties. The cases are in order, the highest score first."""
    joined = _DisjointSets(len(stories))
    ties: dict[int, dict[CaseTie, None]] = defaultdict(dict)
    for one, other, kind, name in (*_tie_by_handovers(stories), *_tie_by_networks(stories, scores)):
        if joined.join(one, other):
            ties[one].setdefault(CaseTie(other, kind, name))
            ties[other].setdefault(CaseTie(one, kind, name))
    return [
        AttackMembership(joined.find(place), tuple(ties[place])[:MOST_TIES]) if place in ties else None
        for place in range(len(stories))
    ]


_Tie = tuple[int, int, AttackLinkKind, str]


def _tie_by_handovers(stories: Sequence[Story]) -> Iterator[_Tie]:
    """Yield ties of cases that name the same application, account or address, and of the account that was named before."""
    naming: dict[tuple[str, AttackLinkKind, str], list[int]] = defaultdict(list)
    owning: dict[tuple[str, AttackLinkKind, str], list[int]] = defaultdict(list)
    for place, story in enumerate(stories):
        if not story or story[0].is_refused:
            continue
        tenant, account = story[0].tenant, story[0].account
        own = name_account(account, account)
        owning[tenant, own.kind, own.name].append(place)
        for one in dict.fromkeys(one for part in story if not part.is_follow_up for one in part.handovers):
            naming[tenant, one.kind, one.name].append(place)
    for (tenant, kind, name), places in naming.items():
        owners = owning.get((tenant, kind, name), [])
        if _count_accounts(stories, (*places, *owners)) <= SHARED_BY:
            yield from _tie_neighbours(stories, places, kind, name)
            for owner in owners:
                earlier = [place for place in places if stories[place][0].day <= stories[owner][0].day]
                yield from _tie_neighbours(stories, [*_find_latest(stories, earlier), owner], kind, name)


def _tie_by_networks(stories: Sequence[Story], scores: Sequence[float]) -> Iterator[_Tie]:
    """Yield ties of cases that something speaks for, and that are on the same new network."""
    sharing: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (story, score) in enumerate(zip(stories, scores, strict=True)):
        is_spoken_for = bool(story) and not story[0].is_refused and score >= story[0].base
        if is_spoken_for and story[0].network and story[0].is_on_new_network:
            sharing[story[0].tenant, story[0].network].append(place)
    for (_, network), places in sharing.items():
        if _count_accounts(stories, places) <= SHARED_BY:
            yield from _tie_neighbours(stories, places, "network", network)


def _tie_neighbours(
    stories: Sequence[Story], places: Sequence[int], kind: AttackLinkKind, name: str
) -> Iterator[_Tie]:
    """Yield a tie of each case with the next one in time, if it is near."""
    ordered = sorted(places, key=lambda place: (stories[place][0].day, place))
    for one, other in pairwise(ordered):
        if one != other and _days_between(stories, one, other) <= ATTACK_DAYS:
            yield one, other, kind, name


def _find_latest(stories: Sequence[Story], places: Sequence[int]) -> list[int]:
    return sorted(places, key=lambda place: (stories[place][0].day, -place))[-1:]


def _days_between(stories: Sequence[Story], one: int, other: int) -> int:
    return abs(stories[one][0].day - stories[other][0].day)


def _count_accounts(stories: Sequence[Story], places: Iterable[int]) -> int:
    return len({stories[place][0].account for place in places})


class _DisjointSets:
    """Hold places in sets that are joined until they would become too large. A set is known by its first place."""

    def __init__(self, places: int) -> None:
        self._parents = list(range(places))
        self._sizes = [1] * places

    def find(self, place: int) -> int:
        """Return the first place of the set."""
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def join(self, one: int, other: int) -> bool:
        """Join two sets, and return whether they are one now."""
        first, second = sorted((self.find(one), self.find(other)))
        if first == second:
            return True
        if self._sizes[first] + self._sizes[second] > MOST_MEMBERS:
            return False
        self._parents[second] = first
        self._sizes[first] += self._sizes[second]
        return True
