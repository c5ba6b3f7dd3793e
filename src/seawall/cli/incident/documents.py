"""`seawall incident report` and `summary`: write what is known of an incident for others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.incident.opened import Wanted
from seawall.cli.respond.incident_options import OutFolder, StoreInstead, open_source
from seawall.cli.store.options import DatabaseUrl
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.report.handling.document import HandlingDocument
    from seawall.response.handling.gathering import HandledIncident

File = Annotated[
    Path,
    typer.Option(
        "--to", metavar="FILE", help="File to write; .html or .pdf decides the form.", show_default=False
    ),
]


def report(
    incident: Wanted,
    to: File,
    out: OutFolder = None,
    store: StoreInstead = None,
    database: DatabaseUrl = None,
) -> None:
    """Write the report of an incident: story, starred records with remarks, timeline, tasks and comments.

    Starred records, tasks and comments are in a store; the results of a scan have none.

    \b
    Examples:
      seawall incident report 3f9a --store seawall-store --to report.html
      seawall incident report 1 --out out --to report.pdf
    """
    from seawall.report.handling.report import write_report_document

    _write(incident, to, out, store, database, lambda case, now: write_report_document(case, now=now))


def summary(
    incident: Wanted,
    to: File,
    out: OutFolder = None,
    store: StoreInstead = None,
    database: DatabaseUrl = None,
) -> None:
    """Write one page in plain words for somebody who decides: what happened, who is affected, what is done and open.

    \b
    Examples:
      seawall incident summary 1 --out out --to summary.pdf
      seawall incident summary 3f9a --store seawall-store --to summary.pdf
    """
    from seawall.report.handling.summary import write_summary

    _write(incident, to, out, store, database, lambda case, now: write_summary(case, now=now))


def _write(
    wanted: str,
    to: Path,
    out: Path | None,
    store: Path | None,
    database: str | None,
    make: Callable[[HandledIncident, int], HandlingDocument],
) -> None:
    from seawall.report.handling.render import render_document_page, render_document_pdf

    if to.suffix.lower() not in (".html", ".pdf"):
        raise UsageError(f"{to}: neither .html nor .pdf", fix="end the name of the file with .html or .pdf")
    document = make(_gather(wanted, out, store, database), read_wall_clock())
    if to.suffix.lower() == ".pdf":
        content = render_document_pdf(document)
    else:
        content = render_document_page(document).encode("utf-8", "replace")
    _save(to, content)
    output.say(f"wrote {to}")


def _save(to: Path, content: bytes) -> None:
    import os

    from seawall_base.errors import OutputUnwritable
    from seawall_base.private_files import open_for_writing

    try:
        with os.fdopen(open_for_writing(to), "wb") as target:
            target.write(content)
    except OSError as error:
        raise OutputUnwritable(
            f"{to}: {error.strerror or error}", fix="choose a file that you may write with --to"
        ) from error


def _gather(wanted: str, out: Path | None, store: Path | None, database: str | None) -> HandledIncident:
    from seawall.response.handling.gathering import HandledIncident, gather_incident
    from seawall.response.stored_incidents import StoredIncidents

    with open_source(out, store, database) as kept:
        found = kept.incident(wanted)
        if isinstance(kept, StoredIncidents):
            with kept.database.reading() as work:
                return gather_incident(work, found)
        return HandledIncident(found)
