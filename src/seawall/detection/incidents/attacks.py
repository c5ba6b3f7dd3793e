"""Find the attacks: cases that one intrusion ties together. An attack takes one place of the alert budget.

Two cases of one organisation are tied if one of them handed over to the other's account (a role, a mailbox, a sign-in method,
a new account), if both opened the same mailbox, sent mail to the same outside address, or touched an application that one of
them made or holds a secret of. Cases that are likely enough by themselves are also tied if both let in the same application, or
are in the same new address block. What very many accounts share ties nothing.

Misses: applications that records name by different names, intruders who change their address block, and accounts that did no
more than act at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from seawall.detection.incident import AttackLinkKind, Incident
from seawall.detection.incidents.cases import SHARED_BY, Candidate
from seawall.detection.incidents.story.handovers import name_account

ATTACK_DAYS: Final = 30
"""Most days between the strongest groups of two cases that are tied: how long an intruder's own things are used again."""

MOST_MEMBERS: Final = 50
"""Most cases of one attack."""

MOST_TIES: Final = 12
"""Ties that a case lists."""


LEAST_TIED: Final = -2.0
"""Least score, in log-odds, of cases that a weak tie holds together: below it, a takeover is unlikely, and chance ties too."""


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


Story = Sequence[Candidate]
"""The candidates of a case, the strongest first; empty for a case that belongs to no attack."""


def find_attacks(stories: Sequence[Story], scores: Sequence[float]) -> list[AttackMembership | None]:
    """Return the attack of each case, None for a case that nothing ties. The cases are in order, the highest score first."""
    joined = _DisjointSets(len(stories))
    ties: dict[int, dict[CaseTie, None]] = defaultdict(dict)
    for one, other, kind, name in (*_tie_by_handovers(stories, scores), *_tie_by_blocks(stories, scores)):
        if joined.join(one, other):
            ties[one].setdefault(CaseTie(other, kind, name))
            ties[other].setdefault(CaseTie(one, kind, name))
    return [
        AttackMembership(joined.find(place), tuple(ties[place])[:MOST_TIES]) if place in ties else None
        for place in range(len(stories))
    ]


_Tie = tuple[int, int, AttackLinkKind, str]


def list_attack(incident: Incident, find: Callable[[str], Incident | None]) -> list[Incident]:
    """Return the incidents of an incident's attack, itself among them, by way of what ties them; the highest score first.

    `find` returns the incident with an id, None if there is none any more.
    """
    found, waiting = {incident.id: incident}, [incident]
    while waiting and len(found) < MOST_MEMBERS:
        for link in waiting.pop().attack_links:
            other = None if link.incident in found else find(link.incident)
            if other is not None and other.id not in found and other.attack == incident.attack:
                found[other.id] = other
                waiting.append(other)
    return sorted(found.values(), key=lambda one: (-one.score, one.id))


def _tie_by_handovers(stories: Sequence[Story], scores: Sequence[float]) -> Iterator[_Tie]:
    """Yield ties of cases that name the same application, account or address, and of the account that was named before."""
    naming: dict[tuple[str, AttackLinkKind, str], dict[int, bool]] = defaultdict(dict)
    owning: dict[tuple[str, AttackLinkKind, str], list[int]] = defaultdict(list)
    for place, story in enumerate(stories):
        if not story or story[0].is_refused:
            continue
        tenant, account = story[0].tenant, story[0].account
        own = name_account(account, account)
        owning[tenant, own.kind, own.name].append(place)
        for one in (one for part in story if not part.is_follow_up for one in part.handovers):
            weak = naming[tenant, one.kind, one.name]
            weak[place] = weak.get(place, True) and one.is_weak
    for (tenant, kind, name), found in naming.items():
        is_strong = not all(found.values())
        places = [place for place in found if is_strong or scores[place] >= LEAST_TIED]
        owners = owning.get((tenant, kind, name), [])
        if _count_accounts(stories, (*places, *owners)) > SHARED_BY:
            continue
        yield from _tie_neighbours(stories, places, kind, name)
        for owner in owners:
            earlier = [place for place in places if stories[place][0].day <= stories[owner][0].day]
            yield from _tie_neighbours(stories, [*_find_latest(stories, earlier), owner], kind, name)


def _tie_by_blocks(stories: Sequence[Story], scores: Sequence[float]) -> Iterator[_Tie]:
    """Yield ties of likely cases in the same address block, which is on a network new to them."""
    sharing: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (story, score) in enumerate(zip(stories, scores, strict=True)):
        is_likely = bool(story) and not story[0].is_refused and score >= LEAST_TIED
        if is_likely and story[0].is_on_new_network and (block := story[0].address_block):
            sharing[story[0].tenant, block].append(place)
    for (_, block), places in sharing.items():
        if _count_accounts(stories, places) <= SHARED_BY:
            yield from _tie_neighbours(stories, places, "network", block)


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
