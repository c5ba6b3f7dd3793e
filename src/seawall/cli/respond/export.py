"""`seawall respond export`: an incident in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import streams
from seawall.cli.respond.incident_options import IncidentOption, OutFolder, StoreInstead, named_once, opened
from seawall.cli.store.options import DatabaseUrl


def export(
    incident: Annotated[
        str | None,
        typer.Argument(metavar="[INCIDENT]", help="An incident's id, the start of one, or its rank."),
    ] = None,
    out: OutFolder = None,
    store: StoreInstead = None,
    named: IncidentOption = None,
    database: DatabaseUrl = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write all forms there, with the SHA-256 of each file.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Print one form: ocsf, stix, records, reasons or sigma."),
    ] = None,
) -> None:
    """Give an incident to other programs: OCSF Detection Finding, STIX 2.1, CSV, and its pattern as Sigma rules.

    \b
    Examples:
      seawall respond export 1 --out out --to case-1
      seawall respond export 1 --form sigma > rules/case-1.yml
      seawall respond export 3f9a --form ocsf
      seawall respond export --store seawall-store --incident 3f9a --to case-1
    """
    from seawall.response.export import writing
    from seawall.response.plan_request import forms_of
    from seawall.version import __version__
    from seawall_base.errors import UsageError

    wanted = named_once(incident, named)
    if wanted is None:
        raise UsageError("an export is of an incident", fix="give INCIDENT")
    if (to is None) == (form is None):
        raise UsageError("either all forms or one", fix="give --to DIR, or --form NAME")
    if form is not None and form not in writing.FORMS:
        raise UsageError(f"{form!r} is no form", fix=f"one of {', '.join(writing.FORMS)}")
    with opened(out, store, database) as kept:
        made = forms_of(kept, kept.incident(wanted), __version__)
    if writing.FORMS["sigma"] not in made:
        streams.say("no Sigma rule: nothing tells the intruder from what the account had shown before")
    if form is not None:
        streams.write(made.get(writing.FORMS[form], ""))
        return
    if to is not None:
        writing.write(to, made)
        streams.say(f"wrote {', '.join((*made, writing.MANIFEST))} into {to}")
