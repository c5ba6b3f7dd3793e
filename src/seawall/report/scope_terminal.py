"""Print a scope: warnings, the counts of verdicts, then the touched subjects and the mail that was read."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall.report import scope_reasons as why
from seawall.report import scope_words as words
from seawall.response.scope_values import Scope, ScopeSubject
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import span_text

ROWS = 20
"""Most rows of one table; `--json` and `--out` have all."""
_CELL = 1_200


def show_scope(console: Console, scope: Scope) -> None:
    """Print a scope."""
    for warning in words.warnings(scope):
        _line(console, warning, style="bold")
    for sentence in why.answer(scope):
        _line(console, sentence, style="bold")
    _line(console, f"span: {words.span(scope)}")
    _counts(console, scope)
    _organisations(console, scope.organisations)
    _steps(console, scope)
    _show_touched(console, scope.mailboxes, "mailbox", "Mailboxes proved touched")
    _show_touched(console, scope.accounts, "account", "Accounts proved touched")
    _possible(console, scope)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(visible(text, 2_000), style=style))


def _table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], more: int) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell, _CELL)) for cell in row))
    console.print(table)
    if more > 0:
        _line(console, f"{more:,} more: --json and --out have all")


def _counts(console: Console, scope: Scope) -> None:
    rows = []
    for parts, name in (
        (scope.organisations, "organisations"),
        (scope.mailboxes, "mailboxes"),
        (scope.accounts, "accounts"),
    ):
        shares = words.shares(parts)
        rows.append([name, f"{len(parts):,}", *(f"{count:,} ({share})" for count, share in shares.values())])
    _table(console, ["", "in the logs", *words.VERDICTS.values()], rows, 0)


def _organisations(console: Console, organisations: Sequence[ScopeSubject]) -> None:
    """Print each organisation's verdict if there are several, the touched ones first."""
    if len(organisations) < 2:
        return
    places = {verdict: place for place, verdict in enumerate(words.VERDICTS)}
    ordered = sorted(organisations, key=lambda one: (places[one.verdict], -one.record_count, one.name))
    rows = [[words.name(one), words.VERDICTS[one.verdict], " ".join(one.reasons)] for one in ordered[:ROWS]]
    _table(console, ["organisation", "verdict", "why"], rows, len(ordered) - ROWS)


def _steps(console: Console, scope: Scope) -> None:
    _line(console, "How the search went", style="bold")
    rows = [
        [str(step.round), words.indicator(step.indicator, scope), step.reason] for step in scope.steps[:ROWS]
    ]
    _table(console, ["round", "what", "why"], rows, len(scope.steps) - ROWS)


def _show_touched(console: Console, parts: Sequence[ScopeSubject], noun: str, title: str) -> None:
    found = [one for one in parts if one.verdict == "touched"]
    if not found:
        return
    found.sort(key=lambda one: (-one.messages, -one.record_count, one.tenant, one.name))
    _line(console, title, style="bold")
    rows = [
        [
            one.name,
            span_text(one.first, one.last) if one.first is not None and one.last is not None else "",
            words.read(one) if noun == "mailbox" else plural(one.record_count, "record"),
            " ".join(one.reasons),
        ]
        for one in found[:ROWS]
    ]
    _table(
        console,
        [noun, "when (UTC)", "read" if noun == "mailbox" else "records", "why"],
        rows,
        len(found) - ROWS,
    )


def _possible(console: Console, scope: Scope) -> None:
    found = [one for one in scope.mailboxes if one.verdict == "possible"]
    if not found or not words.is_met(scope):  # if no record carries a seed, every mailbox is possible
        return
    _line(console, "Mailboxes possibly touched: presume that they were", style="bold")
    table = [[one.what, f"{one.kept:,}", f"{one.alone:,}", one.to_do] for one in why.reasons(found, scope)]
    _table(console, ["what leaves them open", "mailboxes", "by this alone", "what to do"], table, 0)
    shared = why.shared_gaps(scope)
    rows = [
        [one.name, words.at_most(one), " ".join(why.own_reasons(one, shared))]
        for one in why.gravest_first(found)[:ROWS]
    ]
    _table(console, ["mailbox", "read", "what leaves it open"], rows, len(found) - ROWS)
