"""`seawall respond export`: an incident in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import streams
from seawall.cli.event_pieces import pieces
from seawall.cli.scan import DEFAULT_OUT


def export(
    incident: Annotated[
        str, typer.Argument(metavar="INCIDENT", help="An incident's id, the start of one, or its rank.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder that a scan wrote.")
    ] = DEFAULT_OUT,
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
    """
    from seawall import __version__
    from seawall.errors import UsageError
    from seawall.report.documents import look_up
    from seawall.respond.export import writing
    from seawall.respond.export.artefacts import NEEDED, Gathering, gathered

    if (to is None) == (form is None):
        raise UsageError("either all forms or one", fix="give --to DIR, or --form NAME")
    if form is not None and form not in writing.FORMS:
        raise UsageError(f"{form!r} is no form", fix=f"one of {', '.join(writing.FORMS)}")
    found = look_up(out / "incidents.jsonl", incident)[2]
    gathering = Gathering(found.tenant, found.account, frozenset(found.events), found.first_event)
    made = writing.files(found, gathered(pieces(out / "events.parquet", NEEDED), gathering), __version__)
    if writing.FORMS["sigma"] not in made:
        streams.say("no Sigma rule: nothing tells the intruder from what the account had shown before")
    if form is not None:
        streams.write(made.get(writing.FORMS[form], ""))
        return
    if to is not None:
        writing.write(to, made)
        streams.say(f"wrote {', '.join((*made, writing.MANIFEST))} into {to}")
