"""`seawall respond export`: export an incident to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import (
    IncidentArgument,
    IncidentOption,
    OutFolder,
    StoreInstead,
    open_source,
    require_one_name,
)
from seawall.cli.store.options import DatabaseUrl


def export(
    incident: IncidentArgument = None,
    out: OutFolder = None,
    store: StoreInstead = None,
    named: IncidentOption = None,
    database: DatabaseUrl = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write all formats into this folder, with the SHA-256 of each file."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Print one format: ocsf, stix, records, reasons or sigma."),
    ] = None,
) -> None:
    """Export an incident as OCSF Detection Finding, STIX 2.1, CSV and Sigma rules.

    \b
    Examples:
      seawall respond export 1 --out out --to case-1
      seawall respond export 1 --form sigma > rules/case-1.yml
      seawall respond export 3f9a --form ocsf
      seawall respond export --store seawall-store --incident 3f9a --to case-1
    """
    from seawall.response.export import writing
    from seawall.response.plan_request import export_incident
    from seawall.version import __version__
    from seawall_base.errors import UsageError

    wanted = require_one_name(incident, named)
    if wanted is None:
        raise UsageError("no incident was given", fix="give INCIDENT")
    if (to is None) == (form is None):
        raise UsageError("exactly one of --to and --form is needed", fix="give --to DIR, or --form NAME")
    if form is not None and form not in writing.FORMS:
        raise UsageError(f"{form!r} is not a format", fix=f"one of {', '.join(writing.FORMS)}")
    with open_source(out, store, database) as kept:
        made = export_incident(kept, kept.incident(wanted), __version__)
    if writing.FORMS["sigma"] not in made:
        output.say("no Sigma rule: nothing distinguishes the intruder from the account's baseline")
    if form is not None:
        output.write(made.get(writing.FORMS[form], ""))
        return
    if to is not None:
        writing.write_files(to, made)
        output.say(f"wrote {', '.join((*made, writing.MANIFEST))} into {to}")
