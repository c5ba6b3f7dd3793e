"""`seawall respond apply` and `undo`: apply or roll back a containment plan that a named person approved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import JournalFile
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.response.containment.history import Phase
    from seawall.response.containment.values import ContainmentPlan, StepResult

INCOMPLETE = 1
_DEFAULT = "likely"
_LISTED = 20

Apply = Annotated[
    bool, typer.Option("--apply", help="Make the changes. Without this option, only print them.")
]
Approver = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --apply: name of the person who approved the plan.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings for the vendors' APIs (TOML): tables [microsoft], [google], [okta], [gate].",
    ),
]
Steps = Annotated[
    str | None,
    typer.Option(
        metavar="STEPS", help="Only these steps, separated by commas: numbers, ids or prefixes of ids."
    ),
]
Done = Annotated[
    str | None,
    typer.Option(
        metavar="STEP", help="Record that a person did this step by hand: its number or id. Needs --by."
    ),
]
By = Annotated[str | None, typer.Option(metavar="NAME", help="With --done: name of the person.")]
Again = Annotated[
    str | None,
    typer.Option(metavar="STEP", help="Repeat this step, whose outcome is unknown."),
]


def apply(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file from `seawall respond plan`.")],
    really: Apply = False,
    approver: Approver = None,
    config: Config = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Journal file. Default: beside the plan.")
    ] = None,
    minimum_confidence: Annotated[
        str,
        typer.Option(metavar="LEVEL", help="Minimum confidence of the steps: certain, likely or precaution."),
    ] = _DEFAULT,
    up_to: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Old name of --minimum-confidence.", hidden=True)
    ] = None,
    steps: Steps = None,
    done: Done = None,
    by: By = None,
    again: Again = None,
    as_json: AsJson = False,
) -> None:
    """Apply a containment plan. Without --apply, print its API calls and PowerShell.

    \b
    Examples:
      seawall respond apply plan.json
      seawall respond apply plan.json --apply --approver "Ann Example" --config respond.toml
      seawall respond apply plan.json --done remove-forwarding-9be187 --by "Bob Example"

    After a crash or an error, run it again: it resumes and repeats no completed step.

    \b
    Exit codes: 0 done, 1 a step failed, is unclear or was blocked, 2 usage, 3 no plan.
    """
    from seawall.response.containment.documents import read_plan
    from seawall.response.containment.session import journal_path, select_steps

    found = read_plan(plan)
    where = journal or journal_path(plan)
    level = _level(minimum_confidence if up_to is None else up_to)
    wanted = select_steps(found, steps, level)
    typed = f"seawall respond apply {output.quote_path(plan)}"
    typed += f" --journal {output.quote_path(journal)}" if journal else ""
    asked = _Asked(found, where, "apply", wanted, typed, _choice(steps, level), as_json)
    _run(asked, really, approver, config, done, by, again)


def undo(
    journal: JournalFile,
    really: Apply = False,
    approver: Approver = None,
    config: Config = None,
    steps: Steps = None,
    done: Done = None,
    by: By = None,
    again: Again = None,
    as_json: AsJson = False,
) -> None:
    """Roll back applied actions in reverse order. Without --apply, print the calls.

    \b
    Examples:
      seawall respond undo plan.journal.jsonl
      seawall respond undo plan.journal.jsonl --apply --approver "Ann Example" --config respond.toml
      seawall respond undo plan.journal.jsonl --steps disable-account --apply --approver "Ann Example" --config respond.toml

    An action without a rollback is reported and left as it is.

    \b
    Exit codes: 0 done, 1 a step failed or is unclear, 2 usage.
    """
    from seawall.response.containment.session import read_plan_of_journal, select_steps

    found = read_plan_of_journal(journal)
    wanted = select_steps(found, steps, "precaution")
    typed = f"seawall respond undo {output.quote_path(journal)}"
    asked = _Asked(found, journal, "undo", wanted, typed, _choice(steps, _DEFAULT), as_json)
    _run(asked, really, approver, config, done, by, again)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Selected steps of a plan (`wanted`) in one phase.

    `typed` is the command without the options that choose steps; `choice` are those, as they were given.
    """

    plan: ContainmentPlan
    where: Path
    phase: Phase
    wanted: frozenset[str]
    typed: str
    choice: str
    as_json: bool

    @property
    def show(self) -> str:
        """The options that show the steps that are hidden."""
        return "--steps" if self.choice.startswith(" --steps") else "--minimum-confidence precaution"


