"""`seawall incident merge` and `split`: an analyst's statement which incidents belong together."""

from __future__ import annotations

from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.incident.opened import Wanted, open_changes
from seawall.cli.store.options import DEFAULT_STORE, DatabaseUrl, StoreFolder
from seawall_base.errors import UsageError

Members = Annotated[
    list[str], typer.Argument(metavar="MEMBER...", help="Other incidents: their ids.", show_default=False)
]


def merge(
    incident: Wanted,
    members: Members,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why they belong together.")] = "",
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Make other incidents of the same organisation members of one. They leave the queue, and stay readable.

    \b
    Examples:
      seawall incident merge 3f9a 71c0 --why "one phishing mail"
    """
    with open_changes(store, database, incident) as (changes, id_):
        ids = changes.work.incidents.in_order()
        for member in members:
            changes.merge(id_, _find(ids, changes.work.aliases.resolve(member[:200])), why)
    output.say(f"incident {id_} has {len(members)} more")


def split(
    incident: Wanted, members: Members, store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None
) -> None:
    """Undo a merge: the members are incidents of the queue again.

    \b
    Examples:
      seawall incident split 3f9a 71c0
    """
    with open_changes(store, database, incident) as (changes, id_):
        ids = changes.work.incidents.in_order()
        for member in members:
            changes.split(id_, _find(ids, changes.work.aliases.resolve(member[:200])))
    output.say(f"incident {id_} has {len(members)} fewer")


def _find(ids: list[str], wanted: str) -> str:
    """Return the id that a text is or begins. Raises UsageError; a rank would change with each merge."""
    found = [one for one in ids if one == wanted] or [one for one in ids if wanted and one.startswith(wanted)]
    if len(found) != 1:
        raise UsageError(
            f"{wanted[:80]!r} names {len(found)} incidents", fix="give the id, or a longer beginning of it"
        )
    return found[0]
