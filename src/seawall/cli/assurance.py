"""`seawall assurance`: how strongly people sign in, who could be taken over, and what to change first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.cli import streams


def assurance(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively.")
    ],
    policies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Conditional access policies, and the named locations, groups and roles that they name "
            "(Microsoft Graph JSON). May be repeated.",
        ),
    ] = None,
    methods: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Registered methods: Entra userRegistrationDetails, Google users, Okta factors; JSON or CSV. "
            "May be repeated.",
        ),
    ] = None,
    what_if: Annotated[
        Path | None,
        typer.Option(
            "--what-if", metavar="POLICY", help="A proposed policy: replay the recorded sign-ins against it."
        ),
    ] = None,
    instead: Annotated[
        bool,
        typer.Option(
            "--instead",
            help="The proposed policies replace all of --policies; else they come on top, and replace those with the same id.",
        ),
    ] = False,
    scanned: Annotated[
        Path | None,
        typer.Option(
            "--scanned",
            metavar="DIR",
            help="Results of a scan: which raised incidents --what-if would have met.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write assurance.html, assurance.json and tables of sign-ins and sessions there.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Say who could be taken over by a stolen password or a phished session, and what closes most of it.

    \b
    Examples:
      seawall assurance exports/
      seawall assurance exports/ --policies policies.json --methods registrations.json --out out
      seawall assurance exports/ --policies policies.json --what-if proposed.json --scanned out

    What is not known is said as such: without policies nobody is closed, without registrations few are.
    """
    from seawall.cli import progress
    from seawall.pipeline.assess import assessment
    from seawall.report.assurance_terminal import show_assurance
    from seawall_base.errors import InputUnreadable, UsageError

    if scanned is not None and what_if is None:
        raise UsageError(
            "--scanned says which incidents a --what-if would have met", fix="give --what-if POLICY too"
        )
    if instead and (what_if is None or not policies):
        raise UsageError(
            "--instead says that what is proposed replaces what there is",
            fix="give --what-if POLICY and --policies FILE too",
        )
    with progress.shown(quiet=quiet) as report:
        document = assessment(
            paths,
            policies=policies or (),
            methods=methods or (),
            what_if=what_if,
            is_instead=instead,
            scanned=scanned,
            out=out,
            progress=report,
        )
    if not document["accounts"] and document["problems"]["counts"]:
        raise InputUnreadable(
            "no sign-in, mail access or account was read", fix="give sign-in logs, as for seawall scan"
        )
    if as_json:
        streams.answer_json(document)
    else:
        streams.answer(lambda console: show_assurance(console, document))
    if not quiet:
        _tell(document, out)


def _tell(document: dict[str, Any], out: Path | None) -> None:
    for code, count in document["problems"]["counts"].items():
        streams.say(f"not read: {count:,} ({code}); --json says which")
    if document["summary"]["policies"] is None:
        streams.say(
            "no access policies were given: with --policies, holes are listed and accounts can be proved closed"
        )
    if not document["summary"]["accounts_with_registrations"]:
        streams.say(
            "no registered methods were given: with --methods, accounts without a second factor are found"
        )
    if out is not None:
        streams.next_step(f"open {streams.quoted(out / 'assurance.html')} in a browser")
