"""`seawall token conformance`: test a token verifier with hostile tokens."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from rich.console import Console

    from seawall_tokens.conformance.case import Case
    from seawall_tokens.conformance.run import CaseResult

FAULTS_FOUND = 10
"""Exit code when something fails at the level of `--fail-on`."""

_STYLES = {"let-in": "bold red", "control-refused": "bold red", "crashed": "yellow", "timed-out": "yellow"}


class ConformanceLevel(StrEnum):
    """What makes the command fail."""

    accepted = "accepted"
    crashed = "crashed"
    code = "code"
    not_covered = "not-covered"
    never = "never"


def conformance(
    verifier: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="The verifier: a function or a `Verifier`."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Only these families or cases, separated by commas."),
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option("--except", metavar="NAMES", help="Skip these families or cases."),
    ] = None,
    fail_on: Annotated[
        ConformanceLevel,
        typer.Option(
            metavar="LEVEL",
            help="Exit with 10 from this level on: accepted, crashed, code, not-covered or never.",
        ),
    ] = ConformanceLevel.accepted,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Time limit for one token, in seconds.")
    ] = 5.0,
    list_cases: Annotated[bool, typer.Option("--list", help="List the cases; run none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Test your token verifier with hostile and valid tokens, and print the results.

    The verifier is Python: verify(token, context) returns claims or raises. A missing feature counts as
    not covered, never as passed. See `seawall help conformance`.

    \b
    Examples:
      seawall token conformance --verifier myservice.auth:verify
      seawall token conformance --verifier myservice.auth:verify --only binding,renewal
      seawall token conformance --list --only binding
    """
    from seawall_base.errors import UsageError
    from seawall_tokens.conformance import battery

    chosen = battery.cases(_names(only), _names(leave_out))
    if list_cases:
        _list(chosen, as_json)
        return
    if verifier is None:
        raise UsageError("no verifier", fix="name one with --verifier module:function, or --list the cases")
    results, passed = _run(verifier, battery.with_baseline(chosen), fail_on.value, time_limit)
    if as_json:
        _answer_json(verifier, results, passed)
    else:
        output.answer(lambda console: _draw(console, results))
        _tell(results, passed)
    if not passed and fail_on is not ConformanceLevel.never:
        raise typer.Exit(FAULTS_FOUND)


def _run(place: str, chosen: Sequence[Case], level: str, limit: float) -> tuple[list[CaseResult], bool]:
    import sys
    from contextlib import redirect_stdout
    from typing import cast

    from seawall_tokens.conformance import matrix
    from seawall_tokens.conformance.run import run
    from seawall_tokens.conformance.verifier import load

    with redirect_stdout(sys.stderr):  # stdout is the answer's, whatever the verifier prints
        results = list(run(load(place), chosen, limit=limit))
    return results, matrix.has_passed(results, cast("matrix.Level", level))


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _list(chosen: Sequence[Case], as_json: bool) -> None:
    if as_json:
        output.answer_json({"cases": [_describe(case) for case in chosen]})
        return
    lines = (f"{case.family}\t{case.name}\t{case.harm or 'control'}\t{case.attack}\n" for case in chosen)
    output.write("".join(lines))


def _describe(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "family": case.family,
        "hostile": case.is_hostile,
        "harm": case.harm,
        "attack": case.attack,
        "source": case.source,
        "expected": list(case.codes),
        "needs": sorted(case.needs),
    }


def _answer_json(place: str, results: Sequence[CaseResult], passed: bool) -> None:
    from seawall_tokens.conformance import matrix
    from seawall_tokens.conformance.run import document

    output.answer_json(
        {
            "verifier": place,
            "passed": passed,
            "void": matrix.void_reason(results),
            "totals": matrix.totals(results),
            "families": matrix.rows(results),
            "cases": document(results),
        }
    )


_COLUMNS = {
    "hostile": "hostile",
    "refused": "refused",
    "accepted": "let in",
    "other_code": "other code",
    "controls": "controls",
    "controls_accepted": "accepted",
    "crashed": "crashed",
    "timed_out": "timed out",
    "not_covered": "not covered",
}
_BAD = {"accepted", "other_code", "crashed", "timed_out"}


def _draw(console: Console, results: Sequence[CaseResult]) -> None:
    from rich.table import Table
    from rich.text import Text

    from seawall_base.safe_text import visible
    from seawall_tokens.conformance import matrix

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("family", no_wrap=True)
    for words in _COLUMNS.values():  # one word wide, so that the whole fits into 80 columns
        table.add_column(words, justify="right", width=max(4, *map(len, words.split())))
    for row in [*matrix.rows(results), {"family": "all", **matrix.totals(results)}]:
        cells = [
            Text(str(row[name] or "·"), style="red" if name in _BAD and row[name] else "")
            for name in _COLUMNS
        ]
        table.add_row(row["family"], *cells)
    console.print(table)
    for result in matrix.faulty(results):
        line = Text(f"\n{result.fault}", style=_STYLES.get(result.fault, ""))
        line.append(f"  {result.case.harm or 'control'}  {result.case.name}", style="default")
        console.print(line)
        console.print(Text(f"  {result.case.attack} ({result.case.source})"))
        got = " ".join(part for part in (result.code, result.detail) if part)
        if got:
            console.print(Text(f"    got: {visible(got)}", style="dim"))
        if result.fault == "other-code":
            console.print(Text(f"  expected: {' or '.join(result.case.codes)}", style="dim"))


def _tell(results: Sequence[CaseResult], passed: bool) -> None:
    from seawall_tokens.conformance import matrix
    from seawall_tokens.conformance.case import HARMS

    total = matrix.totals(results)
    output.say(
        f"{total['refused']:,} of {plural(total['hostile'], 'hostile token')} refused, "
        f"{total['controls_accepted']:,} of {plural(total['controls'], 'control')} accepted, "
        f"{plural(total['not_covered'], 'case')} not covered"
    )
    for harm, count in total["let_in"].items():
        if count:
            output.say(f"let in, {harm}: {count:,} ({HARMS[harm]})")
    unproved = sum(result.is_unproved_control for result in results)
    if unproved:
        output.say(
            f"{plural(unproved, 'control')} not accepted: the verifier fails, whatever else it refused"
        )
    if why := matrix.void_reason(results):
        output.say(f"this run shows nothing: {why}")
    elif passed and not matrix.faulty(results):
        output.say("no hostile token was accepted")
    output.next_step("seawall token conformance --list", "to see every case")
