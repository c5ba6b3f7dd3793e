"""Format a leak search as a table for a terminal and as one JSON document: places and names, never keys."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from seawall.keys.leaks.findings import LeakedKey, SearchTotals
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

if TYPE_CHECKING:  # the JSON document needs none of this
    from rich.console import Console
    from rich.table import Table

MOST_SHOWN = 100
"""Rows of a table in a terminal; JSON has all."""
_PATH = 300
_UNBOUNDED = 10_000


def leak_document(totals: SearchTotals) -> dict[str, Any]:
    """Return the whole search as JSON values. `key` is the RFC 7638 thumbprint, null if unknown."""
    return {
        "findings": [
            {
                "path": found.path,
                "offset": found.offset,
                "form": found.form,
                "key": found.key,
                "known": found.is_known,
                "length": found.length,
                "accepted": found.accepted,
            }
            for found in totals.findings
        ],
        "bytes_scanned": totals.bytes_scanned,
        "bytes_skipped": totals.bytes_skipped,
        "skipped": [
            {"path": skipped.path, "reason": skipped.reason, "bytes": skipped.size}
            for skipped in totals.skipped
        ],
        "files": totals.files,
    }


def show_leaks(console: Console, totals: SearchTotals) -> None:
    """Print findings, skipped parts and totals."""
    from rich.filesize import decimal

    counting = [found for found in totals.findings if not found.accepted]
    if counting:
        _show_findings(console, counting[:MOST_SHOWN])
        console.print(_more(len(counting)), end="")
    if totals.skipped:
        console.print(_write_skipped(totals))
    console.print(_write_found(counting))
    for reason, count in Counter(found.accepted for found in totals.findings if found.accepted).most_common():
        console.print(f"{plural(count, 'place')} not counted: {reason}", markup=False)
    skipped = f", {decimal(totals.bytes_skipped)} skipped" if totals.bytes_skipped else ""
    reasons = f", {len(totals.skipped):,} skipped for a reason" if totals.skipped else ", nothing skipped"
    console.print(
        f"{plural(totals.files, 'file')}, {decimal(totals.bytes_scanned)} searched{skipped}{reasons}"
    )


def _write_found(findings: list[LeakedKey]) -> str:
    """Summarise the findings in words.

    It counts distinct keys, because readers mistake each place of one key for another key.
    """
    places = len(findings)
    known = sum(found.is_known for found in findings)
    if places < 2:
        asked = ", 1 of them asked about" if known else ""
        return f"{plural(places, 'private key')} found{asked}"
    keys = len({found.key for found in findings if found.key})
    unnamed = sum(found.key is None for found in findings)
    said = [f"{keys:,} different keys" if keys > 1 else "one key"] if keys else []
    said += [f"in {unnamed:,} it is not known which"] if unnamed else []
    asked = f"; {known:,} of them hold a key asked about" if known else ""
    return f"private keys found in {places:,} places: {', '.join(said)}{asked}"


def _show_findings(console: Console, findings: list[LeakedKey]) -> None:
    """Print one line for each finding if it fits; else a line for each path, with its findings below. Nothing is cut."""
    from rich.measure import Measurement
    from rich.text import Text

    table = _findings(findings)
    if Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).maximum <= console.width:
        console.print(table)
        return
    path = ""
    for found in findings:
        if found.path != path:
            path = found.path
            console.print(Text(visible(path, _PATH)), soft_wrap=True)
        line = Text(f"  {found.offset:>11}  {found.form}  ")
        line.append(found.key or "not known", style="bold red" if found.is_known else "")
        console.print(line, soft_wrap=True)


def _findings(findings: list[LeakedKey]) -> Table:
    from rich.text import Text

    table = _table()
    table.add_column("place", no_wrap=True)
    table.add_column("offset", justify="right", no_wrap=True)
    table.add_column("form", no_wrap=True)
    table.add_column("key", no_wrap=True)
    for found in findings:
        key = found.key or "not known"
        style = "bold red" if found.is_known else ""
        table.add_row(Text(visible(found.path, _PATH)), str(found.offset), found.form, Text(key, style=style))
    return table


def _write_skipped(totals: SearchTotals) -> Table:
    from rich.text import Text

    table = _table()
    table.add_column("not searched", overflow="fold")
    table.add_column("why")
    counts = Counter(skipped.reason for skipped in totals.skipped)
    for reason, count in counts.most_common(MOST_SHOWN):
        first = next(skipped.path for skipped in totals.skipped if skipped.reason == reason)
        more = f" and {count - 1:,} more" if count > 1 else ""
        table.add_row(Text(visible(first, _PATH) + more), Text(visible(reason, _PATH)))
    return table


def _table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False)


def _more(count: int) -> str:
    return f"... and {count - MOST_SHOWN:,} more: --json has all\n" if count > MOST_SHOWN else ""
