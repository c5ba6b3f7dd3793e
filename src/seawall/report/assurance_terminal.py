"""Print an assessment of sign-ins: the answers, the changes, then findings and missing information."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall.report.assurance import PATH_WORDS
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

ROWS = 12
"""Most rows of one table; `--json` and the page have all."""
FEW = 5
_CELL = 300
QUESTIONS = {
    "password": "Who could be taken over by a stolen password",
    "phishing": "Who could be taken over by a phished session",
}


def show_assurance(console: Console, document: dict[str, Any]) -> None:
    """Print an assessment. `document` is that of `assurance_document`."""
    _sign_ins(console, document["summary"])
    _sessions(console, document)
    for attack, question in QUESTIONS.items():
        _answer(console, document["summary"][attack], question)
    _changes(console, document)
    for attack, question in QUESTIONS.items():
        _question(console, document, attack, question)
    _findings(console, document["findings"])
    _holes(console, document)
    if document["what_if"] is not None:
        _what_if(console, document["what_if"])


def _line(console: Console, *parts: str, style: str = "") -> None:
    console.print(Text(visible("".join(parts), 2_000), style=style))


def _sign_ins(console: Console, summary: dict[str, Any]) -> None:
    levels = summary["by_level"]
    told = ", ".join(f"{count:,} {word}" for word, count in levels.items() if count)
    seen = summary["accounts_with_sign_ins"]
    who = f"{plural(summary['granted'], 'granted sign-in')} of {plural(seen, 'account')}"
    _line(console, who, f": {told}" if told else "")
    without = summary["accounts"] - seen
    if without:
        _line(console, f"  of {plural(without, 'further account')} no granted sign-in was seen")
    marks = [f"{count:,} {word}" for word, count in summary["marks"].items() if count]
    if marks:
        _line(console, "  of these ", ", ".join(marks))


def _sessions(console: Console, document: dict[str, Any]) -> None:
    counts = {word: count for word, count in document["mail_sessions"].items() if count}
    if not counts:
        return
    _line(
        console,
        "sessions in which mail was read, by what they go back to: ",
        ", ".join(f"{n:,} {word}" for word, n in counts.items()),
    )
    if not document["summary"]["with_session_id"]:
        _line(console, "  no sign-in in these logs carries a session id, so none can be followed to its root")


def _answer(console: Console, counts: dict[str, int], question: str) -> None:
    told = f"{counts['open']:,} open, {counts['closed']:,} closed, {counts['unknown']:,} not known"
    _line(console, f"{question} today: {told}", style="bold")


def _question(console: Console, document: dict[str, Any], attack: str, question: str) -> None:
    _line(console, "")
    _line(console, question, style="bold")
    rows = [
        (one["text"], _count(one), _some(one["accounts"]), one["example"] or "")
        for one in document["reasons"][attack]
    ]
    _table(console, ("why", "accounts", "who", "a record"), rows, len(rows))
    unknown = [account for account in document["accounts"] if account[attack]["answer"] == "unknown"]
    for reason, count in _reasons(unknown, attack):
        _line(console, f"  not known of {plural(count, 'account')}: {reason}")


def _reasons(accounts: Sequence[dict[str, Any]], attack: str) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for account in accounts:
        for reason in account[attack]["not_known"] or ["nothing shows it either way"]:
            counts[reason] = counts.get(reason, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:6]


def _count(reason: dict[str, Any]) -> str:
    """Return the number of accounts, and of administrators among them."""
    admins = plural(reason["administrators"], "administrator")
    return f"{len(reason['accounts']):,}" + (f", {admins}" if reason["administrators"] else "")


def _changes(console: Console, document: dict[str, Any]) -> None:
    steps = document["changes"]
    _line(console, "")
    if not steps:
        _line(console, "Nothing is proved open, so there is no change to name first", style="bold")
        return
    _line(console, "The shortest list of changes that closes most of it", style="bold")
    rows = []
    for place, step in enumerate(steps, 1):
        still = step["open_still"]
        rows.append(
            (
                str(place),
                step["text"],
                f"{len(step['accounts']):,}",
                f"{still['password']:,}",
                f"{still['phishing']:,}",
            )
        )
    _table(
        console,
        ("", "change", "closes ways in of accounts", "open still: password", "open still: phishing"),
        rows,
        len(rows),
    )


def _findings(console: Console, findings: Sequence[dict[str, Any]]) -> None:
    if not findings:
        return
    _line(console, "")
    _line(console, f"What stands out: {plural(len(findings), 'finding')}", style="bold")
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in findings:
        by_kind.setdefault(one["kind"], []).append(one)
    for kind, members in by_kind.items():
        _line(console, f"  {kind}: {members[0]['what']}")
        for one in members[:FEW]:
            _line(console, f"    {one['account']}  {one['text']}  ({_time(one['last'])})")
        if len(members) > FEW:
            _line(console, f"    and {len(members) - FEW:,} more (--json and --out have all)")


def _time(text: str | None) -> str:
    return f"{text[:10]} {text[11:16]}" if text else "no time"


def _holes(console: Console, document: dict[str, Any]) -> None:
    if document["summary"]["policies"] is None:
        return
    holes = document["holes"]
    _line(console, "")
    _line(console, f"Holes in {plural(document['summary']['policies'], 'policy', 'policies')}", style="bold")
    if not holes:
        _line(console, "  every account, application and path is asked for a second factor")
    rows = [
        (
            hole["answer"],
            ", ".join(PATH_WORDS[path] for path in hole["paths"]),
            _some(hole["accounts"]),
            _some(hole["applications"]),
        )
        for hole in holes
    ]
    _table(console, ("", "path", "accounts", "applications"), rows, len(rows))
    for policy in document["policies"]:
        for doubt in policy["not_evaluated"]:
            _line(console, f"  not evaluated: {doubt} of the policy “{policy['name']}”")
    if document["not_given"]:
        _line(console, f"  unknown, because not given: {_some(document['not_given'])}")


def _what_if(console: Console, told: dict[str, Any]) -> None:
    _line(console, "")
    _line(console, f"What if: {_some(told['policies'])}, {told['basis']}", style="bold")
    for attack, question in QUESTIONS.items():
        change = told["takeover"][attack]
        opened = f", newly open: {_some(change['newly_open'])}" if change["newly_open"] else ""
        _line(
            console,
            f"  {question}: {change['now']['open']:,} open now, {change['then']['open']:,} then{opened}",
        )
    _line(console, "  sign-ins " + ", ".join(f"{count:,} {word}" for word, count in told["sign_ins"].items()))
    _line(
        console,
        f"  {plural(len(told['bothered']), 'account')} asked, on {plural(told['account_days'], 'day')} in all"
        + (f": {_some([one['account'] for one in told['bothered']])}" if told["bothered"] else ""),
    )
    if told["loosened"]["sign_ins"]:
        less = plural(told["loosened"]["sign_ins"], "sign-in")
        _line(
            console,
            f"  let through what the policies of today ask more of: {less} of {_some(told['loosened']['accounts'])}",
        )
    if told["locked_out"]:
        _line(console, f"  could no longer sign in: {_some(told['locked_out'])}")
    if told["perhaps_locked_out"]:
        _line(console, f"  not known whether they could: {_some(told['perhaps_locked_out'])}")
    met = told["in_raised_incidents"]
    if met is not None:
        _line(
            console,
            f"  {plural(met['incidents_met'], 'raised incident')} of {met['incidents']:,} would have met it "
            f"({plural(met['sign_ins'], 'sign-in')} in them)",
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown


def _table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> None:
    if not rows:
        return
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows[:ROWS]:
        table.add_row(*(Text(visible(cell, _CELL)) for cell in row))
    console.print(table)
    if count > ROWS:
        _line(console, f"  and {count - ROWS:,} more (--json and --out have all)")
