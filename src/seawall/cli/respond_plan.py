"""`seawall respond plan`: what to do about an incident or a scope, in order, with what each step needs and its undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import streams
from seawall.cli.event_pieces import pieces
from seawall.cli.scan import DEFAULT_OUT

if TYPE_CHECKING:
    from seawall.schema.incidents import Incident
    from seawall.schema.response import Plan
    from seawall.schema.scope import Scope


def plan(
    incident: Annotated[
        str | None,
        typer.Argument(metavar="[INCIDENT]", help="An incident's id, the start of one, or its rank."),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder that a scan wrote: incidents and events."),
    ] = DEFAULT_OUT,
    scope: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A scope.json: also the accounts that are proved touched."),
    ] = None,
    possible: Annotated[
        bool, typer.Option("--possible", help="With --scope: also those that cannot be ruled out.")
    ] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="Also block tokens and their renewal at a gate of yours.")
    ] = False,
    thumbprint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JKT",
            help="With --gate: a signing key that is known to be stolen (RFC 7638). May be repeated.",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plan there, for seawall respond apply.")
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="Print the calls, the PowerShell and the undo of each step.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Say what to do about an incident, in order: how sure each step is, what it needs, what cannot be undone.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
      seawall respond plan 1 --out out --scope scope.json --calls
      seawall respond plan 1 --out out --gate --thumbprint cThIIoDvwdueQB468K5xDc5633seEFoqwxjF_xSJyQQ

    Nothing is done, and no network is used.
    """
    from seawall.errors import UsageError

    if incident is None and scope is None:
        raise UsageError(
            "a plan is about an incident, a scope, or both", fix="give INCIDENT, or --scope FILE"
        )
    if thumbprint and not gate:
        raise UsageError("--thumbprint is blocked at a gate", fix="give --gate too")
    made = _made(incident, out, scope, possible=possible, gate=gate, thumbprints=tuple(thumbprint or ()))
    if to is not None:
        from seawall.respond.contain.documents import write_plan

        write_plan(to, made)
    if as_json:
        from seawall.respond.contain.documents import plan_document

        streams.answer_json({"plan": plan_document(made)})
    else:
        from seawall.report.containment import show_plan

        streams.answer(lambda console: show_plan(console, made, with_calls=calls))
    if to is not None:
        streams.next_step(f"seawall respond apply {streams.quoted(to)}")
    else:
        streams.next_step("the same with --to plan.json, to apply it")


def _made(
    wanted: str | None,
    out: Path,
    scope_file: Path | None,
    *,
    possible: bool,
    gate: bool,
    thumbprints: tuple[str, ...],
) -> Plan:
    from seawall.report.documents import look_up
    from seawall.report.scope_document import read_scope
    from seawall.respond.contain.evidence import NEEDED, Gathering, gathered, spans
    from seawall.respond.contain.planning import plan as make_plan

    incident = look_up(out / "incidents.jsonl", wanted)[2] if wanted is not None else None
    scope = read_scope(scope_file) if scope_file is not None else None
    rows = list(_accounts(incident, scope, possible=possible))
    intruders = frozenset(incident.events if incident else ()) | frozenset(
        record for one in (scope.accounts if scope else ()) for record in one.records
    )
    gathering = Gathering(
        spans(rows),
        intruders,
        technique=str(incident.details.get("technique", "")) if incident else "",
        kind=incident.kind if incident else "",
    )
    return make_plan(
        gathered(pieces(out / "events.parquet", NEEDED), gathering),
        incident=incident,
        scope=scope,
        with_possible=possible,
        with_gate=gate,
        thumbprints=thumbprints,
        created_from=str(out),
    )


def _accounts(
    incident: Incident | None, scope: Scope | None, *, possible: bool
) -> Iterator[tuple[str, int, int]]:
    if incident is not None:
        yield incident.account, incident.first_event, incident.last_event
    for one in scope.accounts if scope is not None else ():
        is_wanted = one.verdict == "touched" or (possible and one.verdict == "possible")
        if scope is not None and is_wanted:
            yield (
                one.name,
                scope.start if one.first is None else one.first,
                scope.end if one.last is None else one.last,
            )