def _level(text: str) -> Any:
    from seawall.response.containment.values import CONFIDENCES
    from seawall_base.errors import UsageError

    if text not in CONFIDENCES:
        raise UsageError(
            f"{text!r} is not a level of confidence", fix=f"--minimum-confidence {', '.join(CONFIDENCES)}"
        )
    return text


def _choice(steps: str | None, level: str) -> str:
    """Return the options that choose the same steps again."""
    from shlex import quote

    if steps is not None:
        return f" --steps {quote(steps)}"
    return f" --minimum-confidence {level}" if level != _DEFAULT else ""


def _run(
    asked: _Asked,
    really: bool,
    approver: str | None,
    config: Path | None,
    done: str | None,
    by: str | None,
    again: str | None,
) -> None:
    from seawall_base.accountable_person import require_person
    from seawall_base.errors import UsageError

    if done is not None:
        if really:
            raise UsageError(
                "--done and --apply exclude each other",
                fix="give --apply to make the change, or --done to record a step that was done by hand",
            )
        _confirm(asked, done, require_person(by, "--by"))
        return
    if by is not None:
        raise UsageError("--by needs --done", fix="give --done STEP too")
    if not really:
        _show(asked)
        return
    name = require_person(approver, "--approver")
    if config is None:
        raise UsageError(
            "--apply needs the settings for the vendors' APIs",
            fix="give --config FILE: seawall respond begin writes one to fill in",
        )
    _carry_out(asked, name, config, again)


def _show(asked: _Asked) -> None:
    from dataclasses import replace

    from seawall.report.containment import show_plan, show_results
    from seawall.response.containment import journal as journals
    from seawall.response.containment.documents import plan_to_document
    from seawall.response.containment.session import list_applied_steps, list_step_states

    plan, is_undo = asked.plan, asked.phase == "undo"
    entries = journals.read_journal(asked.where) if asked.where.exists() else []
    shown = [action for action in plan.actions if action.id in asked.wanted]
    stands = list_step_states(plan, entries, asked.phase) if entries else []
    if is_undo:
        applied = list_applied_steps(entries)
        shown = [action for action in reversed(shown) if action.id in applied]
        plan = replace(plan, prerequisites=(), warnings=())
        stands = [one for one in stands if one.step in applied]
    if asked.as_json:
        document = plan_to_document(plan)
        by_id = {action["id"]: action for action in document["actions"]}
        document["actions"] = [by_id[action.id] for action in shown]
        plain = _plain(plan, stands)
        output.answer_json({"applied": False, "phase": asked.phase, "plan": document, "steps": plain})
    else:
        output.answer(lambda console: show_plan(console, plan, with_calls=True, shown=shown))
        if stands:
            output.answer(lambda console: show_results(console, plan, stands))
    if not is_undo:
        _say_what_is_hidden(asked)
    if not shown:
        output.say("no step of this plan was applied" if is_undo else "no step was selected")
        return
    output.say("nothing was changed")
    typed = f"{asked.typed}{asked.choice}"
    if not is_undo:
        output.say(f"to do a step by hand, do it, then record it with {typed} --done STEP --by NAME")
    output.next_step(f"{typed} --apply --approver NAME --config FILE")


def _say_what_is_hidden(asked: _Asked) -> None:
    hidden = [action for action in asked.plan.actions if action.id not in asked.wanted]
    if not hidden:
        return
    numbers = asked.plan.numbers
    named = [f"{numbers[action.id]} ({action.confidence})" for action in hidden]
    more = f" and {len(named) - _LISTED:,} more" if len(named) > _LISTED else ""
    noun = "step" if len(named) == 1 else "steps"
    output.say(
        f"not shown: {noun} {', '.join(named[:_LISTED])}{more}; {asked.show} shows {'it' if noun == 'step' else 'them'}"
    )


