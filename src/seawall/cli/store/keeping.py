"""`seawall store prune` and `seawall store migrate`: what goes, and what is brought up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from seawall.cli import streams
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, counted, sized, where
from seawall_base.plurals import plural


def prune(
    days: Annotated[
        int,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            help="How many days are kept, today not counted.",
            show_default=False,
        ),
    ],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete events, incidents, candidates, problems, sent messages and ended sessions of older days.

    \b
    Examples:
      seawall store prune --days 180 --dry-run
      seawall store prune --days 180 --store /var/lib/seawall

    Answers and the audit trail are never deleted. A running watch prunes for itself (--retention): this verb wants it stopped,
    except for --dry-run, which only reads.
    """
    from datetime import UTC, datetime, timedelta

    from seawall.storage.place import open_store
    from seawall.storage.retention import prune as forget

    before = datetime.now(UTC).date() - timedelta(days=days)
    with open_store(store, database) as opened:
        gone = forget(opened, before, is_rehearsal=dry_run)
    if as_json:
        streams.answer_json(
            {
                "dry_run": dry_run,
                "before": before.isoformat(),
                "events": {"days": gone.days, "events": gone.events, "bytes": gone.event_bytes},
                "rows": gone.rows,
            }
        )
        return
    verb = "would go" if dry_run else "gone"
    rows = ", ".join(counted(name, count) for name, count in gone.rows.items() if count) or "no rows"
    streams.write(
        f"before {before.isoformat()}, {verb}: {plural(gone.events, 'event')} of {plural(gone.days, 'day')} "
        f"({sized(gone.event_bytes)}); {rows}\n"
    )
    again = f"seawall store prune --days {days}{where(store, database)}"
    streams.next_step(again if dry_run else f"seawall store size{where(store, database)}")


def migrate(
    store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Bring the database of an older Seawall to this version. A SQLite file is copied beside itself first.

    \b
    Examples:
      seawall store migrate
      seawall store migrate --database postgresql://seawall@db/seawall

    `seawall watch` and `seawall serve` do this when they start. Of PostgreSQL, take a backup first.
    """
    from seawall.storage.database.upgrading import upgrade
    from seawall.storage.place import check_folder, database_place

    check_folder(store)
    done = upgrade(database_place(store, database), copies=store)
    copy = None if done is None or done.copy is None else str(done.copy)
    if as_json:
        before, after = (None, None) if done is None else (done.before, done.after)
        streams.answer_json({"migrated": done is not None, "before": before, "after": after, "copy": copy})
        return
    if done is None:
        streams.write("the database is of this version already\n")
    else:
        kept = f"; what it was: {copy}" if copy else ""
        streams.write(f"migrated from version {done.before} to {done.after}{kept}\n")
    streams.next_step(f"seawall store check{where(store, database)}")
