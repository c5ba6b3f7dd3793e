"""Find earlier incidents that share traits with one, and say which."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from seawall.detection.incident import Incident
from seawall.detection.incidents.traits import IncidentTrait, TraitKind, list_traits
from seawall.storage.database.bulk import insert_columns, pieces
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.handling_models import TraitRow
from seawall.storage.database.incident_queue import fold_text
from seawall.storage.database.live_models import QueueRow
from seawall.storage.database.models import IncidentModel

MOST_SIMILAR = 20
_COMMON_SHARE = 0.2
_COMMON_LEAST = 3
"""A trait that more incidents show than this share of all, and more than this number, links nothing."""

_MOST_SHARING = 1000
_WEAK: frozenset[TraitKind] = frozenset({"technique", "pattern", "client"})
"""Kinds that link nothing alone: many intruders do the same."""


@dataclass(frozen=True, slots=True)
class SharedTrait:
    """A trait that two incidents share, and how many incidents show it."""

    trait: IncidentTrait
    incidents: int


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An earlier incident and what it shares, the rarest first; `incidents` is the number of all incidents."""

    id: str
    shared: tuple[SharedTrait, ...]
    incidents: int


def replace_traits(session: Session, incidents: Sequence[Incident]) -> None:
    """Store the traits of incidents in place of those that they had."""
    for ids in pieces([one.id for one in incidents]):
        session.execute(delete(TraitRow).where(TraitRow.incident.in_(ids)))
    rows = [(one.id, *row) for one in incidents for row in _key_traits(list_traits(one))]
    names = ("incident", "value_key", "kind", "value")
    insert_columns(session, TraitRow, {name: [row[at] for row in rows] for at, name in enumerate(names)})


def _key_traits(traits: Sequence[IncidentTrait]) -> list[tuple[str, str, str]]:
    keyed = {make_index_key(one.kind, fold_text(one.value)): one for one in traits}
    return [(key, one.kind, one.value) for key, one in keyed.items()]


class IncidentTraits:
    """Traits of incidents within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find_similar(self, incident: Incident, limit: int = MOST_SIMILAR) -> list[SimilarIncident]:
        """Return the earlier incidents that share rare traits with this one, those that share the rarest first.

        They are ordered by the sum of ln(all incidents / incidents with the trait). Traits that many incidents show, and
        incidents that share nothing but a technique or a client, are left out.
        """
        total = int(self._session.execute(select(func.count()).select_from(IncidentModel)).scalar_one())
        keyed = {key: IncidentTrait(kind, value) for key, kind, value in _keys(list_traits(incident))}
        counts = self._count(list(keyed))
        most = max(_COMMON_LEAST, _COMMON_SHARE * total)
        rare = [key for key in keyed if counts.get(key, 0) <= most]
        found: dict[str, list[SharedTrait]] = defaultdict(list)
        query = select(TraitRow.incident, TraitRow.value_key).join(
            IncidentModel, IncidentModel.id == TraitRow.incident
        )
        query = query.where(
            TraitRow.value_key.in_(rare),
            TraitRow.incident != incident.id,
            IncidentModel.first_event < incident.first_event,
        )
        query = query.order_by(IncidentModel.first_event.desc(), TraitRow.incident).limit(_MOST_SHARING)
        for other, key in self._session.execute(query):
            found[other].append(SharedTrait(keyed[key], counts[key]))
        similar = [
            SimilarIncident(other, tuple(sorted(shared, key=_order)), total)
            for other, shared in found.items()
            if any(one.trait.kind not in _WEAK for one in shared)
        ]
        return sorted(similar, key=lambda one: (-_weigh(one), one.id))[:limit]

    def list_sharing(
        self, kinds: Collection[str], since: int, *, least_tenants: int, most_of_value: int, most: int
    ) -> list[str]:
        """Return the ids of incidents that show a trait which incidents of several organisations show, at most `most`.

        Incidents have an event at or after `since` (microseconds). Traits of more than `most_of_value` incidents are left out;
        those of fewest incidents come first.
        """
        recent = select(QueueRow.incident, QueueRow.tenant_key).where(QueueRow.last_event >= since).subquery()
        counted = (
            select(TraitRow.value_key, func.count())
            .join(recent, recent.c.incident == TraitRow.incident)
            .where(TraitRow.kind.in_(sorted(kinds)))
            .group_by(TraitRow.value_key)
            .having(
                func.count(recent.c.tenant_key.distinct()) >= least_tenants, func.count() <= most_of_value
            )
            .order_by(func.count(), TraitRow.value_key)
            .limit(most)
        )
        keys: list[str] = []
        left = most
        for key, count in self._session.execute(counted):
            left -= count
            if left < 0:
                break
            keys.append(key)
        found: set[str] = set()
        for piece in pieces(keys):
            shown = select(TraitRow.incident).join(recent, recent.c.incident == TraitRow.incident)
            found.update(self._session.execute(shown.where(TraitRow.value_key.in_(piece))).scalars())
        return sorted(found)

    def _count(self, keys: Sequence[str]) -> dict[str, int]:
        query = select(TraitRow.value_key, func.count()).where(TraitRow.value_key.in_(keys))
        return {key: int(count) for key, count in self._session.execute(query.group_by(TraitRow.value_key))}


def _keys(traits: Sequence[IncidentTrait]) -> list[tuple[str, TraitKind, str]]:
    return [(make_index_key(one.kind, fold_text(one.value)), one.kind, one.value) for one in traits]


def _order(one: SharedTrait) -> tuple[int, str, str]:
    return one.incidents, one.trait.kind, one.trait.value


def _weigh(one: SimilarIncident) -> float:
    return sum(math.log(max(one.incidents, 2) / max(shared.incidents, 1)) for shared in one.shared)
