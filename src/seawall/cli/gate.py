"""`seawall gate`: a forward-auth server that lets only valid tokens through to applications."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall_base.errors import UsageError
from seawall_base.plurals import plural

DEFAULT = "127.0.0.1:8087"


def gate(
    policy: Annotated[
        Path,
        typer.Option("--policy", "-p", metavar="FILE", help="Policy file: whose tokens the gate accepts."),
    ],
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help=f"Address and port to listen on. Default: {DEFAULT}."),
    ] = None,
    uds: Annotated[
        Path | None, typer.Option("--uds", metavar="PATH", help="Listen on this Unix socket instead.")
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Number of worker processes.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Allow every request; log what would be denied.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check policy, settings and store, then exit.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: print one JSON document.")] = False,
) -> None:
    """Run a forward-auth server that verifies access tokens: /verify for nginx, Caddy, Traefik and Envoy.

    \b
    Examples:
      seawall gate --policy policy.toml
      seawall gate --policy policy.toml --uds gate.sock --workers 4
      seawall gate --policy policy.toml --dry-run
      seawall gate --policy policy.toml --check
    """
    from seawall.gate import listen as server
    from seawall.web.listen_address import ListenAddress

    if listen is not None and uds is not None:
        raise UsageError("--listen and --uds exclude each other", fix="give one of them")
    address = (
        ListenAddress(path=uds.absolute()) if uds is not None else server.parse_address(listen or DEFAULT)
    )
    prepared = server.prepare(policy, dry_run=dry_run, make=not check)
    issuers = [entry.name for entry in prepared.loaded.document.issuers]
    if check:
        if as_json:
            output.answer_json(
                {
                    "policy": str(policy),
                    "issuers": issuers,
                    "paths": len(prepared.loaded.settings.paths),
                    "store": str(prepared.loaded.store),
                    "listen": str(address),
                    "missing": [str(store) for store in prepared.made],
                    "admin": str(prepared.admin) if prepared.admin else None,
                }
            )
        else:
            rules = plural(len(prepared.loaded.settings.paths), "path rule")
            output.write(f"{policy}: {plural(len(issuers), 'issuer')}, {rules}\n")
            for store in prepared.made:
                output.say(f"the first start will create an empty store: {store}")
        return
    if not quiet:
        for store in prepared.made:
            output.say(f"created an empty store: {store}")
        if dry_run:
            output.say("dry run: no request is denied")
        output.say(f"listening on {address}, {plural(workers, 'worker')}, issuers: {', '.join(issuers)}")
    code = server.serve(prepared, address, workers)
    if code:
        raise typer.Exit(code)
