"""`seawall rules health`: which rules hit in given logs, which are noisy, which never hit or cannot, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from seawall.detection.rules.sigma.health import RuleHealth
    from seawall.pipeline.rule_health import HealthReport

HEADINGS = {
    "noisy": "NOISY: hit more often than their level allows",
    "hits": "HIT",
    "never_hit": "NEVER HIT, though the operation occurs",
    "cannot_hit": "CANNOT HIT in these logs",
    "does_not_run": "DO NOT RUN",
    "waits": "WAIT: the log is there, the operation did not occur",
}
"""The states in the order of the answer."""

_SHORT = {
    "noisy": "noisy",
    "hits": "hit",
    "never_hit": "never hit though the operation occurs",
    "cannot_hit": "cannot hit",
    "does_not_run": "do not run",
    "waits": "wait for an operation that did not occur",
}

_REASONS = {
    "log_missing": "for want of a log",
    "field_missing": "for want of a field",
    "value_missing": "for want of a value",
    "never_written": "in any log",
}

Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Folder of Sigma rules, in addition to the built-in ones. May be repeated.",
    ),
]


def health(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively.")
    ],
    folders: Folders = None,
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            max=3_660,
            help="Judge the last N days of the logs, counted back from the newest record. Without it: all days.",
        ),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also list each rule that waits, or whose log is missing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure rules on your logs: which hit, which are noisy, which never hit, and which cannot hit and why.

    A rule is noisy if it hits more often than its level allows: low 50, medium 20, high 5, critical 2 hits a day for each
    1,000 accounts, or on more than 5 % of account-days.

    A rule cannot hit if its log is missing, if no record with its operation has a field that it tests, or if a rule without an
    operation tests for a value that never occurs. Parameters and changed properties, which only some records have, make a rule
    that never hits.

    \b
    Examples:
      seawall rules health exports/
      seawall rules health exports/ --days 30 --rules sigma/
      seawall rules health exports/ --json > health.json

    Exit code 0 whatever the states: a noisy rule is a result, not an error.
    """
    from seawall.cli import progress
    from seawall.detection.rules.sigma.load import load_rules
    from seawall.pipeline.rule_health import measure_rules

    rules = load_rules(tuple(folders or ()))
    with progress.show_progress(quiet=quiet) as report:
        found = measure_rules(paths, rules, days, progress=report)
    if as_json:
        output.answer_json(_document(found))
    else:
        output.answer_paragraphs(_introduce(found))
        for state, heading in HEADINGS.items():
            _show_state(state, heading, found, show_all=show_all)
    if not quiet and any(one.reason == "log_missing" for one in found.rules):
        output.next_step(f"seawall doctor {' '.join(output.quote_path(path) for path in paths)}")


def _introduce(found: HealthReport) -> Iterator[str]:
    from seawall.detection.rules.sigma.health import name_log

    first, last = _date(found.window.days[0]), _date(found.window.days[-1])
    span = f"{plural(len(found.window.days), 'day')}, {first} to {last}"
    again = f" and {plural(found.duplicates, 'duplicate')}" if found.duplicates else ""
    yield f"{plural(found.events, 'event')}{again} of {plural(found.window.accounts, 'account')} in {span}."
    yield f"logs: {', '.join(f'{name_log(log)} ({count:,})' for log, count in found.logs.items())}"
    counts = Counter(str(one.state) for one in found.rules if not one.is_part)
    parts = sum(one.is_part for one in found.rules)
    said = [f"{counts[state]:,} {_SHORT[state]}" for state in HEADINGS if counts[state]]
    more = f". {plural(parts, 'more rule')} only as parts of correlation rules" if parts else ""
    yield f"rules: {', '.join(said)}{more}."
    reasons = Counter(str(one.reason) for one in found.rules if one.state == "cannot_hit" and not one.is_part)
    if reasons:
        yield f"cannot hit: {', '.join(f'{reasons[name]:,} {said}' for name, said in _REASONS.items() if reasons[name])}."


def _show_state(state: str, heading: str, found: HealthReport, *, show_all: bool) -> None:
    own = sorted((one for one in found.rules if one.state == state and not one.is_part), key=_rank)
    if not own:
        return
    output.write(f"\n{heading} ({len(own):,})\n")
    short = [one for one in own if one.reason in ("log_missing", "operation_missing")]
    if not show_all and short:
        own = [one for one in own if one not in short]
        for why, count in sorted(Counter(one.why for one in short).items()):
            output.write(visible(f"  {plural(count, 'rule')}: {why}") + "\n")
    if own:
        output.answer(lambda console: _draw(console, own, is_hit=state in ("noisy", "hits")))
    if not show_all and short:
        output.write("  --all lists them.\n")


def _rank(one: RuleHealth) -> tuple[float, str, int, str]:
    """Order rules by how often they hit, then by why they do not, by level and by title."""
    from seawall.detection.rules.sigma.model import LEVELS

    return -one.rate, str(one.reason), -LEVELS.index(one.about.level), one.about.title


def _draw(console: Console, own: Sequence[RuleHealth], *, is_hit: bool) -> None:
    console.print(_make_hit_table(own) if is_hit else _make_reason_table(own))


def _make_hit_table(own: Sequence[RuleHealth]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=True, header_style="bold")
    table.add_column("rule", overflow="fold")
    table.add_column("level")
    for name in ("hits", "days", "accounts", "share", "a day / 1,000", "allowed"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in own:
        allowed = "-" if one.limit is None else f"{one.limit:g}"
        numbers = (f"{one.hits.records:,}", f"{one.hits.days:,}", f"{one.hits.accounts:,}")
        rates = (f"{one.share:.1%}", f"{one.rate:,.1f}", allowed)
        table.add_row(Text(visible(one.about.title)), one.about.level, *map(Text, (*numbers, *rates)))
    return table


def _make_reason_table(own: Sequence[RuleHealth]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=True, header_style="bold")
    table.add_column("rule", overflow="fold", ratio=1)
    table.add_column("level")
    table.add_column("why", overflow="fold", ratio=1)
    for one in own:
        table.add_row(Text(visible(one.about.title)), one.about.level, Text(visible(one.why)))
    return table


def _document(found: HealthReport) -> dict[str, Any]:
    return {
        "from": _date(found.window.days[0]),
        "to": _date(found.window.days[-1]),
        "days": len(found.window.days),
        "records": found.records,
        "events": found.events,
        "duplicates": found.duplicates,
        "problems": found.problems,
        "accounts": found.window.accounts,
        "logs": found.logs,
        "counts": dict(Counter(str(one.state) for one in found.rules if not one.is_part)),
        "rules": [_row(one) for one in sorted(found.rules, key=lambda one: (one.about.file, one.about.id))],
    }


def _row(one: RuleHealth) -> dict[str, Any]:
    return {
        "id": one.about.id,
        "title": one.about.title,
        "level": one.about.level,
        "file": one.about.file,
        "is_part": one.is_part,
        "state": str(one.state),
        "reason": str(one.reason) or None,
        "why": one.why or None,
        "operation_records": one.operation_records,
        "hits": one.hits.records,
        "days_with_hits": one.hits.days,
        "accounts": one.hits.accounts,
        "share_of_accounts": round(one.share, 6),
        "hits_a_day_per_1000_accounts": round(one.rate, 3),
        "allowed_a_day_per_1000_accounts": one.limit,
    }


def _date(day: int) -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
