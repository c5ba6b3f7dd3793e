"""`seawall serve`: the console, its API, and the watch behind them, in one program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import streams
from seawall.errors import UsageError

if TYPE_CHECKING:
    from seawall.server.console.serve import Plan, Ready

DEFAULT_STORE = Path("seawall-store")
DEFAULT_LISTEN = "127.0.0.1:8090"


def serve(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...", help="Folders into which logs are dropped.", show_default=False
        ),
    ] = None,
    store: Annotated[
        Path, typer.Option("--store", metavar="DIR", help="Where everything is kept.")
    ] = DEFAULT_STORE,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="SEAWALL_DATABASE",
            show_envvar=False,
            help="A PostgreSQL database instead of a file in the store (also SEAWALL_DATABASE).",
        ),
    ] = None,
    address: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where to listen.")
    ] = DEFAULT_LISTEN,
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="A name under which browsers find the console."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Serve TLS with this chain (PEM).")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The certificate's key (PEM, no password).")
    ] = None,
    proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--behind-proxy", metavar="NETWORK", help="A proxy at this address ends TLS and says who asks."
        ),
    ] = None,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Also whoever sits at this machine signs in.")
    ] = False,
    oidc_policy: Annotated[
        Path | None,
        typer.Option("--oidc-policy", metavar="FILE", help="Sign in at the provider of this policy file."),
    ] = None,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Only show what another `seawall watch` finds.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages but errors.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say where the console is as one JSON document.")
    ] = False,
) -> None:
    """Open the console: watch folders, detect, and show incidents in the browser.

    On this machine alone it needs no sign-in until there are users. Beyond it, TLS and sign-in are required.

    \b
    Examples:
      seawall serve exports/
      seawall serve /var/log/m365 --store /var/lib/seawall
      seawall serve --listen 0.0.0.0:8443 --host seawall.example.org --certificate chain.pem --key key.pem
      seawall serve --host seawall.example.org --behind-proxy 127.0.0.1
    """
    from seawall.server.console.listening import Certificate, place_of
    from seawall.server.console.serve import Plan
    from seawall.server.console.serve import serve as run

    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key belong together", fix="give both")
    plan = Plan(
        store=store,
        database=database,
        place=place_of(address),
        hosts=tuple(hosts or ()),
        certificate=None if certificate is None or key is None else Certificate(certificate, key),
        proxies=tuple(proxies or ()),
        needs_sign_in=sign_in,
    )
    if not no_watch and folders:
        raise UsageError("this version does not watch yet", fix="--no-watch")
    code = run(plan, None, on_ready=lambda ready: _say(ready, plan, quiet=quiet, as_json=as_json))
    if code:
        raise typer.Exit(code)


def _say(ready: Ready, plan: Plan, *, quiet: bool, as_json: bool) -> None:
    """Where it is. The setup code is said whatever is quiet: nobody could begin without."""
    if as_json:
        streams.answer_json(
            {"address": ready.address, "setup_code": ready.setup_code, "store": str(plan.store)}
        )
    elif not quiet:
        streams.write(f"{ready.address}\n")
    if not quiet and not ready.has_pages:
        streams.say("the console's pages were not built (make console): only the API answers")
    if ready.setup_code is not None and not as_json:
        streams.say(
            f"there is no user yet: {ready.address}setup makes the first admin with this code, once, within a day:",
            f"  {ready.setup_code}",
        )
    if not quiet:
        streams.say("Ctrl-C ends it")
