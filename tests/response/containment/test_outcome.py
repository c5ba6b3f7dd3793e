"""What a run of a plan left undone, by cause; and what is printed after it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from seawall.response.containment.outcome import describe_outcome, summarise_run
from seawall.response.containment.values import ContainmentPlan, StepResult, StepState

STATES: tuple[StepState, ...] = (
    "done",
    "already",
    "failed",
    "unclear",
    "blocked",
    "waiting",
    "left out",
    "undone",
)


def run_of(*states: tuple[StepState, str]) -> Any:
    """Return a plan of as many steps, and their results."""
    ids = [f"step-{number}" for number in range(1, len(states) + 1)]
    plan = SimpleNamespace(numbers={id_: number for number, id_ in enumerate(ids, start=1)})
    results = [StepResult(id_, state, why) for id_, (state, why) in zip(ids, states, strict=True)]
    return cast("ContainmentPlan", plan), results


def test_nothing_contained_is_said_with_each_cause_once() -> None:
    plan, results = run_of(
        ("failed", "no access; add [microsoft]"), ("failed", "no access; add [microsoft]"), ("unclear", "look"),
        ("blocked", "needs step 1"), ("waiting", ""), ("left out", "not asked for"),
    )  # fmt: skip
    outcome = summarise_run(plan, results)
    assert (outcome.settled, outcome.chosen, outcome.is_well) == (0, 5, False)
    assert [(one.why, one.numbers) for one in outcome.failed] == [
        ("no access; add [microsoft]", (1, 2)),
        ("look", (3,)),
    ]
    assert (outcome.blocked, outcome.waiting) == ((4,), (5,))
    said = describe_outcome(outcome, "apply")
    assert said[0].startswith("NOTHING WAS CONTAINED")
    assert [line for line in said if "add [microsoft]" in line] == ["steps 1, 2: no access; add [microsoft]"]


def test_a_part_is_counted() -> None:
    outcome = summarise_run(*run_of(("done", ""), ("already", ""), ("failed", "no")))
    assert (outcome.settled, outcome.chosen) == (2, 3)
    assert describe_outcome(outcome, "apply")[0].startswith("NOT EVERYTHING WAS CONTAINED: 2 of 3")
    assert "ROLLED BACK" in describe_outcome(outcome, "undo")[0]


@pytest.mark.parametrize("state", STATES)
def test_a_run_is_well_unless_a_step_failed_is_unclear_or_was_blocked(state: StepState) -> None:
    outcome = summarise_run(*run_of(("done", ""), (state, "")))
    assert outcome.is_well is (state not in {"failed", "unclear", "blocked"})
    assert bool(describe_outcome(outcome, "apply")) is not outcome.is_well
