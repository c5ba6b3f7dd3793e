"""Show what lies in a folder of logs: tables and advice for `seawall doctor PATH`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from seawall.cli import output
from seawall.cli.progress import show_progress
from seawall.pipeline.inventory.count_logs import EXPORT_RECORDS, LogCount, LogInventory
from seawall.pipeline.inventory.known_logs import ENOUGH, FIELDS
from seawall_base.errors import InputUnreadable
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from rich.console import Console

FILES_SHOWN = 10

ENOUGH_DAYS = 14
"""Days of logs from which detection learns what is normal before it judges well."""


def show_inventory(paths: list[Path], *, quiet: bool, as_json: bool) -> None:
    """Read the logs under the paths and print what lies in them.

    Raises `InputUnreadable` if a path does not exist or nothing in them is a log.
    """
    from seawall.events.readers import read, total_bytes

    for path in paths:
        if not path.exists():
            raise InputUnreadable(f"{path} does not exist")
    inventory, total, done = LogInventory(), total_bytes(paths), 0
    with show_progress(quiet=quiet) as progress:
        for batch in read(paths):
            inventory.add(batch)
            done += batch.bytes_read
            progress("read", done, total, inventory.records)
    if as_json:
        output.answer_json(_document(inventory))
    elif inventory.events:
        output.answer(lambda console: _draw_logs(console, inventory))
        output.answer_paragraphs(_advise(inventory))
    if not inventory.events:
        raise InputUnreadable(
            f"no record of a log in {', '.join(map(str, paths))}: {_count_problems(inventory) or 'no file'}"
        )
    if not quiet:
        output.next_step(f"seawall scan {shlex.join(map(str, paths))} --out out")


def _draw_logs(console: Console, inventory: LogInventory) -> None:
    logs = inventory.list_logs()
    found = f"{plural(inventory.records, 'record')} in {plural(len(inventory.files), 'file')}"
    owners = len(inventory.organisations)
    console.print(
        f"{found} of {plural(owners, 'organisation')}" if owners else f"{found}, which name no organisation"
    )
    console.print()
    rows = [
        (
            f"{count.records:,}",
            f"{len(count.accounts):,}",
            rfc3339(count.first)[:10],
            rfc3339(count.last)[:10],
            f"{count.silent_days:,} of {count.span_days:,}" if count.span_days > 1 else "none",
        )
        for count in logs
    ]
    headings = ("records", "accounts", "first day", "last day", "days without records")
    console.print(_make_table(logs, headings, [[Text(cell) for cell in row] for row in rows]))
    console.print()
    console.print(
        "Share of records that state a field; ! where detection needs the field and fewer than half state it:"
    )
    console.print()
    console.print(
        _make_table(logs, FIELDS, [[_draw_share(count, name) for name in FIELDS] for count in logs])
    )


def _make_table(logs: list[LogCount], headings: Sequence[str], rows: list[list[Text]]) -> Table:
    """Return a table with a row for each log."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("log", overflow="fold")
    for name in headings:
        table.add_column(name, justify="right", overflow="fold")
    for count, row in zip(logs, rows, strict=True):
        table.add_row(Text(visible(_name(count.name, count.source))), *row)
    return table


def _name(log: str, source: str) -> str:
    """Return the name of a log for readers; OfficeActivity has the same logs as the audit log, with fewer fields."""
    return f"{log} (OfficeActivity)" if source == "office_activity" else log


def _draw_share(count: LogCount, name: str) -> Text:
    share = count.share(name)
    if name not in count.needs:
        return Text(_percent(share), style="dim")
    return Text(_percent(share)) if share >= ENOUGH else Text("! " + _percent(share), style="yellow")


def _percent(share: float) -> str:
    """Return a share in percent; only nothing is 0 and only all is 100."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    return f"{min(max(round(share * 100), 1), 99)}%"


def _advise(inventory: LogInventory) -> Iterator[str]:
    """Yield what the reader should know and do, most important first, with a heading and an empty line before each part."""
    yield from _part(
        "Missing logs",
        (f"{log.name}. It shows {log.unseen}. To get it: {log.get}." for log in inventory.list_missing()),
    )
    yield from _part("Fields that few records state", _list_weak_fields(inventory))
    yield from _part(
        "Exports that were cut off",
        (
            f"{name} holds exactly {EXPORT_RECORDS:,} records, the most that an audit search exports: export shorter spans."
            for name in inventory.list_cut_files()
        ),
    )
    yield from _part("Unknown records, which are kept and not judged", _list_files(inventory.unrecognised))
    yield from _part(
        "Records and files that cannot be read (`seawall scan` lists each in problems.jsonl)",
        _list_files(inventory.unread, _count_problems(inventory)),
    )
    days = inventory.span_days
    if days < ENOUGH_DAYS:
        yield from _part(
            "Short history",
            [
                f"The logs span {plural(days, 'day')}. Detection learns from {ENOUGH_DAYS} days what is normal."
            ],
        )


def _part(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield f"{heading}:"
        yield from (f"- {line}" for line in found)


def _list_weak_fields(inventory: LogInventory) -> Iterator[str]:
    """Yield a line for each log and remedy: fields with the same remedy share it."""
    together: dict[tuple[str, str], list[str]] = {}
    for weak in inventory.list_weak_fields():
        words = f"{weak.field} ({_percent(weak.share)})"
        together.setdefault((_name(weak.log, weak.source), weak.advice), []).append(words)
    for (log, advice), fields in together.items():
        yield f"{log}: {', '.join(fields)}. {advice}"


def _list_files(files: Counter[str], total: str = "") -> Iterator[str]:
    if total:
        yield total
    most = files.most_common(FILES_SHOWN)
    yield from (f"{name}: {records:,}" for name, records in most)
    if len(files) > len(most):
        yield f"and {plural(len(files) - len(most), 'more file')}"


def _count_problems(inventory: LogInventory) -> str:
    return ", ".join(f"{times:,} × {code}" for code, times in inventory.problems.most_common())


def _document(inventory: LogInventory) -> dict[str, Any]:
    return {
        "records": inventory.records,
        "events": inventory.events,
        "files": len(inventory.files),
        "organisations": len(inventory.organisations),
        "logs": [_row(count) for count in inventory.list_logs()],
        "missing": [
            {"log": log.name, "product": log.product or None, "unseen": log.unseen, "get": log.get}
            for log in inventory.list_missing()
        ],
        "weak_fields": [
            {
                "log": weak.log,
                "source": weak.source,
                "field": weak.field,
                "share": weak.share,
                "advice": weak.advice,
            }
            for weak in inventory.list_weak_fields()
        ],
        "cut_files": inventory.list_cut_files(),
        "unknown_records": dict(sorted(inventory.unrecognised.items())),
        "problems": dict(sorted(inventory.problems.items())),
        "unread": dict(sorted(inventory.unread.items())),
    }


def _row(count: LogCount) -> dict[str, Any]:
    return {
        "log": count.name,
        "source": count.source,
        "product": count.product or None,
        "records": count.records,
        "accounts": len(count.accounts),
        "first": rfc3339(count.first),
        "last": rfc3339(count.last),
        "days": count.span_days,
        "silent_days": count.silent_days,
        "needs": list(count.needs),
        "stated": {name: count.share(name) for name in FIELDS},
    }
