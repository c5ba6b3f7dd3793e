"""`seawall respond watch`: after a containment, search for the return of the intruder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import DaysAfter, JournalFile, StoreInstead, read_applied
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.response.adaptation import ReturnSearch
    from seawall.response.containment.values import Containment
    from seawall.response.returning_attacker import ReturnReading

CAME_BACK = 10


def watch(
    journal: JournalFile,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Logs or results folders of scans, from before and after the containment.",
            show_default=False,
        ),
    ] = None,
    store: StoreInstead = None,
    database: DatabaseUrl = None,
    days: DaysAfter = 30,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search for the return of a contained intruder: known indicators, and what the intruder changed.

    \b
    Examples:
      seawall respond watch plan.journal.jsonl exports/
      seawall respond watch plan.journal.jsonl exports/ --days 60 --json
      seawall respond watch plan.journal.jsonl --store seawall-store

    Include logs from before the containment: an indicator that many accounts share proves nothing.

    \b
    Exit codes: 0 no return found, 10 return found, 3 nothing could be read.
    """
    import msgspec

    from seawall.report.containment import show_returns
    from seawall_base.errors import UsageError
    from seawall_base.times import rfc3339

    if (store is None) == (not paths):
        raise UsageError(
            "exactly one of PATH and --store is needed", fix="give a PATH or --store, and not both"
        )
    contained = read_applied(journal, days)
    looking, reading = _print_return(paths or [], store, database, contained, quiet=quiet)
    found = looking.returns()
    if as_json:
        output.answer_json(
            {
                "contained": rfc3339(contained.at),
                "until": rfc3339(contained.until),
                "accounts": contained.actor.accounts,
                "records": reading.records,
                "records_after": looking.after,
                "problem_counts": reading.problems,
                "is_bounded": looking.is_bounded,
                "returns": [
                    {**msgspec.to_builtins(one), "first": rfc3339(one.first), "last": rfc3339(one.last)}
                    for one in found
                ],
            }
        )
    elif found:

        def draw(console: Console) -> None:
            show_returns(console, found)

        output.answer(draw)
    else:
        output.write("No return was found.\n")
    if not quiet:
        output.say(
            f"looked from {rfc3339(contained.at)} to {rfc3339(contained.until)}, {reading.records:,} records read, "
            f"{looking.after:,} of them from that time"
        )
        if not looking.after:
            output.say(
                "warning: no record is from after the containment, so that no return can be found: give newer logs"
            )
        for code, count in sorted(reading.problems.items(), key=lambda one: -one[1])[:3]:
            output.say(f"not read: {count:,} × {code}")
        if looking.is_bounded:
            output.say("the search hit its limit and is incomplete: give fewer --days")
    if found:
        raise typer.Exit(CAME_BACK)


def _print_return(
    paths: list[Path], store: Path | None, database: str | None, contained: Containment, *, quiet: bool
) -> tuple[ReturnSearch, ReturnReading]:
    from seawall.cli import progress
    from seawall.response.returning_attacker import look_in_logs, look_in_store
    from seawall.storage.location import open_store

    with progress.show_progress(quiet=quiet) as report:
        if store is None:
            return look_in_logs(paths, contained, report)
        with open_store(store, database) as opened:
            return look_in_store(opened.lake, contained, report)
