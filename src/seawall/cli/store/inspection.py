"""`seawall store size` and `seawall store check`: show the size and verify the integrity of a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, parse_size, where
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from rich.console import Console

    from seawall_base.hash_chain import ChainHead


def size(store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Show the size of the store: bytes of database and events, days, events and incidents.

    With --json also the rows of each table and the share of each organisation.

    \b
    Examples:
      seawall store size
      seawall store size --store /var/lib/seawall --json
    """
    from seawall.storage.database import examination
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        held = opened.lake.size()
        document = {
            "store": str(store),
            "database": {
                "bytes": examination.size(opened.database),
                "rows": examination.counts(opened.database),
            },
            "events": {
                "bytes": held.total,
                "days": len({day.day for day in held.days}),
                "unfinished_bytes": held.leftovers,
                "damaged_parts": [str(damaged.path) for damaged in held.damaged],
                "tenants": _tenants(held.days),
            },
        }
    if as_json:
        output.answer_json(document)
        return
    output.answer(lambda console: _draw_size(console, document))
    output.next_step(f"seawall store prune --days 180 --dry-run{where(store, database)}")


def _tenants(days: Any) -> list[dict[str, Any]]:
    found: dict[str, list[Any]] = {}
    for day in days:
        found.setdefault(day.tenant, []).append(day)
    return [
        {
            "tenant": tenant,
            "first_day": held[0].day.isoformat(),
            "last_day": held[-1].day.isoformat(),
            "days": len(held),
            "parts": sum(day.parts for day in held),
            "events": sum(day.rows for day in held),
            "bytes": sum(day.size for day in held),
        }
        for tenant, held in found.items()
    ]


def _draw_size(console: Console, document: dict[str, Any]) -> None:
    events, database = document["events"], document["database"]
    tenants, rows = events["tenants"], database["rows"]
    held = f"{plural(sum(one['events'] for one in tenants), 'event')} of {plural(events['days'], 'day')}"
    lines = [
        ("events", parse_size(events["bytes"]), held if tenants else "none yet"),
        ("database", parse_size(database["bytes"]), ", ".join(_tell(rows))),
    ]
    if events["unfinished_bytes"]:
        lines.append(
            (
                "unfinished",
                parse_size(events["unfinished_bytes"]),
                "in progress, or left by an interrupted write",
            )
        )
    if events["damaged_parts"]:
        lines.append(("damaged", plural(len(events["damaged_parts"]), "part"), "run seawall store check"))
    _print_grid(console, lines)
    if len(tenants) > 1:
        console.print()
        _print_grid(console, [_tenant_line(one) for one in tenants])


_TOLD = (
    ("incidents", "incident", ""),
    ("feedback", "answer", ""),
    ("problems", "record not read", "records not read"),
    ("users", "user", ""),
    ("audit", "audit entry", "audit entries"),
)
"""Show the main tables; --json has all of them."""


def _tell(rows: dict[str, int]) -> list[str]:
    first, *others = _TOLD
    return [plural(rows[name], one, many) for name, one, many in (first, *(o for o in others if rows[o[0]]))]


def _tenant_line(one: dict[str, Any]) -> tuple[str, str, str]:
    days = f"{plural(one['days'], 'day')}, {one['first_day']} to {one['last_day']}"
    return one["tenant"], parse_size(one["bytes"]), f"{plural(one['events'], 'event')} of {days}"


def _print_grid(console: Console, lines: Sequence[tuple[str, str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from seawall_base.safe_text import visible

    grid = Table.grid(padding=(0, 3, 0, 0))
    for justify in ("left", "right", "left"):
        grid.add_column(justify=justify)
    for line in lines:
        grid.add_row(*(Text(visible(part)) for part in line))
    console.print(grid)


def check(
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    head: Annotated[
        Path | None,
        typer.Option(
            "--head", metavar="FILE", help="File with an earlier head of the audit trail, to compare with."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole store: checksums of events and database, saved states, hash chain of the audit trail.

    \b
    Examples:
      seawall store check
      seawall store check --head audit-head.json --json

    Exit code 1: something is damaged. The command changes nothing.
    """
    from seawall.events.array_state import SCORE_AGAIN
    from seawall.pipeline.live.rescoring import find_unreadable
    from seawall.storage.database import examination
    from seawall.storage.location import open_store

    known = None if head is None else read_head(head)
    with open_store(store, database) as opened:
        damaged = [f"{found.path}: {found.reason}" for found in opened.lake.check()]
        faults = examination.faults(opened.database)
        with opened.database.reading() as work:
            if not faults and (unreadable := find_unreadable(work)) is not None:
                faults.append(f"{unreadable}; {SCORE_AGAIN}")
            verdict = work.audit.verify(known)
        parts = sum(day.parts for day in opened.lake.size().days)
    whole = not (damaged or faults or verdict.fault)
    document = {
        "ok": whole,
        "events": {"parts": parts, "damaged": damaged},
        "database": {"faults": faults},
        "audit": {
            "whole": verdict.is_whole,
            "entries": verdict.entries,
            "fault": verdict.fault or None,
            "head": {"sequence": verdict.head.sequence, "digest": verdict.head.digest},
        },
    }
    if as_json:
        output.answer_json(document)
    else:
        lines = [f"events: {text}" for text in damaged] + [f"database: {text}" for text in faults]
        lines += [f"audit trail: {verdict.fault}"] if verdict.fault else []
        lines += (
            []
            if lines
            else [f"no damage: {plural(parts, 'part')} of events, the database, {_entries(verdict.entries)}"]
        )
        output.write("".join(f"{_visible(line)}\n" for line in lines))
        output.next_step(
            f"seawall store backup DIR{where(store, database)}" if whole else "seawall store restore --help"
        )
    if not whole:
        raise typer.Exit(1)


def _entries(count: int) -> str:
    return plural(count, "audit entry", "audit entries")


def read_head(path: Path) -> ChainHead:
    """Return the head of an audit trail from a file: `{"sequence": 12, "digest": "…"}`, or a document around it."""
    import json

    from seawall_base.errors import InputUnreadable
    from seawall_base.hash_chain import ChainHead
    from seawall_base.regular_files import open_file

    try:
        with open_file(path) as file:
            stated = json.loads(file.read(100_000))
    except (OSError, ValueError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: cannot be read as JSON", fix='write {"sequence": 12, "digest": "…"}'
        ) from error
    for name in ("audit", "head"):
        if isinstance(stated, dict) and isinstance(stated.get(name), dict):
            stated = stated[name]
    match stated:
        case {"sequence": int(sequence), "digest": str(digest)} if sequence >= 0:
            return ChainHead(sequence, digest)
    raise InputUnreadable(
        f"{path}: is not the head of an audit trail", fix='write {"sequence": 12, "digest": "…"}'
    )


def _visible(text: str) -> str:
    from seawall_base.safe_text import visible

    return visible(text)
