"""Show the attack that an incident belongs to: its incidents, what ties them, and what happened in all of them."""

from __future__ import annotations

from typing import Final

from seawall.console.data.incident_values import (
    AttackAct,
    AttackLinkValue,
    AttackMember,
    AttackValue,
    IncidentRow,
)
from seawall.console.data.incidents import get_incident
from seawall.console.data.presentation import listed_row, time_text
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.detection.incidents.reading_order import compare_gravity
from seawall.report import attack_words as words
from seawall.response.stored_incidents import list_stored_attack

MOST_ACTS: Final = 30
"""Acts that are told of an attack."""


def show_attack(call: ApiCall) -> AttackValue:
    """Return the attack of an incident."""
    with call.context.database.reading() as work:
        incident, listed = get_incident(work, call.path["id"])
        found = list_stored_attack(work, incident)
        rows = {one.id: listed_row(row) for one in found if (row := work.incidents.row(one.id)) is not None}
    rows[incident.id] = listed_row(listed)
    return _attack_value(found, rows)


def _attack_value(found: list[Incident], rows: dict[str, IncidentRow]) -> AttackValue:
    (view,) = words.group_by_attack(enumerate(sorted(found, key=compare_gravity), start=1))
    acts, keys = words.list_acts(view, MOST_ACTS), words.list_acts(view)
    return AttackValue(
        id=found[0].attack if len(found) > 1 else "",
        title=words.attack_title(view),
        severity=view.severity,
        first_event=time_text(view.first),
        last_event=time_text(view.last),
        members=[
            AttackMember(
                rows[one.id],
                [
                    AttackLinkValue(link.incident, link.kind, link.name, words.link_text(link))
                    for link in one.attack_links
                    if link.incident in rows
                ],
            )
            for _, one in view.members
        ],
        acts=[
            AttackAct(time_text(act.time), act.when, act.account, act.sentence, act in keys) for act in acts
        ],
        more_acts=max(sum(len(one.story) for one in found) - len(acts), 0),
        left_behind=words.attack_left_behind(view),
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/attack",
        handle=show_attack,
        role="viewer",
        tenants="own",
        summary="The attack that an incident belongs to: its incidents, what ties them, and what happened in order",
        group="incidents",
        answer=AttackValue,
    ),
)
