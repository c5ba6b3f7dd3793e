"""Reconstruct from a journal what happened so far: the plan, and each step's reads, intents, results and confirmations.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from seawall.response.containment.checks import Found
from seawall.response.containment.documents import plan_from_document
from seawall.response.containment.journal import ERASED, Entry
from seawall.response.containment.values import ContainmentPlan, ContainmentStep, StepState
from seawall.response.errors import JournalBroken

Phase = Literal["apply", "undo"]
Outcome = Literal["done", "gone", "failed", "not made", "unclear"]
"""Outcome of one change. `gone`: the object no longer existed. `not made`: the vendor's state shows that nothing changed."""

_STATES = frozenset(get_args(StepState))


@dataclass(slots=True)
class StepChange:
    """One change of a step. `is_open`: it was intended, no result is known, and it may or may not have happened."""

    outcome: Outcome | None = None
    is_open: bool = False
    made: dict[str, Any] | None = None


@dataclass(slots=True)
class StepHistory:
    """The recorded events of one phase (apply or undo) of a step."""

    before: dict[str, Found] | None = None
    changes: dict[int, StepChange] = field(default_factory=dict)
    state: StepState = "pending"
    why: str = ""
    confirmed_by: str = ""

    @property
    def is_begun(self) -> bool:
        """Return whether a change was made or may have been; then the earlier reads must not be replaced."""
        return any(change.is_open or change.outcome in {"done", "gone"} for change in self.changes.values())

    def change(self, number: int) -> StepChange:
        """Return the change with this number."""
        return self.changes.setdefault(number, StepChange())

    def is_made(self, number: int) -> bool:
        """Return whether the change with this number was certainly made."""
        change = self.changes.get(number)
        return change is not None and change.outcome == "done" and not change.is_open


@dataclass(slots=True)
class JournalHistory:
    """Everything that a journal's lines record."""

    plan: ContainmentPlan | None = None
    steps: dict[tuple[Phase, str], StepHistory] = field(default_factory=dict)
    approved: list[tuple[str, str, Phase]] = field(default_factory=list)
    """One (time, approver, phase) for each run."""

    def past(self, phase: Phase, step: str) -> StepHistory:
        """Return what happened in one phase of a step."""
        return self.steps.setdefault((phase, step), StepHistory())

    def state(self, action: ContainmentStep) -> StepState:
        """Return the state of a step, taking its undo into account."""
        undone = self.steps.get(("undo", action.id))
        if undone is not None and undone.state in {"undone", "already"}:
            return "undone"
        return self.past("apply", action.id).state


def read_history(entries: Iterable[Entry]) -> JournalHistory:
    """Parse journal lines. Raises JournalBroken if their sequence is impossible."""
    found = JournalHistory()
    for entry in entries:
        try:
            _take(found, entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise JournalBroken(
                f"line {entry.get('number')} of the journal is invalid",
                fix="keep the file unchanged, and compare it with a copy",
            ) from None
    return found


def _take(found: JournalHistory, entry: Mapping[str, Any]) -> None:
    event = entry["event"]
    if event == "opened":
        found.plan = plan_from_document(entry["plan"])
        return
    if event in ("torn", ERASED):
        return
    phase: Phase = "undo" if entry["phase"] == "undo" else "apply"
    if event == "approved":
        found.approved.append((entry["at"], entry["by"], phase))
        return
    past = found.past(phase, entry["step"])
    if event == "before":
        past.before = dict(entry["found"])
        past.changes.clear()
    elif event == "intent":
        past.change(entry["change"]).is_open = True
    elif event == "result":
        change = past.change(entry["change"])
        change.is_open, change.outcome = entry["outcome"] == "unclear", entry["outcome"]
        change.made = entry.get("made")
    elif event == "step":
        if entry["state"] not in _STATES:
            raise ValueError(entry["state"])
        past.state, past.why = entry["state"], entry.get("why", "")
    elif event == "confirmed":
        past.state = "undone" if phase == "undo" else "done"
        for change in past.changes.values():
            if change.is_open:
                change.is_open, change.outcome = False, "done"
        past.why, past.confirmed_by = f"confirmed by {entry['by']}", entry["by"]
    else:
        raise ValueError(event)
