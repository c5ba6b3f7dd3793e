"""`seawall respond apply` and `undo`: what a plan says is done, or taken back, once somebody says so by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import streams

if TYPE_CHECKING:
    from seawall.respond.contain.history import Phase
    from seawall.schema.response import Plan, StepResult

INCOMPLETE = 1
_NOT_WELL = frozenset({"failed", "unclear", "blocked"})

Apply = Annotated[bool, typer.Option("--apply", help="Do it. Without this, what would be done is printed.")]
Approver = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --apply: the person who approved it.")
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Who asks the vendors: tables [microsoft], [google], [okta], [gate]."),
]
Steps = Annotated[
    str | None,
    typer.Option(metavar="STEPS", help="Only these: ids, starts of ids or places in the plan, with commas."),
]
Done = Annotated[
    str | None, typer.Option(metavar="STEP", help="A person did this step, or saw that it is done.")
]
By = Annotated[str | None, typer.Option(metavar="NAME", help="With --done: who.")]
Again = Annotated[
    str | None,
    typer.Option(metavar="STEP", help="Repeat this step, of which it is not known whether it was made."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]


def apply(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan that seawall respond plan wrote.")],
    really: Apply = False,
    approver: Approver = None,
    config: Config = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The journal; beside the plan unless given.")
    ] = None,
    up_to: Annotated[
        str,
        typer.Option(metavar="LEVEL", help="Steps that are at least so sure: certain, likely or precaution."),
    ] = "likely",
    steps: Steps = None,
    done: Done = None,
    by: By = None,
    again: Again = None,
    as_json: AsJson = False,
) -> None:
    """Do what a plan says. Without --apply, print the calls and the PowerShell.

    \b
    Examples:
      seawall respond apply plan.json
      seawall respond apply plan.json --apply --approver "Ann Example" --config respond.toml
      seawall respond apply plan.json --done remove-forwarding-9be187 --by "Bob Example"

    Run it again after a crash or a fault: it goes on where it was, and repeats nothing.

    \b
    Exit codes: 0 done, 1 a step failed, is unclear or was blocked, 2 usage, 3 no plan.
    """
    from seawall.respond.contain.documents import read_plan
    from seawall.respond.contain.session import chosen, journal_path

    found = read_plan(plan)
    where = journal or journal_path(plan)
    wanted = chosen(found, steps, _level(up_to))
    typed = f"seawall respond apply {streams.quoted(plan)}"
    typed += f" --journal {streams.quoted(journal)}" if journal else ""
    _run(found, where, "apply", wanted, really, approver, config, done, by, again, as_json, typed)


def undo(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="The journal that seawall respond apply wrote.")
    ],
    really: Apply = False,
    approver: Approver = None,
    config: Config = None,
    steps: Steps = None,
    done: Done = None,
    by: By = None,
    again: Again = None,
    as_json: AsJson = False,
) -> None:
    """Take back what was applied, in reverse, to what was read before. Without --apply, print the calls.

    \b
    Examples:
      seawall respond undo plan.journal.jsonl
      seawall respond undo plan.journal.jsonl --apply --approver "Ann Example" --config respond.toml
      seawall respond undo plan.journal.jsonl --steps disable-account --apply --approver "Ann Example" --config respond.toml

    What cannot be undone is said and left as it is.

    \b
    Exit codes: 0 done, 1 a step failed or is unclear, 2 usage.
    """
    from seawall.respond.contain.session import chosen, plan_of

    found = plan_of(journal)
    wanted = chosen(found, steps, "precaution")
    typed = f"seawall respond undo {streams.quoted(journal)}"
    _run(found, journal, "undo", wanted, really, approver, config, done, by, again, as_json, typed)


def _level(text: str) -> Any:
    from seawall.errors import UsageError
    from seawall.schema.response import CONFIDENCES

    if text not in CONFIDENCES:
        raise UsageError(f"no level {text!r}", fix=f"--up-to {', '.join(CONFIDENCES)}")
    return text


def _run(
    plan: Plan,
    where: Path,
    phase: Phase,
    wanted: frozenset[str],
    really: bool,
    approver: str | None,
    config: Path | None,
    done: str | None,
    by: str | None,
    again: str | None,
    as_json: bool,
    typed: str,
) -> None:
    from seawall.errors import UsageError
    from seawall.respond.contain.session import named_person

    if done is not None:
        if really:
            raise UsageError("--done takes down what a person did; --apply does it", fix="one of the two")
        _confirmed(plan, where, phase, done, named_person(by, "--by"), as_json, typed)
        return
    if by is not None:
        raise UsageError("--by says who did the step of --done", fix="give --done STEP too")
    if not really:
        _shown(plan, where, phase, wanted, as_json, typed)
        return
    name = named_person(approver, "--approver")
    if config is None:
        raise UsageError("--apply asks the vendors", fix="give --config FILE (docs/respond.md)")
    _carried_out(plan, where, phase, wanted, name, config, again, as_json, typed)


def _shown(plan: Plan, where: Path, phase: Phase, wanted: frozenset[str], as_json: bool, typed: str) -> None:
    from dataclasses import replace

    from seawall.report.containment import show_plan, show_results
    from seawall.respond.contain import journal as journals
    from seawall.respond.contain.documents import plan_document
    from seawall.respond.contain.session import applied_steps, standing

    entries = journals.read(where) if where.exists() else []
    actions = tuple(action for action in plan.actions if action.id in wanted)
    left = len(plan.actions) - len(actions)
    shown = replace(plan, actions=actions)
    stands = standing(plan, entries, phase) if entries else []
    if phase == "undo":
        applied = applied_steps(entries)
        actions = tuple(action for action in reversed(actions) if action.id in applied)
        shown = replace(plan, actions=actions, prerequisites=(), warnings=())
        stands = [one for one in stands if one.step in applied]
    if as_json:
        document = {
            "applied": False,
            "phase": phase,
            "plan": plan_document(shown),
            "steps": _plain(plan, stands),
        }
        streams.answer_json(document)
    else:
        streams.answer(lambda console: show_plan(console, shown, with_calls=True))
        if stands:
            streams.answer(lambda console: show_results(console, plan, stands))
    if left:
        streams.say(f"{left} more are less sure, or were not named: --up-to precaution, or --steps")
    if not actions:
        streams.say("nothing of it was applied" if phase == "undo" else "no step was asked for")
        return
    streams.say("nothing was done")
    if phase == "apply":
        streams.say(f"by hand: do a step, then say so with {typed} --done STEP --by NAME")
    streams.next_step(f"{typed} --apply --approver NAME --config FILE")


def _confirmed(plan: Plan, where: Path, phase: Phase, name: str, by: str, as_json: bool, typed: str) -> None:
    from seawall.respond.contain.session import begun, confirm, standing, step

    action = step(plan, name)
    with begun(where, plan, _now) as journal:
        confirm(journal, action, by, phase)
        stands, head = standing(plan, journal.entries, phase), journal.head
    _told(plan, where, phase, stands, head, as_json, typed)


def _carried_out(
    plan: Plan,
    where: Path,
    phase: Phase,
    wanted: frozenset[str],
    approver: str,
    config: Path,
    again: str | None,
    as_json: bool,
    typed: str,
) -> None:
    from seawall.collect.clock import Clock
    from seawall.respond.contain.carrying_out import Run
    from seawall.respond.contain.hosts import Configured
    from seawall.respond.contain.session import begun, step
    from seawall.respond.contain.settings import read_settings
    from seawall.respond.contain.sparing import spares_who_asks
    from seawall.respond.contain.vendors import Vendors

    clock = Clock()
    repeated = frozenset({step(plan, again).id}) if again is not None else frozenset[str]()
    settings = read_settings(config)
    vendors = Vendors(Configured(settings, clock), clock)
    if phase == "apply":
        spares_who_asks(plan, wanted, settings, vendors)
    results: list[StepResult] = []
    with begun(where, plan, _now) as journal:
        run = Run(plan, journal, vendors, approver, phase, wanted, repeated)
        for result in run.carry_out():
            if result.state != "left out":
                streams.say(f"{result.state}: {result.step}")
            results.append(result)
        head = journal.head
    if phase == "undo":
        results.reverse()
    _told(plan, where, phase, results, head, as_json, typed)
    if any(result.state in _NOT_WELL for result in results):
        raise typer.Exit(INCOMPLETE)


def _told(
    plan: Plan, where: Path, phase: Phase, results: list[StepResult], head: str, as_json: bool, typed: str
) -> None:
    from seawall.report.containment import show_results

    if as_json:
        streams.answer_json(
            {
                "applied": True,
                "phase": phase,
                "plan": plan.id,
                "journal": str(where),
                "head": head,
                "steps": _plain(plan, results),
            }
        )
    else:
        streams.answer(lambda console: show_results(console, plan, results))
    streams.say(f"journal: {where}, which ends with {head}")
    waiting = [result.step for result in results if result.state == "waiting"]
    if waiting:
        streams.next_step(f"do {waiting[0]} by hand, then {typed} --done {waiting[0]} --by NAME")
    elif open_ := [result.step for result in results if result.state == "pending"]:
        streams.next_step(
            f"the other steps; {typed} --done {open_[0]} --by NAME says that one was done by hand"
        )
    elif phase == "apply":
        streams.next_step(f"seawall respond watch {streams.quoted(where)} PATH, in the days to come")


def _plain(plan: Plan, results: list[StepResult]) -> list[dict[str, Any]]:
    titles = {action.id: action.title for action in plan.actions}
    return [
        {
            "step": one.step,
            "title": titles[one.step],
            "state": one.state,
            "why": one.why,
            "changes": one.changes,
        }
        for one in results
    ]


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
