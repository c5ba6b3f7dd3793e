"""`seawall replay`: list public incidents, and replay them in an organisation of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.lab.replay.reading import KeepsEvent

LIST = "list"
EVERY = "all"
DEFAULT_OUT = Path("seawall-replay")


def replay(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="An incident's name; `list` lists them, `all` replays all. Or a TOML file of your own.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the page, the document and the logs."),
    ] = DEFAULT_OUT,
    accounts: Annotated[
        int, typer.Option(metavar="N", min=50, help="Honest accounts of the organisation.")
    ] = 500,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Random seed: equal seeds give equal organisations.")
    ] = 1,
    systems: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Vendor of the logs, where the incident leaves a choice: microsoft, google, okta or mixed.",
        ),
    ] = None,
    configuration: Annotated[
        list[Path] | None,
        typer.Option(
            "--configuration",
            metavar="DIR",
            help="Your own configuration exports, as for `seawall assurance`. May be repeated. Default: a reference.",
        ),
    ] = None,
    logs_like: Annotated[
        Path | None,
        typer.Option(
            "--logs-like", metavar="DIR", help="Your own logs: only kinds of records that they hold are kept."
        ),
    ] = None,
    coverage: Annotated[
        Path | None,
        typer.Option(
            "--coverage",
            metavar="FILE",
            help="The coverage.json of a scan of your own logs: what they could not show, the replay's logs do not show.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replay a public incident: would it have been seen, when, and what would have stopped it?

    The lab stages the incident among honest accounts. Every verdict is read from what Seawall's layers say about the logs,
    tokens, keys and settings: with all layers, with each one off, and with each one alone.

    \b
    Examples:
      seawall replay list
      seawall replay storm-0558 --out out
      seawall replay storm-2372 --configuration settings/ --logs-like exports/ --out out
      seawall replay storm-2372 --coverage scanned/coverage.json --out out
      seawall replay all --out out --json
    """
    if name == LIST:
        _list(as_json=as_json)
        return
    from seawall.lab.replay.given_incident import find_incident
    from seawall.lab.replay.incident_file import list_names
    from seawall.lab.replay.organisation import OrganisationChoice
    from seawall.lab.replay.results import write_results
    from seawall.lab.replay.run import ReplayRequest

    names = list_names() if name == EVERY else [name]
    for one in names:
        find_incident(one)
    keeps, says = _read_own_logs(logs_like, coverage)
    request = ReplayRequest(
        names, OrganisationChoice(accounts, seed, systems=systems), tuple(configuration or ()), keeps, says
    )
    document = write_results(request, out, None if quiet else output.say)
    if as_json:
        output.answer_json(document)
    else:
        _show(document)
    if not quiet:
        output.next_step(f"open {output.quote_path(out / 'replay.html')} in a browser")


def _read_own_logs(logs_like: Path | None, coverage: Path | None) -> tuple[KeepsEvent | None, list[str]]:
    """Return what keeps events that the user's own logs would have too, and in words what these leave out."""
    from seawall.lab.replay.own_coverage import keep_covered, read_coverage
    from seawall.lab.replay.own_logs import keep_like
    from seawall.lab.replay.reading import keep_by_all

    functions: list[KeepsEvent] = []
    says: list[str] = []
    if coverage is not None:
        found = read_coverage(coverage)
        functions.append(keep_covered(found))
        says += found.sentences
    if logs_like is not None:
        functions.append(keep_like(logs_like))
        says.append("no kind of record that the given logs do not hold")
    return keep_by_all(functions), says


def _list(*, as_json: bool) -> None:
    from seawall.lab.replay.document import list_document
    from seawall.lab.replay.incident_file import list_names, load_incident
    from seawall.report.replay_terminal import print_incidents

    document = list_document([load_incident(one) for one in list_names()])
    if as_json:
        output.answer_json(document)
        return

    def draw(console: Console) -> None:
        print_incidents(console, document)

    output.answer(draw)


def _show(document: dict[str, Any]) -> None:
    from seawall.report.replay_terminal import print_replays

    def draw(console: Console) -> None:
        print_replays(console, document)

    output.answer(draw)
