"""`seawall store prune`, `migrate` and `publish`: apply retention, migrate the database, publish the events as a Delta table."""

from __future__ import annotations

from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import (
    DEFAULT_STORE,
    AsJson,
    DatabaseUrl,
    StoreFolder,
    parse_count,
    parse_size,
    where,
)
from seawall_base.plurals import plural


def prune(
    days: Annotated[
        int,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            help="Number of days to keep, before today (UTC).",
            show_default=False,
        ),
    ],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted; delete nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete events, incidents, candidates, problems, sent messages and ended sessions of older days.

    \b
    Examples:
      seawall store prune --days 180 --dry-run
      seawall store prune --days 180 --store /var/lib/seawall

    Feedback and the audit trail are never deleted. A running `watch` prunes with --retention: stop it first.
    --dry-run also works beside a running `watch`.
    """
    from datetime import UTC, datetime, timedelta

    from seawall.storage.location import open_store
    from seawall.storage.retention import prune as forget
    from seawall_base.clock import read_wall_clock

    before = datetime.now(UTC).date() - timedelta(days=days)
    with open_store(store, database) as opened:
        gone = forget(opened, before, is_rehearsal=dry_run)
        if not dry_run:
            opened.lake.publish(read_wall_clock())
    if as_json:
        output.answer_json(
            {
                "dry_run": dry_run,
                "before": before.isoformat(),
                "events": {"days": gone.days, "events": gone.events, "bytes": gone.event_bytes},
                "rows": gone.rows,
            }
        )
        return
    verb = "to be deleted" if dry_run else "gone"
    rows = ", ".join(parse_count(name, count) for name, count in gone.rows.items() if count) or "no rows"
    output.write(
        f"before {before.isoformat()}, {verb}: {plural(gone.events, 'event')} of {plural(gone.days, 'day')} "
        f"({parse_size(gone.event_bytes)}); {rows}\n"
    )
    again = f"seawall store prune --days {days}{where(store, database)}"
    output.next_step(again if dry_run else f"seawall store size{where(store, database)}")


def migrate(
    store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Migrate the database of an older Seawall to this version. The command first copies a SQLite file.

    \b
    Examples:
      seawall store migrate
      seawall store migrate --database postgresql://seawall@db/seawall

    `seawall watch` and `seawall serve` migrate when they start. Back up a PostgreSQL database first.
    """
    from seawall.storage.database.upgrading import upgrade
    from seawall.storage.location import check_folder, database_place

    check_folder(store)
    done = upgrade(database_place(store, database), copies=store)
    copy = None if done is None or done.copy is None else str(done.copy)
    if as_json:
        before, after = (None, None) if done is None else (done.before, done.after)
        output.answer_json({"migrated": done is not None, "before": before, "after": after, "copy": copy})
        return
    if done is None:
        output.write("the database already has this version\n")
    else:
        output.write(f"{done.describe()}\n")
    output.next_step(f"seawall store check{where(store, database)}")


def publish(
    store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Publish the events as a Delta table: bring its log to what the store holds now.

    \b
    Examples:
      seawall store publish
      seawall store publish --store /var/lib/seawall --json

    A running `watch` publishes by itself. The table is the folder `events` of the store.
    Spark, DuckDB, Polars and pandas open it: `seawall help lake` says how.
    """
    from seawall.storage.location import EVENTS, open_store
    from seawall_base.clock import read_wall_clock

    with open_store(store, database) as opened:
        done = opened.lake.publish(read_wall_clock())
    table = str(store / EVENTS)
    if as_json:
        output.answer_json(
            {
                "table": table,
                "version": done.version,
                "parts": done.parts,
                "added": done.added,
                "removed": done.removed,
            }
        )
        return
    output.write(
        f"{table}: version {done.version} of the Delta table, {plural(done.parts, 'part')} "
        f"({done.added} added, {done.removed} removed)\n"
    )
    output.next_step(f"seawall store size{where(store, database)}")
