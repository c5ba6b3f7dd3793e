"""`seawall store backup` and `seawall store restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import streams
from seawall.cli.store.options import (
    DEFAULT_STORE,
    AsJson,
    DatabaseUrl,
    NewDatabaseUrl,
    StoreFolder,
    sized,
    where,
)
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.storage.copies import Copied


def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Copy database and events into a new folder, with a manifest. Watch and serve may go on meanwhile.

    \b
    Examples:
      seawall store backup /backup/2026-03-02
      seawall store backup /backup/2026-03-02 --store /var/lib/seawall --json

    Keep it where others can neither read nor write: it holds what the logs hold. Note the head of the audit trail that
    is printed somewhere else.
    """
    import time

    from seawall.storage.copies import back_up
    from seawall.storage.place import open_store

    with open_store(store, database) as opened:
        done = back_up(opened, target, at=time.time_ns() // 1000)
    if as_json:
        streams.answer_json({"backup": str(target), **_document(done)})
        return
    _tell("backed up", target, done)
    streams.next_step(f"seawall store restore {streams.quoted(target)} --to NEW, to try it")


def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A backup.", show_default=False)],
    to: Annotated[
        Path,
        typer.Option("--to", metavar="DIR", help="The store to make; must not exist.", show_default=False),
    ],
    database: NewDatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a store of a backup: all of it, checked, or nothing.

    \b
    Examples:
      seawall store restore /backup/2026-03-02 --to /var/lib/seawall
      seawall store restore /backup/2026-03-02 --to store --database postgresql://seawall@db/new

    With --database the database goes into an empty PostgreSQL one, whatever it was in before.
    """
    from seawall.storage.copies import restore as make

    done = make(source, to, database)
    if as_json:
        streams.answer_json({"store": str(to), **_document(done)})
        return
    _tell("restored", to, done)
    streams.next_step(f"seawall store check{where(to, database)}")


def _document(done: Copied) -> dict[str, Any]:
    return {
        "database_bytes": done.database_bytes,
        "database_version": done.database_version,
        "parts": done.parts,
        "event_bytes": done.event_bytes,
        "damaged": list(done.damaged),
        "days_to_score": len(done.days_to_score),
        "audit": {"sequence": done.head.sequence, "digest": done.head.digest},
    }


def _end(done: Copied) -> str:
    if not done.head.sequence:
        return "empty, so that there is no end to note"
    return f"entry {done.head.sequence} {done.head.digest}"


def _tell(what: str, place: Path, done: Copied) -> None:
    from seawall_base.safe_text import visible

    streams.write(
        f"{what}: {visible(str(place))}: database {sized(done.database_bytes)}, "
        f"{plural(done.parts, 'part')} of events {sized(done.event_bytes)}\n"
        f"audit trail: {_end(done)}\n"
    )
    if done.damaged:
        streams.say(f"damaged before, and still: {plural(len(done.damaged), 'part')}; seawall store check")
