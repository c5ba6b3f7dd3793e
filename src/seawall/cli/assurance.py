"""`seawall assurance`: measure authentication strength and rank accounts by takeover risk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console


def assurance(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively.")
    ] = None,
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
    configuration: Annotated[
        list[Path] | None,
        typer.Option(
            "--configuration",
            metavar="DIR",
            help="Configuration exports (Graph, Exchange Online, SharePoint, Teams, Google, Okta; JSON or CSV). "
            "Check them against security baselines. May be repeated.",
        ),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="EARLIER",
            help="An earlier assurance.json or its folder. Report what changed in the configuration.",
        ),
    ] = None,
    emergency: Annotated[
        list[str] | None,
        typer.Option(
            "--emergency",
            metavar="ID",
            help="Object id of an emergency account, or of its group, that policies may exclude. May be repeated.",
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="The day of the exports, for expired secrets and unused applications. Default: today.",
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

    With --configuration, check exported settings against security baselines, with or without logs.

    \b
    Examples:
      seawall assurance exports/
      seawall assurance --configuration settings/ --out out
      seawall assurance exports/ --policies policies.json --methods registrations.json --out out
      seawall assurance exports/ --policies policies.json --what-if proposed.json --scanned out

    Unknown stays unknown: without --policies no account counts as protected, without --methods only few.
    """
    from seawall.cli import progress
    from seawall.pipeline.assess import assessment
    from seawall.pipeline.assess_posture import assess_posture
    from seawall_base.clock import read_wall_clock
    from seawall_base.errors import InputUnreadable, UsageError

    _refuse_contradictions(
        has_logs=bool(paths),
        has_configuration=bool(configuration),
        for_logs=bool(policies or methods or what_if),
        for_configuration=bool(since or emergency or as_of),
    )
    if scanned is not None and what_if is None:
        raise UsageError(
            "--scanned needs a --what-if to compare the incidents with", fix="give --what-if POLICY too"
        )
    if instead and (what_if is None or not policies):
        raise UsageError(
            "--instead replaces --policies by --what-if and needs both",
            fix="give --what-if POLICY and --policies FILE too",
        )
    posture = None
    if configuration:
        now = read_wall_clock() if as_of is None else int(as_of.replace(tzinfo=UTC).timestamp()) * 1_000_000
        posture = assess_posture(configuration, now, since=since, emergency=emergency or ())
    with progress.show_progress(quiet=quiet) as report:
        document = assessment(
            paths or (),
            policies=policies or (),
            methods=methods or (),
            what_if=what_if,
            is_instead=instead,
            scanned=scanned,
            out=out,
            progress=report,
            posture=posture,
        )
    if paths and not document["accounts"] and document["problems"]["counts"]:
        raise InputUnreadable(
            "no sign-in, mail access or account was read", fix="give sign-in logs, as for seawall scan"
        )
    if as_json:
        output.answer_json(document)
    else:
        output.answer(lambda console: _show(console, document, has_logs=bool(paths)))
    if not quiet:
        if paths:
            _tell(document)
        if posture is not None:
            _tell_problems(posture["problems"]["counts"])
        if out is not None:
            output.next_step(f"open {output.quote_path(out / 'assurance.html')} in a browser")


def _refuse_contradictions(
    *, has_logs: bool, has_configuration: bool, for_logs: bool, for_configuration: bool
) -> None:
    """Raise UsageError if there is nothing to assess, or an option lacks what it is about."""
    from seawall_base.errors import UsageError

    if not has_logs and not has_configuration:
        raise UsageError(
            "nothing to assess", fix="give PATH, the logs, or --configuration DIR, the exported settings"
        )
    if for_configuration and not has_configuration:
        raise UsageError(
            "--since, --emergency and --as-of need --configuration", fix="give --configuration DIR too"
        )
    if for_logs and not has_logs:
        raise UsageError("--policies, --methods and --what-if need logs", fix="give PATH, the logs, too")


def _show(console: Console, document: dict[str, Any], *, has_logs: bool) -> None:
    from seawall.report.assurance_terminal import show_assurance
    from seawall.report.posture_terminal import show_posture

    if has_logs:
        show_assurance(console, document)
    if document["posture"] is not None:
        if has_logs:
            console.print()
        show_posture(console, document["posture"])


def _tell_problems(counts: dict[str, int]) -> None:
    for code, count in counts.items():
        output.say(f"not read: {count:,} ({code}); --json lists them")


def _tell(document: dict[str, Any]) -> None:
    _tell_problems(document["problems"]["counts"])
    if document["summary"]["policies"] is None:
        output.say(
            "no Conditional Access policies were given: add --policies to list gaps and to prove accounts protected"
        )
    if not document["summary"]["accounts_with_registrations"]:
        output.say("no registered methods were given: add --methods to find accounts without a second factor")
