"""Apply or undo a plan step by step, journalled, so that an interrupted run can continue.

For each change of a step:

1. The journal holds the intent and the earlier state on disk before the vendor is called.
2. The journal holds the vendor's answer before the next change.
3. An intent without result (a crash, a lost answer) is never simply repeated: the vendor's state is read. If it shows
   the change, that is the result. If it shows no change, the call is made. If it cannot tell, a person is asked, and
   dependent steps wait.
4. A step is not begun before its prerequisites are done. Steps that do not depend on a failed step go on.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from seawall.response.containment.checks import (
    COUNTED,
    Found,
    describe_notices,
    find_targets,
    has_same_fields,
    is_change_made,
    match_conditions,
    require_single_match,
    select_kept,
)
from seawall.response.containment.history import JournalHistory, Phase, StepHistory, read_history
from seawall.response.containment.journal import Journal
from seawall.response.containment.refusals import IS_SO_ALREADY
from seawall.response.containment.templates import fill_body, fill_path, keep_fields
from seawall.response.containment.values import (
    ChangeCheck,
    ContainmentPlan,
    ContainmentStep,
    StateRead,
    StepResult,
    StepState,
    VendorCall,
)
from seawall.response.containment.vendor_calls import (
    CallRefused,
    CallResultUnknown,
    VendorCaller,
    describe_refusal,
)
from seawall.response.errors import JournalBroken
from seawall_base.errors import OutputUnwritable, SeawallError

SETTLED: Final = frozenset({"done", "already"})
_TRIES: Final = 2


@dataclass(slots=True)
class PlanRun:
    """Run a plan in one phase (apply or undo).

    `chosen` are the selected step ids. `again` are steps to repeat on a person's word although their outcome is
    unknown.
    """

    plan: ContainmentPlan
    journal: Journal
    asking: VendorCaller
    approver: str
    phase: Phase = "apply"
    chosen: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    past: JournalHistory = field(init=False)
    _repeated: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.past = read_history(self.journal.entries)

    def carry_out(self) -> Iterator[StepResult]:
        """Yield the result of every step in plan order, or in reverse order when undoing."""
        self._append("approved", by=self.approver, steps=sorted(self.chosen), again=sorted(self.again))
        order = self.plan.actions if self.phase == "apply" else tuple(reversed(self.plan.actions))
        for action in order:
            yield self._step(action)

    def _step(self, action: ContainmentStep) -> StepResult:
        past = self.past.past(self.phase, action.id)
        settled = self._find_settled(action, past)
        if settled is not None:
            return settled
        try:
            state, why = self._carry_out(action, past)
        except (CallRefused, CallResultUnknown) as refused:  # a read was refused: nothing was changed
            is_open = any(change.is_open for change in past.changes.values())
            state = "unclear" if is_open else "failed"
            why = f"the vendor's state cannot be read: {refused}"
        except (OutputUnwritable, JournalBroken):  # never act without a journal entry
            raise
        except SeawallError as error:
            state, why = "failed", _join(error.message, error.fix)
        return self._end(action, past, state, why)

    def _find_settled(self, action: ContainmentStep, past: StepHistory) -> StepResult | None:
        """Return a step's result if nothing needs to be done now, else None."""
        made = sum(change.outcome == "done" for change in past.changes.values())
        if self.phase == "apply" and self.past.state(action) == "undone":
            return StepResult(action.id, "undone", "was taken back: make another plan to do it again", made)
        if past.state in {*SETTLED, "undone"}:
            return StepResult(action.id, past.state, past.why, made)
        if self.phase == "undo":
            return self._nothing_to_undo(action, past)
        if action.id not in self.chosen:
            return StepResult(action.id, "left out", "not asked for")
        missing = [step for step in action.after if self.past.past("apply", step).state not in SETTLED]
        if missing:
            numbers = self.plan.numbers
            named = ", ".join(f"step {numbers.get(step, '?')} ({step})" for step in missing)
            return self._end(action, past, "blocked", f"needs {named} first")
        if action.is_by_hand:
            return self._end(action, past, "waiting", "to be done by hand")
        return None

    def _nothing_to_undo(self, action: ContainmentStep, past: StepHistory) -> StepResult | None:
        applied = self.past.past("apply", action.id)
        touched = [
            change for change in applied.changes.values() if change.is_open or change.outcome == "done"
        ]
        if applied.state == "pending" and not touched:
            return StepResult(action.id, "left out", "was not applied")
        if action.id not in self.chosen:
            return StepResult(action.id, "left out", "not asked for")
        if applied.confirmed_by and not touched and action.undo_powershell:
            return self._end(action, past, "waiting", "was done by hand: undo it by hand")
        if any(change.is_open for change in touched):
            return self._end(
                action, past, "unclear", "it is not known whether this was applied: settle that first"
            )
        if not touched and not applied.confirmed_by:
            return StepResult(action.id, "left out", "nothing was changed")
        if not action.undo:
            return StepResult(action.id, "left out", action.irreversible or "cannot be undone")
        return None

    def _end(self, action: ContainmentStep, past: StepHistory, state: StepState, why: str) -> StepResult:
        made = sum(change.outcome == "done" for change in past.changes.values())
        if (past.state, past.why) != (state, why):
            self._append("step", step=action.id, state=state, why=why)
            past.state, past.why = state, why
        return StepResult(action.id, state, why, made)

    def _carry_out(self, action: ContainmentStep, past: StepHistory) -> tuple[StepState, str]:
        if self.phase == "undo":
            return self._undone(action, past)
        if not past.is_begun:
            past.changes.clear()
            past.before = self._read_before(action)
            self._append("before", step=action.id, found=past.before)
            if self._is_done_already(action, past.before):
                return "already", _join("it was so before", describe_notices(action, past.before)[0])
        before = past.before or {}
        notices, is_by_hand = describe_notices(action, before)
        if is_by_hand and not past.is_begun:
            return "waiting", notices
        items = find_targets(action, before)
        if not items:
            return "already", _join("nothing of the kind is there", notices)
        for number, item in enumerate(items):
            self._change(action, past, number, item, item, before)
        state, why = self._summarise(past, len(items))
        return state, _join(why, notices)

    def _undone(self, action: ContainmentStep, past: StepHistory) -> tuple[StepState, str]:
        applied = self.past.past("apply", action.id)
        before = applied.before or {}
        items = list(enumerate(find_targets(action, before)))
        wanted = [(number, item) for number, item in reversed(items) if applied.is_made(number)]
        for number, item in wanted:
            change, made = past.change(number), applied.change(number).made or {}
            target = self._undo_target(action, past, item, made)
            is_new = change.outcome is None and not change.is_open
            if (
                is_new
                and action.undone is not None
                and self._check_change(action, action.undone, before, target)
            ):
                change.outcome = "gone"
                self._append("result", step=action.id, change=number, outcome="gone")
                continue
            self._change(action, past, number, {**item, "made": made}, target, before)
        state, why = self._summarise(past, len(wanted))
        return ("undone" if state == "done" else state), why

    def _undo_target(
        self, action: ContainmentStep, past: StepHistory, item: Mapping[str, Any], made: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the object whose state shows whether an undo was made.

        Either the created object is now absent, or the earlier object exists again. Of equal objects, as many must
        exist as were restored.
        """
        if action.undone is not None and action.undone.test == "absent":
            return made
        fields = action.undone.fields if action.undone is not None else ()
        applied = self.past.past("apply", action.id)
        items = find_targets(action, applied.before or {})
        back = sum(
            change.outcome in {"done", "gone"}
            and not change.is_open
            and has_same_fields(items[number], item, fields)
            for number, change in past.changes.items()
        )
        return {**item, COUNTED: back}

    def _change(
        self,
        action: ContainmentStep,
        past: StepHistory,
        number: int,
        item: Mapping[str, Any],
        target: Mapping[str, Any],
        before: Mapping[str, Found],
    ) -> None:
        """Make one change unless it was made already, as the module's list says. `target` is the object of its check."""
        change = past.change(number)
        check = self._check(action)
        for _ in range(_TRIES):
            if change.outcome in {"done", "gone"} and not change.is_open:
                return
            if change.is_open and not self._resolve(action, past, number, before, target, check):
                return
            if change.outcome in {"done", "gone"} and not change.is_open:
                return
            self._make(action, past, number, item, before, target)
            if not change.is_open:
                return
        if change.is_open:
            self._resolve(action, past, number, before, target, check)

    def _resolve(
        self,
        action: ContainmentStep,
        past: StepHistory,
        number: int,
        before: Mapping[str, Found],
        target: Mapping[str, Any],
        check: ChangeCheck | None,
    ) -> bool:
        """Find out whether an intended change was made, and record the result.

        Return False if the vendor's state cannot tell and a person must decide.
        """
        change = past.change(number)
        says = self._check_change(action, check, before, target) if check is not None else None
        if says is None:
            if action.id not in self.again or (action.id, number) in self._repeated:
                return False
            self._repeated.add((action.id, number))
        outcome = "done" if says else "not made"
        made = self._read_again(action, check) if says else None
        self._append(
            "result", step=action.id, change=number, outcome=outcome, verified=says is not None, made=made
        )
        change.is_open, change.made = False, made
        change.outcome = "done" if says else "not made"
        return True

    def _read_again(self, action: ContainmentStep, check: ChangeCheck | None) -> dict[str, Any] | None:
        """Return the changed object as the vendor's answer would have contained it, if a read returns that object."""
        if check is None or check.test != "present" or self.phase == "undo":
            return None
        read = next(one for one in action.before if one.name == check.read)
        listed = match_conditions(read, self._read(action, read, {}))
        return listed[-1] if listed else None

    def _make(
        self,
        action: ContainmentStep,
        past: StepHistory,
        number: int,
        item: Mapping[str, Any],
        before: Mapping[str, Found],
        target: Mapping[str, Any],
    ) -> None:
        change, call = past.change(number), self._call(action)
        state: dict[str, Any] = {**before, "made": item.get("made") or {}}
        if action.each:
            state[action.each] = {name: value for name, value in item.items() if name != "made"}
        given = {"password": _generate_password(), "approver": self.approver}
        filled = replace(call, path=fill_path(call.path, state), body=fill_body(call.body, state, given))
        self._append("intent", step=action.id, change=number, method=call.method, path=filled.path)
        change.is_open = True
        try:
            reply = self.asking.ask(action.vendor, filled)
        except CallRefused as refused:
            change.is_open = False
            is_gone = refused.status == 404 and call.method == "DELETE"
            if refused.status in IS_SO_ALREADY and (check := self._check(action)) is not None:
                is_gone = self._check_change(action, check, before, target) is True
            change.outcome = "gone" if is_gone else "failed"
            self._append(
                "result",
                step=action.id,
                change=number,
                outcome=change.outcome,
                status=refused.status,
                code=refused.code,
                advice=refused.advice,
            )
        except CallResultUnknown as unclear:
            change.outcome = "unclear"
            self._append("result", step=action.id, change=number, outcome="unclear", code=unclear.code)
        else:
            change.is_open, change.outcome = False, "done"
            change.made = keep_fields(reply.document, ("id",)) or None
            self._append(
                "result", step=action.id, change=number, outcome="done", status=reply.status, made=change.made
            )

    def _call(self, action: ContainmentStep) -> VendorCall:
        return action.undo[0] if self.phase == "undo" else action.calls[0]

    def _check(self, action: ContainmentStep) -> ChangeCheck | None:
        return action.undone if self.phase == "undo" else action.done

    def _summarise(self, past: StepHistory, wanted: int) -> tuple[StepState, str]:
        outcomes = [past.change(number) for number in past.changes]
        if any(change.is_open for change in outcomes):
            return "unclear", "it is not known whether the change was made: look, then say --done or --again"
        failed = sum(change.outcome in {"failed", "not made"} for change in outcomes)
        if failed:
            return "failed", f"the vendor refused {failed} of {wanted}: {self._last_code(past)}"
        if all(change.outcome == "gone" for change in outcomes):
            return "already", "it was so before"
        return "done", ""

    def _last_code(self, past: StepHistory) -> str:
        for entry in reversed(self.journal.entries):
            is_failure = entry["event"] == "result" and entry["outcome"] == "failed"
            if is_failure and self.past.past(self.phase, entry["step"]) is past:
                return describe_refusal(
                    entry.get("status", 0), entry.get("code", ""), entry.get("advice", "")
                )
        return "no answer"

    def _is_done_already(self, action: ContainmentStep, before: Mapping[str, Found]) -> bool:
        check = action.done
        if check is None or action.each or check.test == "changed":
            return False
        return is_change_made(check, action, before, before.get(check.read), None) is True

    def _check_change(
        self,
        action: ContainmentStep,
        check: ChangeCheck,
        before: Mapping[str, Found],
        item: Mapping[str, Any],
    ) -> bool | None:
        read = next(one for one in action.before if one.name == check.read)
        try:
            now = self._read(action, read, before)
        except (CallRefused, CallResultUnknown):
            return None
        return is_change_made(check, action, before, now, item)

    def _read_before(self, action: ContainmentStep) -> dict[str, Found]:
        state: dict[str, Found] = {}
        for read in action.before:
            state[read.name] = self._read(action, read, state)
        return state

    def _read(self, action: ContainmentStep, read: StateRead, state: Mapping[str, Found]) -> Found:
        call = replace(read.call, path=fill_path(read.call.path, require_single_match(action.before, state)))
        try:
            if read.items:
                pages = self.asking.pages(action.vendor, call, read.items)
                return select_kept(read, pages if read.items == "." else {read.items: pages})
            return select_kept(read, self.asking.ask(action.vendor, call).document)
        except CallRefused as refused:
            # 404 on a list read means that its owner is missing or unreadable, not that the list is empty.
            if refused.status == 404 and not read.items:
                return select_kept(read, None)
            raise

    def _append(self, event: str, **content: Any) -> None:
        if "step" in content:
            content["step_number"] = self.plan.numbers.get(content["step"])
        self.journal.append(event, phase=self.phase, **content)


def _join(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def _generate_password() -> str:
    """Return a random password with every kind of character that policies ask for. It is never shown or stored."""
    letters = string.ascii_letters + string.digits
    return "aA1!" + "".join(secrets.choice(letters) for _ in range(28))
