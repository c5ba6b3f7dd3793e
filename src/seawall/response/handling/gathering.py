"""Gather what detection found and what analysts added about one incident and its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seawall.detection.incident import Incident
from seawall.storage.database import (
    Feedback,
    IncidentComment,
    IncidentHandling,
    IncidentMerge,
    IncidentTask,
    RecordStar,
    Transaction,
)

_UNTOUCHED = IncidentHandling()


@dataclass(frozen=True, slots=True)
class HandledIncident:
    """An incident with everything that analysts added to it. The results of a scan have the incident alone.

    `merges` are those into it, `members` their incidents. `answers` are all that were given, by incident id.
    """

    incident: Incident
    handling: IncidentHandling = _UNTOUCHED
    tags: tuple[str, ...] = ()
    comments: tuple[IncidentComment, ...] = ()
    tasks: tuple[IncidentTask, ...] = ()
    stars: tuple[RecordStar, ...] = ()
    merges: tuple[IncidentMerge, ...] = ()
    members: tuple[Incident, ...] = ()
    lead: str | None = None
    answers: Mapping[str, tuple[Feedback, ...]] = field(default_factory=dict)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Return the incident and its members."""
        return (self.incident, *self.members)


def gather_incident(work: Transaction, incident: Incident) -> HandledIncident:
    """Return an incident with what analysts added to it, and with its members."""
    merges = tuple(work.merges.of_lead(incident.id))
    found = (work.incidents.get(id_) for id_ in work.merges.members(incident.id))
    members = tuple(one for one in found if one is not None)
    return HandledIncident(
        incident,
        work.handling.get(incident.id),
        tuple(work.handling.tags(incident.id)),
        tuple(work.comments.of(incident.id)),
        tuple(work.tasks.of(incident.id)),
        tuple(work.stars.of(incident.id)),
        merges,
        members,
        work.merges.lead(incident.id),
        {one.id: tuple(work.answers.of_incident(one.id)) for one in (incident, *members)},
    )
