"""The containment plan of an incident, from its account's stored events: shown, and given as a file to be applied elsewhere.

The plan is that of `respond.contain`. Nothing here applies any of it: the console holds no credentials of a vendor.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from seawall import responding
from seawall.report.containment import call_text, read_text
from seawall.report.visible import visible
from seawall.respond.contain.documents import plan_document
from seawall.responding import Question, StoredEvents
from seawall.schema.incidents import Incident
from seawall.schema.response import Action, Confidence, Plan
from seawall.server.console.data.incident_values import Count
from seawall.server.console.data.incidents import found
from seawall.server.console.data.presentation import time_text
from seawall.server.console.data.reading import note_reading
from seawall.server.console.data.stored import remembered
from seawall.server.console.endpoint import JSON, Call, Endpoint
from seawall.server.console.refused import conflict
from seawall.store.lake import Lake

MADE_FROM: Final = "the console"
MINUTE: Final = 60_000_000
"""Microseconds for which a plan is not made again, unless an incident changed."""

MOST_SHOWN: Final = 500
"""Steps that are shown; the file has all."""

MOST_RECORDS: Final = 20
_LINE: Final = 2_000


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of containment. Texts are made visible, to be read and copied.

    `after` are the orders of steps that must come before. `reads`, `calls` and `undo` are calls of the vendor's API; a step
    without `calls` is done as `by_hand` or `powershell` says. `irreversible` says what cannot be undone. `records` are the
    log's own ids of at most 20 of the `record_count` records that say so.
    """

    order: Count
    id: str
    title: str
    reason: str
    confidence: Confidence
    after: list[Count]
    by_hand: str
    reads: list[str]
    calls: list[str]
    undo: list[str]
    powershell: list[str]
    undo_powershell: list[str]
    irreversible: str
    records: list[str]
    record_count: Count


class PlanValue(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: what to know before, and the steps in their order. `missing` says why there is none, None where there is.

    `more` is how many further steps the file has.
    """

    id: str
    steps: list[PlanStep]
    more: Count
    before: list[str]
    warnings: list[str]
    missing: str | None


def shown(call: Call) -> PlanValue:
    """The plan of an incident; whoever reads it has read records of its account."""
    incident, made, missing = _plan_of(call)
    if made is None:
        return PlanValue(id="", steps=[], more=0, before=[], warnings=[], missing=missing)
    note_reading(call, incident.tenant, incident.account, incident=incident.id)
    return plan_value(made)


def file(call: Call) -> Response:
    """The plan as the file that `seawall respond apply` takes, and a line in the audit trail that says who took it."""
    incident, made, missing = _plan_of(call)
    if made is None:
        raise conflict("there is no plan of this incident", fix=missing)
    with call.context.database.writing() as work:
        call.note(work, "plan-exported", incident.id, plan=made.id, steps=len(made.actions))
    content = msgspec.json.format(msgspec.json.encode(plan_document(made)), indent=1) + b"\n"
    headers = {"content-disposition": f'attachment; filename="plan-{made.id}.json"'}
    return Response(content, media_type=JSON, headers=headers)


def _plan_of(call: Call) -> tuple[Incident, Plan | None, str]:
    with call.context.database.reading() as work:
        incident, _ = found(work, call.path["id"])
        state = (work.incidents.revision(), call.now // MINUTE)
    lake = call.context.lake
    if lake is None:
        return (
            incident,
            None,
            "A plan is made from records, and none are stored here: `seawall serve` with --store keeps them.",
        )
    made = remembered(call.context, "plans", incident.id, state, lambda: plan_of(lake, incident))
    if made is not None:
        return incident, made, ""
    start, end = map(time_text, Question(incident).gathering().span)
    why = f"No record of the account is stored from {start} to {end}: they were removed, or never came here."
    return incident, None, f"A plan is made from records. {why}"


def plan_of(lake: Lake, incident: Incident) -> Plan | None:
    """The plan of an incident, from the stored events of its account; None where there are none."""
    return responding.plan_of(StoredEvents(lake, MADE_FROM), Question(incident))


def plan_value(made: Plan) -> PlanValue:
    """A plan as the API answers it."""
    places = {action.id: order for order, action in enumerate(made.actions, start=1)}
    steps = [_step(places[action.id], action, places) for action in made.actions[:MOST_SHOWN]]
    return PlanValue(
        id=made.id,
        steps=steps,
        more=len(made.actions) - len(steps),
        before=[_text(line) for line in made.prerequisites],
        warnings=[_text(line) for line in made.warnings],
        missing=None,
    )


def _step(order: int, action: Action, places: dict[str, int]) -> PlanStep:
    return PlanStep(
        order=order,
        id=action.id,
        title=_text(action.title),
        reason=_text(action.reason),
        confidence=action.confidence,
        after=sorted(places[id_] for id_ in action.after),
        by_hand=_text(action.by_hand),
        reads=[_text(read_text(action, read)) for read in action.before],
        calls=[_text(call_text(action, call, each=action.each)) for call in action.calls],
        undo=[_text(call_text(action, call)) for call in action.undo],
        powershell=[_command(line) for line in action.powershell],
        undo_powershell=[_command(line) for line in action.undo_powershell],
        irreversible=_text(action.irreversible),
        records=[_text(id_) for id_ in action.evidence[:MOST_RECORDS]],
        record_count=len(action.evidence),
    )


def _text(value: str) -> str:
    return visible(value, _LINE)


def _command(line: str) -> str:
    """A command is never cut: half of one would do something else."""
    return visible(line, len(line))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/plan",
        handle=shown,
        role="viewer",
        summary="The containment plan: what to do, in order, with the undo of each step; nothing is applied",
        group="incidents",
        answer=PlanValue,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/plan.json",
        handle=file,
        role="viewer",
        summary="The containment plan as a file for `seawall respond apply`; nothing is applied",
        group="incidents",
        answer=dict[str, Any],
        codes=((409, "conflict"),),
    ),
)
