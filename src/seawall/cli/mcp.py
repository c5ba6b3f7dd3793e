"""`seawall mcp`: let an assistant read results or a store, by the Model Context Protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import OutFolder
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import DatabaseUrl

if TYPE_CHECKING:
    from seawall.mcp.call_audit import CallAudit
    from seawall.mcp.calls import CallRunner

STANDARD_ERROR = Path("-")


def mcp(
    out: OutFolder = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="DIR", help="Read this data store of `watch` or `serve` instead."),
    ] = None,
    database: DatabaseUrl = None,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Show pseudonyms in place of the names of persons.")
    ] = False,
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit",
            metavar="FILE",
            help="Record calls in this file; - for standard error. Default: assistant-calls.jsonl in the results, "
            "or the audit trail of the store.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve read-only tools to an assistant over standard input and output (Model Context Protocol).

    \b
    Examples:
      seawall mcp --out out
      seawall mcp --out out --pseudonyms
      seawall mcp --store seawall-store --audit calls.jsonl

    An assistant starts this command itself. It opens no port; `seawall serve --mcp` offers the tools over HTTP.
    """
    from seawall.mcp.server import serve_standard_streams

    with _open(out, store, database, audit, pseudonyms=pseudonyms) as runner:
        output.say(f"assistants may read {store or out or DEFAULT_OUT}; end with Ctrl+C")
        serve_standard_streams(runner)


@contextmanager
def _open(
    out: Path | None, store: Path | None, database: str | None, audit: Path | None, *, pseudonyms: bool
) -> Iterator[CallRunner]:
    """Give what answers calls. Raises UsageError, InputUnreadable, and what opening a store raises."""
    from seawall.console.endpoint import LOCAL
    from seawall.mcp.calls import CallRunner, show_names
    from seawall.mcp.names import ResultsNames, StoreNames
    from seawall.mcp.results_source import ResultsSource
    from seawall_base.errors import UsageError

    if out is not None and store is not None:
        raise UsageError("--out and --store exclude each other", fix="give --out or --store, and not both")
    if store is None:
        from seawall.storage.files.assistant_calls import ASSISTANT_CALLS

        results = ResultsSource(out or DEFAULT_OUT)
        results.list_incidents()  # a folder without results is refused now, not at the first call
        view = ResultsNames(results).view if pseudonyms else show_names
        recorder = _open_audit(audit or results.folder / ASSISTANT_CALLS)
        yield CallRunner(source=results, audit=recorder, actor=LOCAL, view=view)
        return
    from seawall.mcp.call_audit import DatabaseAudit
    from seawall.mcp.stored_source import StoreSource
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        view = StoreNames(opened).view if pseudonyms else show_names
        trail = DatabaseAudit(opened.database) if audit is None else _open_audit(audit)
        yield CallRunner(source=StoreSource(opened), audit=trail, actor=LOCAL, view=view)


def _open_audit(path: Path) -> CallAudit:
    """Return what records calls in a file or on standard error. Raises OutputUnwritable."""
    from seawall.mcp.call_audit import ErrorStreamAudit, FileAudit

    if path == STANDARD_ERROR:
        return ErrorStreamAudit()
    file = FileAudit(path)
    file.check()
    return file