def _confirm(asked: _Asked, name: str, by: str) -> None:
    from seawall.response.containment.session import (
        begin_journal,
        confirm_step,
        find_shown_step,
        list_step_states,
    )

    plan, phase = asked.plan, asked.phase
    action = find_shown_step(plan, name, asked.wanted, asked.show)
    with begin_journal(asked.where, plan, _now) as journal:
        confirm_step(journal, plan, action, by, phase)
        stands, head = list_step_states(plan, journal.entries, phase), journal.head
    was = "done" if phase == "apply" else "rolled back"
    output.say(f"recorded: step {plan.numbers[action.id]} was {was}: {action.title}")
    _tell(asked, stands, head)


def _carry_out(asked: _Asked, approver: str, config: Path, again: str | None) -> None:
    from seawall.response.containment.lockout_guard import refuse_lockout
    from seawall.response.containment.outcome import summarise_run
    from seawall.response.containment.plan_run import PlanRun
    from seawall.response.containment.session import begin_journal, find_shown_step
    from seawall.response.containment.settings import read_settings
    from seawall.response.containment.vendor_hosts import ConfiguredVendors
    from seawall.response.containment.vendors import Vendors
    from seawall_base.clock import Clock

    plan, clock, numbers = asked.plan, Clock(), asked.plan.numbers
    repeated = frozenset[str]()
    if again is not None:
        repeated = frozenset({find_shown_step(plan, again, asked.wanted, asked.show).id})
    settings = read_settings(config)
    vendors = Vendors(ConfiguredVendors(settings, clock), clock)
    if asked.phase == "apply":
        refuse_lockout(plan, asked.wanted, settings, vendors)
    results: list[StepResult] = []
    with begin_journal(asked.where, plan, _now) as journal:
        run = PlanRun(plan, journal, vendors, approver, asked.phase, asked.wanted, repeated)
        for result in run.carry_out():
            if result.state != "left out":
                output.say(f"{result.state}: step {numbers[result.step]}, {result.step}")
            results.append(result)
        head = journal.head
    if asked.phase == "undo":
        results.reverse()
    _tell(asked, results, head)
    if not summarise_run(plan, results).is_well:
        raise typer.Exit(INCOMPLETE)


def _tell(asked: _Asked, results: list[StepResult], head: str) -> None:
    from seawall.report.containment import show_results
    from seawall.response.containment.outcome import describe_outcome, summarise_run

    plan, numbers = asked.plan, asked.plan.numbers
    outcome = summarise_run(plan, results)
    if asked.as_json:
        output.answer_json(
            {
                "applied": True,
                "phase": asked.phase,
                "plan": plan.id,
                "journal": str(asked.where),
                "head": head,
                "settled": outcome.settled,
                "chosen": outcome.chosen,
                "not_done": [{"why": one.why, "steps": list(one.numbers)} for one in outcome.failed],
                "steps": _plain(plan, results),
            }
        )
    else:
        output.answer(lambda console: show_results(console, plan, results))
    output.say(f"journal: {asked.where}, which ends with {head}")
    output.say(*describe_outcome(outcome, asked.phase))
    waiting = [result.step for result in results if result.state == "waiting"]
    if not outcome.is_well:
        output.next_step(
            f"do what is said above, then {asked.typed}{asked.choice} --apply --approver NAME --config FILE; "
            "--done STEP --by NAME records a step that was done by hand"
        )
    elif waiting:
        first = waiting[0]
        output.next_step(f"do step {numbers[first]} by hand, then {asked.typed} --done {first} --by NAME")
    elif open_ := [result.step for result in results if result.state == "pending"]:
        first = open_[0]
        output.next_step(
            f"the other steps; {asked.typed} --done {first} --by NAME records that step {numbers[first]} was done by hand"
        )
    elif asked.phase == "apply" and outcome.settled:
        output.next_step(f"seawall respond watch {output.quote_path(asked.where)} PATH, during the next days")


def _plain(plan: ContainmentPlan, results: list[StepResult]) -> list[dict[str, Any]]:
    titles, numbers = {action.id: action.title for action in plan.actions}, plan.numbers
    return [
        {
            "number": numbers[one.step],
            "step": one.step,
            "title": titles[one.step],
            "state": one.state,
            "why": one.why,
            "changes": one.changes,
        }
        for one in results
    ]


def _now() -> str:
    from seawall_base.clock import read_wall_clock
    from seawall_base.rfc3339 import format_time

    return format_time(read_wall_clock())
