"""Print a containment plan and its results: steps, calls, PowerShell, undo.

Names in a plan come from logs, and an attacker wrote some of them. Every line passes `visible`, and none is markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.response.containment.values import (
    ContainmentPlan,
    ContainmentStep,
    IntruderReturn,
    StateRead,
    StepResult,
    StepState,
    VendorCall,
)
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import span_text

_BASES = {
    ("microsoft", ""): "https://graph.microsoft.com/v1.0",
    ("google", "directory"): "https://admin.googleapis.com",
    ("google", "gmail"): "https://gmail.googleapis.com",
    ("okta", ""): "https://YOUR-ORGANISATION.okta.com",
    ("gate", ""): "https://YOUR-GATE",
}
_STYLES: dict[StepState, str] = {
    "done": "green",
    "already": "green",
    "undone": "green",
    "failed": "bold red",
    "unclear": "bold red",
    "blocked": "dark_orange",
    "waiting": "yellow",
}
_FOR_A_PERSON = frozenset({"waiting", "failed", "unclear", "blocked"})
"""States of steps that are not done, under which stands how a person does them."""

_LINE = 600
_RESULT_INDENT = 15
"""Columns before the text of a result: those of its state and number."""
_LONGEST_COMMAND = 4_000
"""Most characters of a call or a command. The limit is high, because a truncated command must not look complete."""


def show_plan(
    console: Console,
    plan: ContainmentPlan,
    *,
    with_calls: bool,
    shown: Sequence[ContainmentStep] | None = None,
) -> None:
    """Print a plan: prerequisites and warnings, then the steps in order. With `with_calls`, add calls, PowerShell and undo.

    With `shown`, print only these steps of the plan, in this order. Each keeps its number in the plan.
    """
    numbers = plan.numbers
    steps = plan.actions if shown is None else shown
    for title, lines in (("Before you begin", plan.prerequisites), ("Know this", plan.warnings)):
        if lines:
            console.print(_text(title, "bold"))
            for line in lines:
                console.print(_item(line))
            console.print()
    total = plural(len(plan.actions), "step")
    of = total if len(steps) == len(plan.actions) else f"{len(steps):,} of {total}"
    console.print(_text(f"{of}, in this order" if len(steps) > 1 else of, "bold"))
    for action in steps:
        head = Text.assemble((f"{numbers[action.id]:>3}  ", "bold"), (f"{action.confidence:<10}  ", "cyan"))
        head.append_text(_text(action.title, "bold"))
        console.print(head.append_text(_text(f"  {action.id}", "dim")))
        for part in _step(action, numbers, with_calls=with_calls):
            _indent(console, part, 5)


def show_results(console: Console, plan: ContainmentPlan, results: Sequence[StepResult]) -> None:
    """Print the state of every step of a plan, with its number in the plan."""
    by_id = {action.id: action for action in plan.actions}
    numbers = plan.numbers
    for result in results:
        action = by_id[result.step]
        head = Text(f"{result.state:<9} ", style=_STYLES.get(result.state, "dim"))
        head.append(f"{numbers[result.step]:>3}  ", style="bold")
        head.append_text(_text(action.title))
        if result.changes > 1:
            head.append(f" ({plural(result.changes, 'change')})")
        console.print(head.append_text(_text(f"  {action.id}", "dim")))
        if result.why:
            console.print(Padding(_text(result.why, "dim"), (0, 0, 0, _RESULT_INDENT)))
        if result.state in _FOR_A_PERSON:
            for line in _by_hand(action, with_calls=True):
                _indent(console, line, _RESULT_INDENT)


def _item(line: str) -> Table:
    """Return a list item whose wrapped lines align with its text, not with the dash."""
    item = Table.grid()
    item.add_row("  - ", _text(line))
    return item


def _indent(console: Console, part: Text, columns: int) -> None:
    """Print a text indented. Sentences wrap; a call or command, which people copy, stays on one line."""
    if part.no_wrap:
        console.print(Text(" " * columns).append_text(part), soft_wrap=True)
    else:
        console.print(Padding(part, (0, 0, 0, columns)))


def show_returns(console: Console, returns: Sequence[IntruderReturn]) -> None:
    """Print the returns of contained attackers, the most certain first."""
    for one in returns:
        head = Text(f"{span_text(one.first, one.last)} UTC  ", style="dim")
        console.print(head.append_text(_text(one.text, "bold")))
        shown = ", ".join(one.records[:3])
        more = f" and {one.record_count - 3:,} more" if one.record_count > 3 else ""
        console.print(Padding(_text(f"records {shown}{more}", "dim"), (0, 0, 0, 2)))


def _step(action: ContainmentStep, numbers: Mapping[str, int], *, with_calls: bool) -> Iterator[Text]:
    yield _text(action.reason, "dim")
    before = sorted(numbers[id_] for id_ in action.after if id_ in numbers)
    if before:
        yield _text(
            f"after: {'step' if len(before) == 1 else 'steps'} {' and '.join(map(str, before))}", "dim"
        )
    if action.is_by_hand or not with_calls:
        yield from _by_hand(action) if action.is_by_hand else ()
    else:
        for read in action.before:
            yield _line(f"reads   {read_text(action, read)}")
        for call in action.calls:
            yield _line(f"calls   {call_text(action, call, each=action.each)}")
        for call in action.undo:
            yield _line(f"undo    {call_text(action, call)}")
        for line in action.powershell:
            yield _line(f"or      PS> {line}")
        for line in action.undo_powershell:
            yield _line(f"undo    PS> {line}")
    for name in dict.fromkeys(
        f"{read.name}.{notice.condition.field}"
        for read in action.before
        for notice in read.notices
        if notice.by_hand
    ):
        yield _text(f"looks at {name} first: it may be for a person to do", "dim")
    if isinstance(action.details.get("note"), str):
        yield _text(f"note: {action.details['note']}", "dim")
    if action.irreversible:
        yield _text(f"cannot be undone: {action.irreversible}", "yellow")


def _by_hand(action: ContainmentStep, *, with_calls: bool = False) -> Iterator[Text]:
    """Yield how a person does a step; with `with_calls`, by the vendor's calls where there is no other way."""
    if action.by_hand:
        yield _text(f"by hand: {action.by_hand}")
    if with_calls and not action.by_hand and not action.powershell:
        yield from (
            _line(f"by hand, the call {call_text(action, call, each=action.each)}") for call in action.calls
        )
    for line in action.powershell:
        yield _line(f"PS> {line}")
    for line in action.undo_powershell:
        yield _line(f"undo    PS> {line}")


def read_text(action: ContainmentStep, read: StateRead) -> str:
    """Return the request by which a step reads the current state, with its conditions on list items."""
    return f"{read.call.method} {_url(action, read.call)}{_describe_match(read)}"


def call_text(action: ContainmentStep, call: VendorCall, *, each: str = "") -> str:
    """Return a call as one line: method, URL and body. `each` names the list for whose items the call is repeated."""
    body = f" {msgspec.json.encode(call.body).decode()}" if call.body is not None else ""
    more = f"   for each {each} that was found" if each else ""
    return f"{call.method} {_url(action, call)}{body}{more}"


def _url(action: ContainmentStep, call: VendorCall) -> str:
    return _BASES.get((action.vendor, call.service), "") + call.path


def _describe_match(read: StateRead) -> str:
    words = {"equal": "is", "contains": "holds", "between": "lies in"}
    conditions = [f"{one.field} {words[one.operator]} {one.value}" for one in read.where]
    return f"   where {' and '.join(conditions)}" if conditions else ""


def _line(value: str) -> Text:
    return Text(visible(value, _LONGEST_COMMAND), no_wrap=True)


def _text(value: str, style: str = "") -> Text:
    return Text(visible(value, _LINE), style=style, overflow="fold")
