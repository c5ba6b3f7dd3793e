"""The options by which a verb finds an incident, in what a scan wrote or in a store, and what was done against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.scan import DEFAULT_OUT

if TYPE_CHECKING:
    from seawall.response.containment.values import Containment
    from seawall.response.incident_sources import IncidentSource

_CONTAIN_FIRST = (
    "seawall respond apply PLAN --apply --approver NAME --config FILE; "
    "to record a step that was done by hand: --done STEP --by NAME"
)
OutFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help=f"Results folder of a scan. Default: {DEFAULT_OUT}.",
    ),
]
StoreInstead = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Search this data store of `watch` or `serve` instead."),
]
IncidentArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[INCIDENT]", help="Incident: its id, a prefix of it, its number, or its account."
    ),
]
IncidentOption = Annotated[
    str | None,
    typer.Option(
        "--incident",
        metavar="INCIDENT",
        help="The same as the argument INCIDENT.",
        show_default=False,
    ),
]

JournalFile = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="Journal file from `seawall respond apply`.")
]
DaysAfter = Annotated[
    int, typer.Option("--days", metavar="N", min=1, max=365, help="Number of days after the containment.")
]


def require_one_name(argument: str | None, option: str | None) -> str | None:
    """The incident that was named as an argument or an option. Raises UsageError for both."""
    from seawall_base.errors import UsageError

    if argument is not None and option is not None:
        raise UsageError("the incident was given twice", fix="give INCIDENT or --incident, and not both")
    return argument if argument is not None else option


@contextmanager
def open_source(out: Path | None, store: Path | None, database: str | None) -> Iterator[IncidentSource]:
    """Give where incidents and their events are. Raises UsageError, and what opening a store raises."""
    from seawall.response.incident_sources import ScanResults
    from seawall_base.errors import UsageError

    if out is not None and store is not None:
        raise UsageError("--out and --store exclude each other", fix="give --out or --store, and not both")
    if store is None:
        yield ScanResults(out if out is not None else DEFAULT_OUT)
        return
    from seawall.response.stored_incidents import open_stored_incidents
    from seawall.storage.location import open_store

    with open_store(store, database) as found:
        yield open_stored_incidents(found)


def read_applied(journal: Path, days: int) -> Containment:
    """Return what a journal's plan contained, and its `days` after. Raises JournalBroken, also when nothing was applied yet."""
    from seawall.response.adaptation import read_containment
    from seawall.response.containment.journal import read_journal
    from seawall.response.errors import JournalBroken

    found = read_containment(read_journal(journal), days)
    if found is None:
        raise JournalBroken(f"{journal}: no containment action was applied yet", fix=_CONTAIN_FIRST)
    return found
