"""`seawall store backup` and `seawall store restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import (
    DEFAULT_STORE,
    AsJson,
    DatabaseUrl,
    NewDatabaseUrl,
    StoreFolder,
    parse_size,
    where,
)
from seawall_base.clock import read_wall_clock
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.storage.backup import BackupResult


def backup(
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder for the backup: new or empty.", show_default=False)
    ],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Back up database and events into a new folder, with a manifest. `watch` and `serve` may keep running.

    \b
    Examples:
      seawall store backup /backup/2026-03-02
      seawall store backup /backup/2026-03-02 --store /var/lib/seawall --json

    Protect the backup like the logs themselves. Record the printed head of the audit trail in another place.
    """

    from seawall.storage.backup import back_up
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        done = back_up(opened, target, at=read_wall_clock())
    if as_json:
        output.answer_json({"backup": str(target), **_document(done)})
        return
    _tell("backed up", target, done)
    output.next_step(f"seawall store restore {output.quote_path(target)} --to NEW", "to try it")


def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a backup.", show_default=False)],
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="DIR", help="Folder of the new store; it must not exist.", show_default=False
        ),
    ],
    database: NewDatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a new store: complete and verified, or not at all.

    \b
    Examples:
      seawall store restore /backup/2026-03-02 --to /var/lib/seawall
      seawall store restore /backup/2026-03-02 --to store --database postgresql://seawall@db/new

    With --database, restore into an empty PostgreSQL database, also from a SQLite file.
    """
    from seawall.storage.backup import restore as make

    done = make(source, to, database)
    if as_json:
        output.answer_json({"store": str(to), **_document(done)})
        return
    _tell("restored", to, done)
    output.next_step(f"seawall store check{where(to, database)}")


def _document(done: BackupResult) -> dict[str, Any]:
    return {
        "database_bytes": done.database_bytes,
        "database_version": done.database_version,
        "parts": done.parts,
        "event_bytes": done.event_bytes,
        "damaged": list(done.damaged),
        "days_to_score": len(done.days_to_score),
        "audit": {"sequence": done.head.sequence, "digest": done.head.digest},
    }


def _end(done: BackupResult) -> str:
    if not done.head.sequence:
        return "empty, without a head"
    return f"entry {done.head.sequence} {done.head.digest}"


def _tell(what: str, place: Path, done: BackupResult) -> None:
    from seawall_base.safe_text import visible

    output.write(
        f"{what}: {visible(str(place))}: database {parse_size(done.database_bytes)}, "
        f"{plural(done.parts, 'part')} of events {parse_size(done.event_bytes)}\n"
        f"audit trail: {_end(done)}\n"
    )
    if done.damaged:
        output.say(f"damaged already in the backup: {plural(len(done.damaged), 'part')}; seawall store check")
