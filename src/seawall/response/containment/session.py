"""Open a plan with its journal, select steps by id, number or confidence, and record manual confirmations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seawall.response.containment import journal as journals
from seawall.response.containment.documents import plan_to_document
from seawall.response.containment.history import Phase, StepHistory, read_history
from seawall.response.containment.journal import Journal
from seawall.response.containment.values import (
    CONFIDENCES,
    Confidence,
    ContainmentPlan,
    ContainmentStep,
    StepResult,
)
from seawall.response.errors import JournalBroken
from seawall_base.errors import UsageError


def journal_path(plan_file: Path) -> Path:
    """Return the default path of a plan's journal: beside the plan file."""
    return plan_file.with_name(f"{plan_file.stem}.journal.jsonl")


@contextmanager
def begin_journal(path: Path, plan: ContainmentPlan, clock: Callable[[], str]) -> Iterator[Journal]:
    """Open the journal of this plan, starting it if it is new.

    Raises JournalBroken if the journal is another plan's.
    """
    with journals.open_journal(path, clock=clock) as journal:
        known = read_history(journal.entries).plan
        if known is None:
            journal.append("opened", plan=plan_to_document(plan))
        elif known.id != plan.id:
            raise JournalBroken(f"{path}: is the journal of another plan", fix="give another --journal")
        yield journal


def read_plan_of_journal(path: Path) -> ContainmentPlan:
    """Return the plan stored in a journal. Raises JournalBroken."""
    plan = read_history(journals.read_journal(path)).plan
    if plan is None:
        raise JournalBroken(
            f"{path}: holds no plan", fix="give the journal that `seawall respond apply` wrote"
        )
    return plan


def select_steps(plan: ContainmentPlan, steps: str | None, up_to: Confidence) -> frozenset[str]:
    """Return the ids of the selected steps: those named in `steps`, else all of at least confidence `up_to`.

    Raises UsageError for an unknown step.
    """
    if steps is None:
        most = CONFIDENCES.index(up_to)
        return frozenset(action.id for action in plan.actions if CONFIDENCES.index(action.confidence) <= most)
    return frozenset(find_step(plan, name).id for name in steps.split(",") if name.strip())


def find_step(plan: ContainmentPlan, name: str) -> ContainmentStep:
    """Return the step with this id, unique id prefix, or number in the plan. Raises UsageError."""
    name = name.strip()
    if is_number(name) and 1 <= int(name) <= len(plan.actions):
        return plan.actions[int(name) - 1]
    found = [action for action in plan.actions if name and action.id.startswith(name)]
    if len(found) != 1:
        what = "no step" if not found else f"{len(found)} steps"
        raise UsageError(
            f"{what} {name!r} in the plan",
            fix=f"give an id, the start of one, or a number, 1 to {len(plan.actions)}",
        )
    return found[0]


def is_number(name: str) -> bool:
    """Return whether a step is named by its number."""
    return re.fullmatch(r"[0-9]{1,6}", name.strip()) is not None


def find_shown_step(plan: ContainmentPlan, name: str, shown: frozenset[str], show: str) -> ContainmentStep:
    """Return the step of a name, accepting a number only for a step that is shown.

    A person who counts the shown lines would otherwise select another step. `show` are the options that show the
    step. Raises UsageError.
    """
    action = find_step(plan, name)
    if is_number(name) and action.id not in shown:
        number = plan.numbers[action.id]
        raise UsageError(
            f"step {number} ({action.confidence}) is not among the steps that this command shows: {action.title}",
            fix=f"add {show}, or name the step by its id, {action.id}",
        )
    return action


def confirm_step(
    journal: Journal, plan: ContainmentPlan, action: ContainmentStep, by: str, phase: Phase
) -> None:
    """Record that a person did a step, or saw that it is done. A repeated confirmation is not recorded.

    Signals carry the time of an act, so recording it twice would report two acts. Raises UsageError for the undo of a
    step that was not applied.
    """
    past = read_history(journal.entries)
    if past.past(phase, action.id).state in {"done", "undone"}:
        return
    number = plan.numbers[action.id]
    if phase == "undo" and not _was_applied(past.past("apply", action.id)):
        raise UsageError(
            f"step {number} was not applied, so it cannot be undone: {action.title}",
            fix="name a step that `seawall respond undo` lists",
        )
    journal.append("confirmed", phase=phase, step=action.id, step_number=number, by=by)


def _was_applied(past: StepHistory) -> bool:
    return bool(past.confirmed_by) or past.is_begun


def list_applied_steps(entries: Iterable[journals.Entry]) -> frozenset[str]:
    """Return the ids of steps that were or may have been applied and were not undone."""
    past = read_history(entries)
    applied = {step for phase, step in past.steps if phase == "apply"}
    back = {
        step
        for (phase, step), one in past.steps.items()
        if phase == "undo" and one.state in {"undone", "already"}
    }
    return frozenset(step for step in applied - back if _was_applied(past.past("apply", step)))


def list_step_states(
    plan: ContainmentPlan, entries: Iterable[journals.Entry], phase: Phase
) -> list[StepResult]:
    """Return the state of every step by the journal alone, without calling a vendor."""
    past = read_history(entries)
    found = []
    for action in plan.actions:
        one = past.past(phase, action.id)
        made = sum(change.outcome == "done" for change in one.changes.values())
        found.append(StepResult(action.id, one.state, one.why, made))
    return found
