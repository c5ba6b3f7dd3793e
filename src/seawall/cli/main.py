"""Entry point of `seawall`: the verbs, and what every failure looks like to the person who typed.

Only Typer is imported here; a verb imports the engine when it runs, so that `seawall --help` answers at once.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.cli import (
    assurance,
    campaigns,
    channels,
    demo,
    diff,
    doctor,
    erase,
    evaluate,
    explain,
    gate,
    help_pages,
    lab,
    look,
    mcp,
    open_export,
    replay,
    rules,
    scan,
    scope,
    serve,
    spark,
    step_up,
    tables,
    update,
    user,
    watch,
)
from seawall.cli.collect import verbs as collect
from seawall.cli.extras import missing_extra
from seawall.cli.incident import verbs as incident
from seawall.cli.indicators import verbs as indicators
from seawall.cli.keys import verbs as keys
from seawall.cli.output import say
from seawall.cli.respond import verbs as respond
from seawall.cli.service import connect as service_connect
from seawall.cli.service import run as service_run
from seawall.cli.service import verbs as service
from seawall.cli.store import verbs as store
from seawall.cli.token import verbs as token
from seawall.version import __version__
from seawall_base.errors import SeawallError
from seawall_base.full_disk import describe_room, is_full_disk
from seawall_base.program_name import note_program

INTERRUPTED = 130

app = typer.Typer(
    name="seawall",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("demo", short_help="Detect staged attacks in a made-up organisation.")(demo.demo)
app.command("scan")(scan.scan)
app.command("open", short_help="Read exported logs, and show incidents in the browser.")(
    open_export.open_export
)
app.add_typer(
    collect.app, name="collect", short_help="Collect logs from vendors' APIs; report coverage gaps."
)
app.command("watch", short_help="Tail logs, score events and raise incidents.")(watch.watch)
app.command("serve", short_help="Run the web console: detect and triage incidents.")(serve.serve)
app.add_typer(channels.app, name="channels", short_help="List and test the channels that get messages.")
app.command("connect", short_help="Name a tenant once, for the service.")(service_connect.connect)
app.command("run", short_help="Collect, watch, detect and alert as one service.")(service_run.run)
app.add_typer(service.app, name="service", short_help="Install, remove and inspect the service (systemd).")
app.add_typer(user.app, name="user", short_help="Manage console users.")
app.add_typer(store.app, name="store", short_help="Manage the data store.")
app.command("explain", short_help="Explain the score of an incident.")(explain.explain)
app.command("erase", short_help="Erase a person from a store and from results.")(erase.erase)
app.command("tables", short_help="Print rule hits, sign-ins, consents and more.")(tables.tables)
app.command("diff", short_help="Compare the results of two scans.")(diff.diff)
app.command("look", short_help="Look into an address, a session or another value.")(look.look)
app.command("mcp", short_help="Let an assistant read results (MCP).")(mcp.mcp)
app.command("campaigns", short_help="Show what several organisations have in common.")(campaigns.campaigns)
app.add_typer(indicators.app, name="indicators", short_help="Exchange indicators over TAXII; match them.")
app.command("assurance", short_help="Rank accounts by takeover risk; propose policy changes.")(
    assurance.assurance
)
app.command("scope", short_help="Determine the scope (blast radius) of an intrusion.")(scope.scope)
app.add_typer(
    respond.app, name="respond", short_help="Contain an incident, notify those affected, send signals."
)
app.add_typer(
    incident.app, name="incident", short_help="Handle incidents together; write report and summary."
)
app.add_typer(keys.app, name="keys", short_help="Audit signing keys; search for leaked private keys.")
app.add_typer(token.app, name="token", short_help="Verify and revoke tokens; test token verifiers.")
app.command("gate", short_help="Run a forward-auth server that verifies tokens.")(gate.gate)
app.add_typer(
    step_up.app,
    name="step-up",
    short_help="Manage enrolment for step-up authentication.",
)
app.add_typer(rules.app, name="rules", short_help="List, test and explain Sigma rules.")
app.add_typer(lab.app, name="lab")
app.add_typer(spark.app, name="spark", short_help="Detect on a cluster of Apache Spark.")
app.command("evaluate", short_help="Measure recall, time to detection and false positives.")(
    evaluate.evaluate
)
app.command("replay", short_help="Replay public incidents: seen, when, and stopped by what?")(replay.replay)
app.command("update", short_help="Install newer rules and network databases, if signed.")(update.update)
app.command("help", short_help="Print a page of the documentation.")(help_pages.show_help)
app.command("doctor", short_help="Check this installation, or logs before a scan.")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"seawall {__version__}")
        raise typer.Exit


@app.callback()
def seawall(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Detect account takeover, session hijacking and token theft.

    Seawall reads the logs of Microsoft 365, Entra ID, Google Workspace and Okta.

    \b
    Examples:
      seawall demo                       a made-up organisation with staged attacks
      seawall scan exports/ --out out    scan a folder of exported logs
      seawall explain 1 --out out        explain the highest-ranked incident
      seawall keys scan crash.dmp        search for leaked private keys

    \b
    Exit codes: 0 done, 1 failure, 2 usage, 3 input unreadable,
    10 found: incidents at or above --fail-on, a refused token, a leaked key,
    a coverage gap, 130 interrupted.
    """


SERVER = "granian.server.embed"
"""The module of the console's server: where it is there, this process has served."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; without `arguments` it is the program itself, and may end here."""
    code = _run(arguments)
    if arguments is None and SERVER in sys.modules:
        _end(code)
    return code


def _end(code: int) -> None:
    """End without taking the interpreter apart. By now all is closed, and Python would only tidy up.

    The server's threads outlive it, and one that calls into Python meanwhile is ended by it in a way that aborts the process.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@cache
def _command() -> Any:
    """Return the tree of commands, built once per process: reading every verb's signature takes longer than most verbs."""
    return typer.main.get_command(app)


def _run(arguments: list[str] | None) -> int:
    note_program(_command().commands)
    try:
        result = _command()(args=arguments, prog_name="seawall", standalone_mode=False)
    except SeawallError as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        typed = sys.argv[1:] if arguments is None else arguments
        missing = missing_extra(error, typed[0] if typed else "")
        return _report_unexpected(error) if missing is None else _refuse(missing)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line for a person, not a traceback
        return _report_unexpected(error)
    if result == INTERRUPTED:  # Typer makes an exit code of an interrupt by itself
        say("interrupted")
    return result if isinstance(result, int) else 0


def _refuse(error: SeawallError) -> int:
    say(*(f"error: {line}" for line in error.details or (error.message,)))
    if error.fix:
        say(f"  fix: {error.fix}")
    return error.exit_code


def _report_unexpected(error: Exception) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # Typer's own refusals of what was typed
        error.show()
        return int(error.exit_code)
    if os.environ.get("SEAWALL_DEBUG") == "1":
        raise error
    if is_full_disk(error):
        return _report_full_disk(error)
    place = f"{type(error).__name__}: {error}"
    say(f"error: unexpected failure: {place}")
    say("  fix: run `seawall doctor`; run again with SEAWALL_DEBUG=1 to see where it happened")
    return 1


def _report_full_disk(error: Exception) -> int:
    named = getattr(error, "filename", None)
    folders = {Path(named).parent if isinstance(named, str) else Path.cwd(), Path(tempfile.gettempdir())}
    say(f"error: the disk is full: {'; '.join(describe_room(folder) for folder in sorted(folders))}")
    say("  fix: free some space there, and run the command again")
    return 1


if __name__ == "__main__":
    sys.exit(main())
