"""`seawall store size` and `seawall store check`: what is kept, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import streams
from seawall.cli.store_options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, sized, where

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.store.database import Head


def size(store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Say how much the store holds: events by organisation, rows by table, bytes.

    \b
    Examples:
      seawall store size
      seawall store size --store /var/lib/seawall --json
    """
    from seawall.store.database import examination
    from seawall.store.place import open_store

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
                "unfinished_bytes": held.leftovers,
                "damaged_parts": [str(damaged.path) for damaged in held.damaged],
                "tenants": _tenants(held.days),
            },
        }
    if as_json:
        streams.answer_json(document)
        return
    streams.answer(lambda console: _draw_size(console, document))
    streams.next_step(f"seawall store prune --days 180 --dry-run{where(store, database)}")


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
    from rich.table import Table
    from rich.text import Text

    from seawall.report.visible import visible

    events, database = document["events"], document["database"]
    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("organisation", "days"):
        grid.add_column(name)
    for name in ("events", "size"):
        grid.add_column(name, justify="right")
    for one in events["tenants"]:
        span = f"{one['first_day']} to {one['last_day']}"
        grid.add_row(Text(visible(one["tenant"])), span, f"{one['events']:,}", sized(one["bytes"]))
    console.print(grid)
    console.print(f"events     {sized(events['bytes'])}")
    if events["damaged_parts"]:
        console.print(f"damaged    {len(events['damaged_parts'])} parts")
    console.print(f"database   {sized(database['bytes'])}")
    rows = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in database["rows"].items() if count
    )
    console.print(f"           {rows or 'empty'}")


def check(
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    head: Annotated[
        Path | None,
        typer.Option("--head", metavar="FILE", help="An end of the audit trail that was noted earlier."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read everything: checksums of events, the database's own, every state, the chain of the audit trail.

    \b
    Examples:
      seawall store check
      seawall store check --head audit-head.json --json

    Exits with 1 when anything is damaged. Nothing is changed.
    """
    from seawall.store.database import examination
    from seawall.store.place import open_store

    known = None if head is None else read_head(head)
    with open_store(store, database) as opened:
        damaged = [f"{found.path}: {found.reason}" for found in opened.lake.check()]
        faults = examination.faults(opened.database)
        with opened.database.reading() as work:
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
        streams.answer_json(document)
    else:
        lines = [f"events: {text}" for text in damaged] + [f"database: {text}" for text in faults]
        lines += [f"audit trail: {verdict.fault}"] if verdict.fault else []
        lines += (
            []
            if lines
            else [f"sound: {parts:,} parts of events, the database, {verdict.entries:,} audit entries"]
        )
        streams.write("".join(f"{_visible(line)}\n" for line in lines))
        streams.next_step(
            f"seawall store backup DIR{where(store, database)}" if whole else "seawall store restore --help"
        )
    if not whole:
        raise typer.Exit(1)


def read_head(path: Path) -> Head:
    """Return the end of an audit trail that a file notes: `{"sequence": 12, "digest": "…"}`, or a document around it."""
    import json

    from seawall.errors import InputUnreadable
    from seawall.store.database import Head

    try:
        stated = json.loads(path.read_bytes()[:100_000])
    except (OSError, ValueError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: cannot be read as JSON", fix='{"sequence": 12, "digest": "…"}'
        ) from error
    for name in ("audit", "head"):
        if isinstance(stated, dict) and isinstance(stated.get(name), dict):
            stated = stated[name]
    match stated:
        case {"sequence": int(sequence), "digest": str(digest)} if sequence >= 0:
            return Head(sequence, digest)
    raise InputUnreadable(f"{path}: notes no end of an audit trail", fix='{"sequence": 12, "digest": "…"}')


def _visible(text: str) -> str:
    from seawall.report.visible import visible

    return visible(text)
