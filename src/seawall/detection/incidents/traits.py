"""List what an incident can have in common with others: accounts, networks, applications, names that it set, rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from seawall.detection.incident import Incident

TraitKind = Literal[
    "account", "prefix", "network", "app", "key", "name", "client", "sigma", "pattern", "technique"
]
TRAIT_KINDS: tuple[TraitKind, ...] = get_args(TraitKind)
MOST_TRAITS: Final = 60
LONGEST_TRAIT: Final = 300

_FIELDS: Final[tuple[TraitKind, ...]] = ("prefix", "network", "app", "key", "client")
_NAMING: Final = frozenset(
    {
        "app_added", "app_made", "app_trusted", "app_owner", "consent", "consent_for_all", "credential",
        "credential_changed", "flow_rule", "inbox_rule", "forwarding",
    }
)  # fmt: skip
"""Acts whose object is a name that the intruder chose or used: an application, or a rule."""


@dataclass(frozen=True, slots=True)
class IncidentTrait:
    """One thing that incidents can share. `name` is of an application or a rule that the intruder made or used."""

    kind: TraitKind
    value: str


def list_traits(incident: Incident) -> tuple[IncidentTrait, ...]:
    """Return the traits of an incident, each once, at most `MOST_TRAITS`, the most telling kinds first.

    Networks, applications, keys and clients are those that are unusual for the account. Misses sessions and single addresses,
    which an incident does not name: look into them with `seawall look`.
    """
    found = dict.fromkeys(
        IncidentTrait(kind, text[:LONGEST_TRAIT]) for kind, text in _find(incident) if text.strip()
    )
    ordered = sorted(found, key=lambda trait: TRAIT_KINDS.index(trait.kind))
    return tuple(ordered[:MOST_TRAITS])


def _find(incident: Incident) -> Iterator[tuple[TraitKind, str]]:
    yield "account", incident.account
    for row in incident.usual:
        for kind in _FIELDS:
            if row.aspect == kind and row.is_unusual:
                yield kind, row.now
    for one in incident.story:
        if one.act in _NAMING:
            yield "name", one.object
    for hit in _list(incident.details.get("sigma")):
        title = hit.get("title") if isinstance(hit, dict) else None
        if isinstance(title, str):
            yield "sigma", title
    for rule in _list(incident.details.get("rules")):
        if isinstance(rule, str):
            yield "pattern", rule
    technique = incident.details.get("technique")
    if isinstance(technique, str):
        yield "technique", technique


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
