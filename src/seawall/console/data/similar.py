"""`/api/incidents/{id}/similar`: earlier incidents that share something rare, and what."""

from __future__ import annotations

from typing import Final, cast

from seawall.console.data.handling_values import SimilarValue, SimilarValues
from seawall.console.data.incident_values import AnswerName
from seawall.console.data.incidents import get_incident
from seawall.console.data.lake_pages import cache_by_state
from seawall.console.data.presentation import listed_row
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.report.handling.words import describe_shared
from seawall.storage.database import Transaction


def show_similar(call: ApiCall) -> SimilarValues:
    """Return the earlier incidents that share something rare with an incident."""
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
        revision = work.incidents.revision()
        return cache_by_state(
            call.context, "similar", incident.id, revision, lambda: _find_similar(work, incident)
        )


def _find_similar(work: Transaction, incident: Incident) -> SimilarValues:
    members = set(work.merges.members(incident.id))
    items = []
    for one in work.traits.find_similar(incident):
        row = work.incidents.row(one.id)
        if row is not None and one.id not in members:
            answer = cast("AnswerName | None", row.answer)
            reasons = describe_shared(one.shared, one.incidents)
            items.append(SimilarValue(listed_row(row), answer, reasons))
    return SimilarValues(items, work.incidents.count())


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/similar",
        handle=show_similar,
        role="viewer",
        tenants="own",
        summary="Earlier incidents that share something rare with this one, and what it is",
        group="handling",
        answer=SimilarValues,
    ),
)
