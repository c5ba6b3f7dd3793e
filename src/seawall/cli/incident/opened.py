"""Open a store to change an incident in it, and the options that all these verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall_base.clock import read_wall_clock

if TYPE_CHECKING:
    from seawall.response.handling.changes import AuditedChanges
    from seawall.storage.location import Store

ACTOR = "local"
VIA = "seawall incident"

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="INCIDENT",
        help="Incident: its id, a prefix of it, its number, or its account.",
        show_default=False,
    ),
]


@contextmanager
def open_changes(store: Path, database: str | None, wanted: str) -> Iterator[tuple[AuditedChanges, str]]:
    """Give the changes of one transaction, and the id of the incident. Raises UsageError, and what opening raises."""
    from seawall.response.handling.changes import AuditedChanges
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        id_ = find_id(opened, wanted)
        with opened.database.writing() as work:
            yield AuditedChanges(work, ACTOR, read_wall_clock(), VIA), id_


def find_id(opened: Store, wanted: str) -> str:
    """Return the present id of an incident, given by its id, a prefix of it, its number or its account. Raises UsageError."""
    from seawall.response.stored_incidents import open_stored_incidents

    return open_stored_incidents(opened).find_only_id(wanted)
