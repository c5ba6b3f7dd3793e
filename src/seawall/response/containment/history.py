"""What a journal says happened so far: the plan, and of each step what was read, intended, done and confirmed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from seawall.response.containment.checks import Found
from seawall.response.containment.documents import plan_from_document
from seawall.response.containment.journal import Entry
from seawall.response.containment.values import ContainmentPlan, ContainmentStep, StepState
from seawall.response.errors import JournalBroken

Phase = Literal["apply", "undo"]
Outcome = Literal["done", "gone", "failed", "not made", "unclear"]
"""How one change ended. `gone`: it was no longer there. `not made`: the vendor's state says that it did not happen."""

_STATES = frozenset(get_args(StepState))


@dataclass(slots=True)
class StepChange:
    """One change of a step. `is_open`: it was intended and no result is known; it may or may not have happened."""

    outcome: Outcome | None = None
    is_open: bool = False
    made: dict[str, Any] | None = None


@dataclass(slots=True)
class StepHistory:
    """What happened in one phase of a step."""

    before: dict[str, Found] | None = None
    changes: dict[int, StepChange] = field(default_factory=dict)
    state: StepState = "pending"
    why: str = ""
    confirmed_by: str = ""

    @property
    def is_begun(self) -> bool:
        """Whether a change was made, or may have been: then what was read before stays what it is."""
        return any(change.is_open or change.outcome in {"done", "gone"} for change in self.changes.values())

    def change(self, number: int) -> StepChange:
        """The change of this number."""
        return self.changes.setdefault(number, StepChange())

    def is_made(self, number: int) -> bool:
        """Whether a change of this number was made, as far as is known for sure."""
        change = self.changes.get(number)
        return change is not None and change.outcome == "done" and not change.is_open


@dataclass(slots=True)
class JournalHistory:
    """All that the lines of a journal say."""

    plan: ContainmentPlan | None = None
    steps: dict[tuple[Phase, str], StepHistory] = field(default_factory=dict)
    approved: list[tuple[str, str, Phase]] = field(default_factory=list)
    """(when, by whom, for what), one for each run."""

    def past(self, phase: Phase, step: str) -> StepHistory:
        """What happened in a phase of a step."""
        return self.steps.setdefault((phase, step), StepHistory())

    def state(self, action: ContainmentStep) -> StepState:
        """Where a step stands, its undoing included."""
        undone = self.steps.get(("undo", action.id))
        if undone is not None and undone.state in {"undone", "already"}:
            return "undone"
        return self.past("apply", action.id).state


def read_history(entries: Iterable[Entry]) -> JournalHistory:
    """What the lines say. Raises JournalBroken where they say what no journal says."""
    found = JournalHistory()
    for entry in entries:
        try:
            _take(found, entry)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise JournalBroken(
                f"line {entry.get('number')} of the journal makes no sense", fix="keep the file as it is"
            ) from None
    return found


def _take(found: JournalHistory, entry: Mapping[str, Any]) -> None:
    event = entry["event"]
    if event == "opened":
        found.plan = plan_from_document(entry["plan"])
        return
    if event == "torn":
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
