"""Put incidents into the order in which people read them, and number them by it.

There is one order for `incidents.jsonl`, the terminal, the report, a store and the tools of assistants. The number of an
incident is its place in this order, from 1. So the numbers that a reader sees run 1, 2, 3, and a command takes the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from seawall.detection.incident import SEVERITIES, Incident
from seawall.detection.incidents.incident_choice import IncidentHead

_GRAVITY = {severity: -place for place, severity in enumerate(SEVERITIES)}


_T = TypeVar("_T", Incident, IncidentHead)


def order_incidents(incidents: Iterable[_T]) -> tuple[_T, ...]:
    """Return incidents in reading order; the given order, highest score first, decides between equals.

    Raised incidents come before the others: budgets are per organisation and day, so a candidate may have a higher score than
    an incident raised elsewhere. The incidents of one attack stand together, at the place of its gravest one. The gravest
    attacks come first, and so do the gravest incidents of an attack. To order them again changes nothing.
    """
    found: dict[tuple[bool, str], list[_T]] = defaultdict(list)
    for one in incidents:
        found[not one.raised, one.attack or one.id].append(one)
    attacks = [
        (is_candidate, sorted(members, key=compare_gravity)) for (is_candidate, _), members in found.items()
    ]
    attacks.sort(key=lambda attack: (attack[0], compare_gravity(attack[1][0])))
    return tuple(one for _, members in attacks for one in members)


def number_incidents(incidents: Iterable[_T]) -> list[tuple[int, _T]]:
    """Return incidents in reading order, each with its number from 1."""
    return list(enumerate(order_incidents(incidents), start=1))


def compare_gravity(one: Incident | IncidentHead) -> int:
    """Return the sort key by which the gravest comes first."""
    return _GRAVITY[one.severity]
