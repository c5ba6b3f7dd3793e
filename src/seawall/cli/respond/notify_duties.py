"""`seawall respond notify deadlines`, `report` and `package`: authorities, and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.notify_options import By, CaseFile, Note, ScopeFile, When, moment, scope_of
from seawall.cli.store.options import AsJson
from seawall_base.clock import read_wall_clock


def deadlines(case: CaseFile, as_json: AsJson = False) -> None:
    """Show the deadlines for notifying authorities and persons, under the strictest reading of the law.

    \b
    Examples:
      seawall respond notify deadlines case/case.toml
      seawall respond notify deadlines case/case.toml --json

    The case file says which rules apply (nis2, personal_data, high_risk). Seawall does not decide whether a duty exists.
    """
    from zoneinfo import ZoneInfo

    from seawall.report.notification import deadline_document, show_deadlines
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.deadlines import compute_deadlines as computed
    from seawall.response.notification.register import NotificationRegister
    from seawall_base.times import moment as as_datetime

    read = read_case(case)
    found = computed(
        read.case, NotificationRegister.read(case.parent).entries, now=as_datetime(read_wall_clock())
    )
    if as_json:
        aware = read.case.aware.isoformat()
        output.answer_json({"aware": aware, "deadlines": [deadline_document(one) for one in found]})
        return
    zone = ZoneInfo(read.case.zone)
    output.answer(lambda console: show_deadlines(console, found, lambda time: time.astimezone(zone)))
    output.say("strictest reading of the law; this is not legal advice")
    output.next_step(
        f"seawall respond notify report {output.quote_path(case)} --duty ID --by NAME, once the authority is notified"
    )


def report(
    case: CaseFile,
    duty: Annotated[
        str,
        typer.Option(
            "--duty", metavar="ID", help="Id of the duty, from `deadlines --json`.", show_default=False
        ),
    ],
    by: By,
    note: Note = "",
    when: When = None,
    as_json: AsJson = False,
) -> None:
    """Record that an authority was notified. Seawall itself notifies no authority.

    \b
    Examples:
      seawall respond notify report case/case.toml --duty gdpr-33 --by "Eva Muster" --note "portal, number 4711"
      seawall respond notify report case/case.toml --duty nis2-early-warning --by "Eva Muster" --when 2026-11-20T18:00:00+01:00
    """
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.confirming import record_report as reported
    from seawall.response.notification.register import NotificationRegister

    read_case(case)
    at = moment(when)
    with NotificationRegister.writing(case.parent, at=read_wall_clock()) as register:
        entry = reported(register, duty, by=by, note=note, when=at, at=read_wall_clock())
    if as_json:
        output.answer_json({"duty": entry.target, "sequence": entry.sequence})
    else:
        output.write(f"recorded: {entry.target}\n")
    output.next_step(f"seawall respond notify deadlines {output.quote_path(case)}")


def package(
    case: CaseFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Output folder.", show_default=False)
    ],
    scope: ScopeFile = None,
    organisation: Annotated[
        str,
        typer.Option(
            "--organisation", metavar="TENANT", help="Only this organisation, as the scope names it."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Export STIX 2.1, CSV without formulas, and the SHA-256 of each file.

    \b
    Examples:
      seawall respond notify package case/case.toml --out package
      seawall respond notify package case/case.toml --out for-contoso --organisation contoso
    """
    from seawall.response.notification.case_file import read_case
    from seawall.response.notification.package import MANIFEST, write_package

    names = write_package(read_case(case), scope_of(case, scope), out, organisation=organisation)
    if as_json:
        output.answer_json({"out": str(out), "files": list(names)})
    else:
        output.write("".join(f"{out / name}\n" for name in names))
    output.next_step(f"(cd {output.quote_path(out)} && sha256sum --check {MANIFEST})")
