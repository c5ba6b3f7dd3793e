"""Print what the events show of a value: first and last time, what else its records show, rules, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall.detection.incident import Incident
from seawall.response.look_up import LookUp, SeenField
from seawall.storage.raw_records import KeptRecord
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import DAY, day_text, minute_text, rfc3339

ROWS: Final = 10
"""Most rows of a table; `--json` has up to fifty values of each field."""

DAYS: Final = 14
_CELL: Final = 200
_RAW_TEXT: Final = 20_000
"""Characters of a record as it came; `--json` has all that was kept."""
_NAMES: Final = {
    "accounts": "account",
    "mailboxes": "mailbox",
    "networks": "network",
    "addresses": "address",
    "countries": "country",
    "apps": "application",
    "clients": "client",
    "sessions": "session",
    "operations": "operation",
}


def show_look_up(console: Console, found: LookUp, incidents: Sequence[Incident]) -> None:
    """Print a look-up; `incidents` list some of its records."""
    _line(console, str(found.subject), style="bold")
    if found.first is None or found.last is None:
        _line(console, f"No record shows it. {plural(found.searched, 'record')} looked at.")
        return
    _line(
        console,
        f"{plural(found.records, 'record')} on {plural(len(found.by_day), 'day')}: "
        f"first {minute_text(found.first)}, last {minute_text(found.last)} UTC",
    )
    if found.is_cut:
        _line(console, f"Older records than {day_text(found.start)} were not looked at.")
    days = found.by_day[-DAYS:]
    earlier = (
        f"{plural(len(found.by_day) - len(days), 'earlier day')}, " if len(days) < len(found.by_day) else ""
    )
    _line(
        console,
        "by day: " + earlier + ", ".join(f"{day_text(day * DAY)} {count:,}" for day, count in days),
    )
    for name, title in _NAMES.items():
        _show_field(console, title, found.fields[name], name)
    _show_rules(console, found)
    _show_incidents(console, found, incidents)


def _show_field(console: Console, title: str, field: SeenField, name: str) -> None:
    if not field.values:
        return
    rows = [
        [
            one.value if not one.name or one.name == one.value else f"{one.value} {one.name}",
            *([one.tenant] if name == "accounts" else []),
            f"{one.records:,}",
            minute_text(one.first),
            minute_text(one.last),
        ]
        for one in field.values[:ROWS]
    ]
    header = [title, *(["organisation"] if name == "accounts" else []), "records", "first", "last"]
    _table(console, header, rows, field.total - len(rows), field.is_cut)


def _show_rules(console: Console, found: LookUp) -> None:
    if found.rules:
        rows = [[title, f"{count:,}"] for title, count in found.rules[:ROWS]]
        _table(console, ["Sigma rule", "records"], rows, len(found.rules) - len(rows), False)


def _show_incidents(console: Console, found: LookUp, incidents: Sequence[Incident]) -> None:
    if not incidents:
        _line(console, "No incident lists a record of it.")
        return
    listed = {one.id: one.records for one in found.incidents}
    rows = [
        [one.id[:12], one.severity, one.account, one.title, f"{listed.get(one.id, 0):,}"]
        for one in incidents[:ROWS]
    ]
    header = ["incident", "severity", "account", "title", "its records"]
    _table(console, header, rows, len(incidents) - len(rows), False)


def show_raw_records(console: Console, records: Sequence[KeptRecord]) -> None:
    """Print records as they came, as text."""
    if not records:
        _line(console, "No record of it was kept as it came: only those of raised incidents are.")
    for one in records:
        origin = one.origin
        place = f"{origin.source_file}, record {origin.source_line:,}"
        _line(console, f"record {origin.record}, {minute_text(origin.time)} UTC, {place}", style="bold")
        console.print(Text(visible(one.text, _RAW_TEXT)), soft_wrap=True)
        if one.is_cut or len(one.text) > _RAW_TEXT:
            _line(console, "(its beginning alone)")


def list_raw_records(records: Sequence[KeptRecord]) -> list[dict[str, Any]]:
    """Return records as they came as JSON values; `text` is the record's own text."""
    return [
        {
            "record": one.origin.record,
            "tenant": one.origin.tenant,
            "account": one.origin.account,
            "time": rfc3339(one.origin.time),
            "source_file": one.origin.source_file,
            "source_line": one.origin.source_line,
            "text": one.text,
            "is_cut": one.is_cut,
        }
        for one in records
    ]


def look_up_document(found: LookUp, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Return a look-up as JSON values; times are RFC 3339 UTC."""
    listed = {one.id: one.records for one in found.incidents}
    return {
        "subject": {"kind": found.subject.kind, "value": found.subject.value},
        "records": found.records,
        "first": None if found.first is None else rfc3339(found.first),
        "last": None if found.last is None else rfc3339(found.last),
        "by_day": [{"day": day_text(day * DAY), "records": count} for day, count in found.by_day],
        "seen": {
            name: {
                "total": field.total,
                "is_cut": field.is_cut,
                "values": [
                    {
                        "value": one.value,
                        "name": one.name,
                        **({"tenant": one.tenant} if name == "accounts" else {}),
                        "records": one.records,
                        "first": rfc3339(one.first),
                        "last": rfc3339(one.last),
                    }
                    for one in field.values
                ],
            }
            for name, field in found.fields.items()
        },
        "rules": [{"rule": title, "records": count} for title, count in found.rules],
        "incidents": [
            {
                "id": one.id,
                "tenant": one.tenant,
                "account": one.account,
                "severity": one.severity,
                "score": one.score,
                "raised": one.raised,
                "title": one.title,
                "records": listed.get(one.id, 0),
            }
            for one in incidents
        ],
        "searched": found.searched,
        "is_cut": found.is_cut,
    }


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(visible(text, 2_000), style=style))


def _table(
    console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], more: int, is_cut: bool
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(
            name, overflow="fold", justify="right" if name in ("records", "its records") else "left"
        )
    for row in rows:
        table.add_row(*(Text(visible(cell, _CELL)) for cell in row))
    console.print(table)
    if more > 0:
        _line(console, f"{'at least ' if is_cut else ''}{more:,} more")
