"""Entry point of `seawall`: the verbs, and what every failure looks like to the person who typed.

Only Typer is imported here; a verb imports the engine when it runs, so that `seawall --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from seawall.cli import (
    assurance,
    demo,
    doctor,
    evaluate,
    explain,
    gate,
    lab,
    rules,
    scan,
    scope,
    serve,
    step_up,
    user,
    watch,
)
from seawall.cli.collect import verbs as collect
from seawall.cli.extras import missing_extra
from seawall.cli.keys import verbs as keys
from seawall.cli.respond import verbs as respond
from seawall.cli.store import verbs as store
from seawall.cli.streams import say
from seawall.cli.token import verbs as token
from seawall.version import __version__
from seawall_base.errors import SeawallError

INTERRUPTED = 130

app = typer.Typer(
    name="seawall",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("demo", short_help="Stage intruders in a made-up organisation and find them.")(demo.demo)
app.command("scan")(scan.scan)
app.add_typer(
    collect.app, name="collect", short_help="Fetch logs from vendors' APIs, and say what is missing."
)
app.command("watch", short_help="Follow logs as they are written, and tell of incidents.")(watch.watch)
app.command("serve", short_help="Open the console: watch, detect, and work on incidents.")(serve.serve)
app.add_typer(user.app, name="user", short_help="Say who may sign in to the console.")
app.add_typer(store.app, name="store", short_help="Look after what watch and serve keep.")
app.command("explain", short_help="Say why an incident stands out, in words and numbers.")(explain.explain)
app.command("assurance", short_help="Say who could be taken over, and what to change first.")(
    assurance.assurance
)
app.command("scope", short_help="Say who was touched, who may have been, and who was not.")(scope.scope)
app.add_typer(respond.app, name="respond", short_help="Contain, notify and warn after an incident.")
app.add_typer(keys.app, name="keys", short_help="Watch the keys that sign your tokens.")
app.add_typer(token.app, name="token", short_help="Judge tokens, and revoke them.")
app.command("gate", short_help="Let only valid tokens through to applications.")(gate.gate)
app.add_typer(
    step_up.app,
    name="step-up",
    short_help="Say who may register a passkey or one-time codes at the gate.",
)
app.add_typer(rules.app, name="rules", short_help="Say which Sigma rules run; try and explain them.")
app.add_typer(lab.app, name="lab")
app.command("evaluate", short_help="Measure recall, delay and false incidents.")(evaluate.evaluate)
app.command("doctor", short_help="Check that this installation is fit to work.")(doctor.doctor)


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
    """Find who else is reading your organisation's mail, from the logs you already have.

    \b
    Examples:
      seawall demo                       a made-up organisation with staged intruders
      seawall scan exports/ --out out    scan a folder of exported logs
      seawall explain 1 --out out        why the worst account stands out
      seawall keys scan crash.dmp        find private keys that leaked

    \b
    Exit codes: 0 done, 1 failure, 2 usage, 3 input unreadable,
    10 found: incidents at or above --fail-on, a refused token, a leaked key,
    a gap in what was collected, 130 interrupted.
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


def _run(arguments: list[str] | None) -> int:
    try:
        result = app(args=arguments, prog_name="seawall", standalone_mode=False)
    except SeawallError as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        typed = sys.argv[1:] if arguments is None else arguments
        missing = missing_extra(error, typed[0] if typed else "")
        return _unexpected(error) if missing is None else _refuse(missing)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line for a person, not a traceback
        return _unexpected(error)
    if result == INTERRUPTED:  # Typer makes an exit code of an interrupt by itself
        say("interrupted")
    return result if isinstance(result, int) else 0


def _refuse(error: SeawallError) -> int:
    say(*(f"error: {line}" for line in error.details or (error.message,)))
    if error.fix:
        say(f"  fix: {error.fix}")
    return error.exit_code


def _unexpected(error: Exception) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # Typer's own refusals of what was typed
        error.show()
        return int(error.exit_code)
    if os.environ.get("SEAWALL_DEBUG") == "1":
        raise error
    place = f"{type(error).__name__}: {error}"
    say(f"error: unexpected failure: {place}")
    say("  fix: run `seawall doctor`; run again with SEAWALL_DEBUG=1 to see where it happened")
    return 1


if __name__ == "__main__":
    sys.exit(main())
