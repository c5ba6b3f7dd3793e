"""Show an incident's containment plan, and download it as a file to be applied elsewhere.

The plan comes from `response.containment`, for the incident's account and its stored events. After a scope search it
covers all accounts proved touched. The console never applies a plan: it has no vendor credentials.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from seawall.console.api_error import conflict
from seawall.console.data.incidents import get_incident
from seawall.console.data.lake_pages import cache_by_state
from seawall.console.data.plan_values import Covers, PlanValue, plan_value
from seawall.console.data.presentation import time_text
from seawall.console.data.reading_audit import audit_reading
from seawall.console.data.scope_child import MADE_FROM, PLANS
from seawall.console.data.scope_search import RunningSearch, scope_searches
from seawall.console.endpoint import JSON, ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.response import plan_request
from seawall.response.containment.documents import plan_to_document
from seawall.response.containment.values import ContainmentPlan
from seawall.response.plan_request import PlanRequest
from seawall.response.stored_incidents import StoredEvents
from seawall.storage.lake import Lake

MINUTE: Final = 60_000_000
"""Microseconds for which a plan is cached, unless an incident changed."""


class PlanQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose steps the plan includes: the incident's account, all accounts proved touched, or also those not ruled out.

    Other accounts are included if an analyst asks and the incident's scope was searched.
    """

    covers: Covers = "touched"


def show_plan(call: ApiCall) -> PlanValue:
    """Return an incident's plan. The audit trail records that the visitor read the account's records."""
    incident = _incident(call)
    search, with_possible = _search(call, incident)
    value = search.plan(with_possible=with_possible) if search is not None else None
    if value is None:
        made, missing = _own_plan(call, incident)
        if made is None:
            return PlanValue(id="", steps=[], more=0, before=[], warnings=[], missing=missing)
        value = plan_value(made, PlanRequest(incident))
    audit_reading(call, incident.tenant, incident.account, incident=incident.id)
    return value


def download_plan(call: ApiCall) -> Response:
    """Return the plan as the file for `seawall respond apply`, and record the download in the audit trail."""
    incident = _incident(call)
    search, with_possible = _search(call, incident)
    value = search.plan(with_possible=with_possible) if search is not None else None
    if search is not None and value is not None:
        content = search.file(PLANS[with_possible]).read_bytes()
        name, covers, steps = value.id, value.covers, len(value.steps) + value.more
    else:
        made, missing = _own_plan(call, incident)
        if made is None:
            raise conflict("this incident has no containment plan", fix=missing)
        content = msgspec.json.format(msgspec.json.encode(plan_to_document(made)), indent=1) + b"\n"
        name, covers, steps = made.id, "incident", len(made.actions)
    with call.context.database.writing() as work:
        call.note(work, "plan-exported", incident.id, plan=name, steps=steps, covers=covers)
    headers = {"content-disposition": f'attachment; filename="plan-{name}.json"'}
    return Response(content, media_type=JSON, headers=headers)


def _incident(call: ApiCall) -> Incident:
    with call.context.database.reading() as work:
        return get_incident(work, call.path["id"])[0]


def _search(call: ApiCall, incident: Incident) -> tuple[RunningSearch | None, bool]:
    """Return the scope search whose accounts the plan includes, and whether possibly touched ones join.

    None for the incident's account alone.
    """
    asked: PlanQuery = call.query
    search = scope_searches(call.context).of(incident.id)
    if asked.covers == "incident" or not call.who.may("analyst") or search is None or search.state != "done":
        return None, False
    with_possible = asked.covers == "possible"
    return search, with_possible and search.file(PLANS[True]).is_file()


def _own_plan(call: ApiCall, incident: Incident) -> tuple[ContainmentPlan | None, str]:
    """Return the plan of the incident's own account, or the reason that there is none."""
    lake = call.context.lake
    if lake is None:
        why = (
            "A plan is made from records, and none are stored here: `seawall serve` with --store keeps them."
        )
        return None, why
    with call.context.database.reading() as work:
        state = (work.incidents.revision(), call.now // MINUTE)
    made = cache_by_state(call.context, "plans", incident.id, state, lambda: make_plan(lake, incident))
    if made is not None:
        return made, ""
    start, end = map(time_text, PlanRequest(incident).gathering().span)
    why = f"No record of the account is stored from {start} to {end}: they were removed, or never came here."
    return None, f"A plan is made from records. {why}"


def make_plan(lake: Lake, incident: Incident) -> ContainmentPlan | None:
    """Build an incident's plan from its account's stored events; None if there are none."""
    return plan_request.request_plan(StoredEvents(lake, MADE_FROM), PlanRequest(incident))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/plan",
        handle=show_plan,
        role="viewer",
        tenants="own",
        summary="The containment plan: what to do, in order, with the undo of each step; nothing is applied",
        group="incidents",
        query=PlanQuery,
        answer=PlanValue,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/plan.json",
        handle=download_plan,
        role="viewer",
        tenants="own",
        summary="The containment plan as a file for `seawall respond apply`; nothing is applied",
        group="incidents",
        query=PlanQuery,
        answer=dict[str, Any],
        is_heavy=True,
        codes=((409, "conflict"),),
    ),
)
