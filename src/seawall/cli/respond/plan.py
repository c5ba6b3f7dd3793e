"""`seawall respond plan`: turn an incident or a scope into an ordered containment plan with rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import (
    IncidentArgument,
    IncidentOption,
    OutFolder,
    StoreInstead,
    open_source,
    require_one_name,
)
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from seawall.response.containment.values import ContainmentPlan
    from seawall.response.incident_sources import IncidentSource


def plan(
    incident: IncidentArgument = None,
    out: OutFolder = None,
    store: StoreInstead = None,
    named: IncidentOption = None,
    database: DatabaseUrl = None,
    scope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="scope.json from `seawall scope`: also plan for its confirmed accounts."
        ),
    ] = None,
    possible: Annotated[
        bool, typer.Option("--possible", help="With --scope: also plan for its possible accounts.")
    ] = False,
    attack: Annotated[
        bool, typer.Option("--attack", help="Also plan for the other incidents of the incident's attack.")
    ] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="Also revoke access at a Seawall gate: tokens and their renewal.")
    ] = False,
    thumbprint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JKT",
            help="With --gate: JWK thumbprint (RFC 7638) of a stolen signing key. May be repeated.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the plan to this file, for `seawall respond apply`."),
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="Print API calls, PowerShell and rollback of each step.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn an incident into an ordered containment plan: confidence, prerequisites and rollback of each step.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
      seawall respond plan 1 --out out --attack --to plan.json
      seawall respond plan 1 --out out --scope scope/scope.json --calls
      seawall respond plan --store seawall-store --incident 3f9a --to plan.json
      seawall respond plan 1 --out out --gate --thumbprint cThIIoDvwdueQB468K5xDc5633seEFoqwxjF_xSJyQQ

    The command changes nothing and uses no network.
    """
    from seawall_base.errors import UsageError

    wanted = require_one_name(incident, named)
    if wanted is None and scope is None:
        raise UsageError("neither incident nor scope was given", fix="give INCIDENT, or --scope FILE")
    if thumbprint and not gate:
        raise UsageError("--thumbprint needs --gate", fix="give --gate too")
    if attack and wanted is None:
        raise UsageError("--attack needs an incident", fix="give INCIDENT too")
    with open_source(out, store, database) as kept:
        made = _make(
            kept,
            wanted,
            scope,
            with_attack=attack,
            with_possible=possible,
            with_gate=gate,
            thumbprints=tuple(thumbprint or ()),
        )
    if to is not None:
        from seawall.response.containment.documents import write_plan

        write_plan(to, made)
    if as_json:
        from seawall.response.containment.documents import plan_to_document

        output.answer_json({"plan": plan_to_document(made)})
    else:
        from seawall.report.containment import show_plan

        output.answer(lambda console: show_plan(console, made, with_calls=calls))
    if to is not None:
        output.next_step(f"seawall respond apply {output.quote_path(to)}")
    else:
        output.next_step("the same with --to plan.json, to apply it")


def _make(
    kept: IncidentSource, wanted: str | None, scope_file: Path | None, *, with_attack: bool, **how: Any
) -> ContainmentPlan:
    from seawall.response.plan_request import PlanRequest, request_plan
    from seawall.response.scope.document import read_scope
    from seawall_base.errors import InputUnreadable
    from seawall_base.times import rfc3339

    incident = kept.incident(wanted) if wanted is not None else None
    members = kept.attack(incident) if incident is not None and with_attack else []
    question = PlanRequest(
        incident,
        read_scope(scope_file) if scope_file is not None else None,
        others=tuple(one for one in members if incident is not None and one.id != incident.id),
        **how,
    )
    made = request_plan(kept, question)
    if made is None:
        start, end = map(rfc3339, question.gathering().span)
        raise InputUnreadable(
            f"{kept.name}: no record of the accounts from {start} to {end}: they were deleted, or never collected",
            fix="give the results or the store that hold the incident's records",
        )
    return made
