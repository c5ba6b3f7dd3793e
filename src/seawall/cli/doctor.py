"""`seawall doctor`: check this installation, or what lies in a folder of logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.cli.checks import DoctorCheck


def doctor(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            show_default=False,
            help="Files and folders of logs: list what lies in them instead of checking the installation.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder whose free space and permissions are checked."
        ),
    ] = Path(),
    store: Annotated[
        Path | None, typer.Option("--store", metavar="DIR", help="Also check this store.")
    ] = None,
    database: DatabaseUrl = None,
    head: Annotated[
        Path | None,
        typer.Option(
            "--head",
            metavar="FILE",
            help="File with an earlier head of the store's audit trail, to compare with.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check this installation; with PATH, list the logs in a folder before a scan.

    For the installation: Python, packages, built-in tables, disk and terminal; with --store also a store.

    For logs: each log with its records, accounts and span, the share of records that state each field that detection needs,
    what is missing, and which permission or licence brings it.

    \b
    Examples:
      seawall doctor
      seawall doctor exports/
      seawall doctor --store /var/lib/seawall --head audit-head.json
    """
    if paths:
        from seawall.cli.log_inventory import show_inventory

        show_inventory(paths, quiet=quiet, as_json=as_json)
        return
    from seawall.cli.checks import run_all

    checks = run_all(out)
    if store is not None:
        from seawall.cli.store.checks import run_store

        checks += run_store(store, database, head)
    failed = [check for check in checks if check.state == "fail"]
    if as_json:
        from seawall_base.program_name import name_program

        parts = [
            {"name": c.name, "state": c.state, "detail": name_program(c.detail), "fix": name_program(c.fix)}
            for c in checks
        ]
        output.answer_json({"ok": not failed, "checks": parts})
    else:
        output.answer(lambda console: _draw(console, checks))
        output.next_step(
            "seawall demo" if not failed else "apply the fixes above, then run `seawall doctor` again"
        )
    if failed:
        raise typer.Exit(1)


def _draw(console: Console, checks: tuple[DoctorCheck, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from seawall_base.program_name import name_program
    from seawall_base.safe_text import visible

    styles = {"ok": "green", "warn": "yellow", "fail": "bold red", "absent": "dim"}
    grid = Table.grid(padding=(0, 2))
    for check in checks:
        grid.add_row(
            Text(check.state, style=styles[check.state]),
            Text(check.name),
            Text(visible(name_program(check.detail)), overflow="fold"),
        )
        if check.fix:
            grid.add_row("", "", Text(f"fix: {name_program(check.fix)}", style="dim"))
    console.print(grid)
