"""`seawall assurance`: measure authentication strength and rank accounts by takeover risk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson


def assurance(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively.")
    ],
    policies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Conditional Access policies, with the named locations, groups and roles that they "
            "reference (Microsoft Graph JSON). May be repeated.",
        ),
    ] = None,
    methods: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Registered authentication methods: Entra userRegistrationDetails, Google users, Okta factors; JSON or CSV. "
            "May be repeated.",
        ),
    ] = None,
    what_if: Annotated[
        Path | None,
        typer.Option(
            "--what-if", metavar="POLICY", help="A proposed policy. Replay the recorded sign-ins against it."
        ),
    ] = None,
    instead: Annotated[
        bool,
        typer.Option(
            "--instead",
            help="Replace all of --policies by the proposed policies. Default: add them, and replace policies with the same id.",
        ),
    ] = False,
    scanned: Annotated[
        Path | None,
        typer.Option(
            "--scanned",
            metavar="DIR",
            help="Results of a scan. Report which raised incidents --what-if would have prevented.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write assurance.html, assurance.json and tables of sign-ins and sessions into this folder.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find accounts that a stolen password or session suffices to take over, and rank the changes that help most.

    \b
    Examples:
      seawall assurance exports/
      seawall assurance exports/ --policies policies.json --methods registrations.json --out out
      seawall assurance exports/ --policies policies.json --what-if proposed.json --scanned out

    Unknown stays unknown: without --policies no account counts as protected, without --methods only few.
    """
    from seawall.cli import progress
    from seawall.pipeline.assess import assessment
    from seawall.report.assurance_terminal import show_assurance
    from seawall_base.errors import InputUnreadable, UsageError

    if scanned is not None and what_if is None:
        raise UsageError(
            "--scanned needs a --what-if to compare the incidents with", fix="give --what-if POLICY too"
        )
    if instead and (what_if is None or not policies):
        raise UsageError(
            "--instead replaces --policies by --what-if and needs both",
            fix="give --what-if POLICY and --policies FILE too",
        )
    with progress.show_progress(quiet=quiet) as report:
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
        output.answer_json(document)
    else:
        output.answer(lambda console: show_assurance(console, document))
    if not quiet:
        _tell(document, out)


def _tell(document: dict[str, Any], out: Path | None) -> None:
    for code, count in document["problems"]["counts"].items():
        output.say(f"not read: {count:,} ({code}); --json lists them")
    if document["summary"]["policies"] is None:
        output.say(
            "no Conditional Access policies were given: add --policies to list gaps and to prove accounts protected"
        )
    if not document["summary"]["accounts_with_registrations"]:
        output.say("no registered methods were given: add --methods to find accounts without a second factor")
    if out is not None:
        output.next_step(f"open {output.quote_path(out / 'assurance.html')} in a browser")
