"""Say what a run of a plan left undone: nothing, some or all of it, and why, grouped by cause. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from seawall.response.containment.history import Phase
from seawall.response.containment.values import ContainmentPlan, StepResult
from seawall_base.plurals import plural

SETTLED: Final = frozenset({"done", "already", "undone"})
NOT_WELL: Final = frozenset({"failed", "unclear", "blocked"})
_LISTED: Final = 12


@dataclass(frozen=True, slots=True)
class UndoneGroup:
    """Hold the numbers of steps that one cause kept from being done. `why` is the cause, and what to set or look at."""

    why: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Hold how a run ended: how many of the chosen steps are settled, and which are not, by cause, the most frequent first.

    `blocked` are steps that wait for another one of the plan, `waiting` those that a person has to do.
    """

    settled: int
    chosen: int
    failed: tuple[UndoneGroup, ...]
    blocked: tuple[int, ...]
    waiting: tuple[int, ...]

    @property
    def is_well(self) -> bool:
        """Return whether no step failed, is unclear or was blocked."""
        return not self.failed and not self.blocked


def summarise_run(plan: ContainmentPlan, results: Sequence[StepResult]) -> RunOutcome:
    """Return how a run ended, from the state of each step."""
    numbers = plan.numbers
    causes: dict[str, list[int]] = defaultdict(list)
    for one in results:
        if one.state in ("failed", "unclear"):
            causes[one.why].append(numbers[one.step])
    groups = [UndoneGroup(why, tuple(sorted(found))) for why, found in causes.items()]
    chosen = [one for one in results if one.state != "left out"]
    return RunOutcome(
        settled=sum(one.state in SETTLED for one in chosen),
        chosen=len(chosen),
        failed=tuple(sorted(groups, key=lambda group: (-len(group.numbers), group.numbers))),
        blocked=tuple(sorted(numbers[one.step] for one in chosen if one.state == "blocked")),
        waiting=tuple(sorted(numbers[one.step] for one in chosen if one.state == "waiting")),
    )


def describe_outcome(outcome: RunOutcome, phase: Phase) -> list[str]:
    """Return lines that say what is not done, why, and what to set; nothing if no step failed, is unclear or was blocked."""
    if outcome.is_well:
        return []
    was, verb = ("contained", "is done") if phase == "apply" else ("rolled back", "is rolled back")
    if not outcome.settled:
        lines = [f"NOTHING WAS {was.upper()}: none of {plural(outcome.chosen, 'step')} {verb}."]
    else:
        lines = [
            f"NOT EVERYTHING WAS {was.upper()}: {outcome.settled:,} of {plural(outcome.chosen, 'step')} {verb}."
        ]
    for group in outcome.failed:
        lines.append(f"{_name_steps(group.numbers)}: {group.why or 'no reason is known'}")
    if outcome.blocked:
        lines.append(f"{_name_steps(outcome.blocked)}: blocked until the steps before are done")
    if outcome.waiting:
        lines.append(f"{_name_steps(outcome.waiting)}: a person has to do it")
    if phase == "apply":
        lines.append(
            "The intruder may keep what is not done. The list above says under each such step how to do it by hand."
        )
    return lines


def _name_steps(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_LISTED])
    more = f" and {len(numbers) - _LISTED:,} more" if len(numbers) > _LISTED else ""
    return f"{'step' if len(numbers) == 1 else 'steps'} {shown}{more}"
