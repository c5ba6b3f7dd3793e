"""`seawall open`: read an export and look at it in the browser, without setting anything up."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from seawall.cli import output
from seawall.cli.live_settings import AlertBudget, NetworkDatabases, RuleFolders
from seawall_base.errors import InputUnreadable

if TYPE_CHECKING:
    from seawall.console.serve import ConsoleReady
    from seawall.console.sign_in.one_time_link import OneTimeLink

STANDARD_INPUT: Final = "-"
CHUNK: Final = 1 << 20
DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


def open_export(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Exports: files, archives and folders; - is standard input."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder that keeps the store. Default: none is kept."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser, if there is one.")] = True,
    budget: AlertBudget = None,
    mmdb: NetworkDatabases = None,
    rules: RuleFolders = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the link and errors only.")] = False,
) -> None:
    """Read exported logs, and show the incidents in the browser of this machine.

    \b
    Examples:
      seawall open purview.csv
      seawall open exports.zip signins.json
      seawall open exports/ --out case-7

    The link that it prints works once, for whoever opens it first. Nobody else on this machine can look.
    """
    from seawall.cli.live_settings import live_settings
    from seawall.console.serve import ServeSettings, serve
    from seawall.console.sign_in.one_time_link import OneTimeLink
    from seawall.pipeline.tail import TailTiming
    from seawall.web.listen_address import ListenAddress, find_free_port

    named = [Path(path) for path in paths if path != STANDARD_INPUT]
    missing = [path for path in named if not path.exists()]
    if missing:
        raise InputUnreadable(f"no such file or folder: {missing[0]}", fix="check the path")
    with _place(out) as folder:
        received = folder / "received"
        if STANDARD_INPUT in paths:
            _receive_standard_input(received)
        received.mkdir(mode=0o700, exist_ok=True)
        link = OneTimeLink()
        plan = ServeSettings(
            store=folder / "store", listen=ListenAddress("127.0.0.1", find_free_port()), link=link
        )
        live = live_settings(
            [*named, received],
            plan.store,
            None,
            budget,
            (),
            None,
            mmdb or [],
            TailTiming(settle=0.5),
            rules or [],
        )
        if not quiet:
            output.say(
                "reading; incidents appear as they are found", f"kept: {out or 'nothing'}", "Ctrl-C ends it"
            )
        code = serve(plan, live, on_ready=lambda ready: _tell(ready, link, is_opened=browser))
    if code:
        raise typer.Exit(code)


@contextmanager
def _place(out: Path | None) -> Iterator[Path]:
    """Yield the given folder, or one that is gone afterwards."""
    if out is not None:
        from seawall_base.private_files import make_folder

        make_folder(out)
        yield out
        return
    folder = Path(tempfile.mkdtemp(prefix="seawall-open-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _receive_standard_input(folder: Path) -> None:
    from seawall.storage.files.received_files import receive_file

    receive_file(iter(lambda: sys.stdin.buffer.read(CHUNK), b""), "standard input", folder)


def _tell(ready: ConsoleReady, link: OneTimeLink, *, is_opened: bool) -> None:
    """Print the link, and open it where a person sits at a screen."""
    address = ready.address + link.path()
    output.write(f"{address}\n")
    if is_opened and has_screen():
        import webbrowser

        webbrowser.open(address)


def has_screen() -> bool:
    """Return whether a browser would show on a screen of this machine, and not on another one or in a terminal."""
    if "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in DISPLAYS)
