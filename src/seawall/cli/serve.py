"""`seawall serve`: run the console, its API and detection in one program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.configuration.option import ConfigurationFile
from seawall.cli.live_settings import (
    AlertBudget,
    ChannelsFilePath,
    ContainmentFile,
    LeastChance,
    LeastScoreText,
    NetworkDatabases,
    RetentionDays,
    RuleFolders,
    WebhookSecretFile,
    WebhookUrls,
)
from seawall.cli.store.options import DEFAULT_STORE, OwnDatabaseUrl
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.console.endpoint import Endpoint
    from seawall.console.serve import ConsoleReady, ServeSettings
    from seawall.pipeline.live.settings import LiveSettings

DEFAULT_LISTEN = "127.0.0.1:8090"


def serve(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...", help="Folders that collectors write logs to.", show_default=False
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="DIR", help=f"Folder of the data store. Default: {DEFAULT_STORE}."),
    ] = None,
    database: OwnDatabaseUrl = None,
    address: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Address and port to listen on.")
    ] = DEFAULT_LISTEN,
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="Host name of the console in browsers. May be repeated."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="TLS certificate chain (PEM).")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help="Private key of the certificate (PEM, without a password)."
        ),
    ] = None,
    proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--behind-proxy",
            metavar="NETWORK",
            help="Trust a reverse proxy at this address to terminate TLS and forward the client address.",
        ),
    ] = None,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Require sign-in on this machine as well.")
    ] = False,
    oidc_policy: Annotated[
        Path | None,
        typer.Option(
            "--oidc-policy",
            metavar="FILE",
            help="Sign in at the identity provider (OpenID Connect) that this policy file names.",
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics-allow",
            metavar="NETWORK",
            help="Network that may read /metrics. Default: this machine.",
        ),
    ] = None,
    budget: AlertBudget = None,
    min_score: LeastScoreText = None,
    min_chance: LeastChance = None,
    webhook: WebhookUrls = None,
    webhook_secret_file: WebhookSecretFile = None,
    channels: ChannelsFilePath = None,
    respond: ContainmentFile = None,
    retention: RetentionDays = None,
    mmdb: NetworkDatabases = None,
    rules: RuleFolders = None,
    no_watch: Annotated[
        bool,
        typer.Option(
            "--no-watch",
            help="Only show incidents that a separate `seawall watch` writes to an existing store.",
        ),
    ] = False,
    mcp: Annotated[
        bool,
        typer.Option("--mcp", help="Offer read-only tools to assistants at /api/mcp, behind sign-in."),
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Show a made-up organisation live; keep no data.")
    ] = False,
    _config: ConfigurationFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the console's address as one JSON document.")
    ] = False,
) -> None:
    """Run the web console: tail folders, detect, and show incidents in the browser.

    On this machine the console needs no sign-in until an admin can sign in. For other machines, TLS and sign-in are required.

    \b
    Examples:
      seawall serve --demo
      seawall serve exports/
      seawall serve /var/log/m365 --store /var/lib/seawall
      seawall serve --listen 0.0.0.0:8443 --host seawall.example.org --certificate chain.pem --key key.pem
      seawall serve --host seawall.example.org --behind-proxy 127.0.0.1
    """
    from seawall.cli.live_settings import choose_least_score, live_settings, webhooks_of
    from seawall.console.listening import TlsCertificate, parse_address
    from seawall.console.serve import ServeSettings
    from seawall.console.sign_in.oidc_settings import load_oidc

    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key belong together", fix="give both")
    plan = ServeSettings(
        store=store or DEFAULT_STORE,
        database=database,
        listen=parse_address(address),
        hosts=tuple(hosts or ()),
        certificate=None if certificate is None or key is None else TlsCertificate(certificate, key),
        proxies=tuple(proxies or ()),
        needs_sign_in=sign_in,
        is_demo=demo,
        oidc=None if oidc_policy is None else load_oidc(oidc_policy),
        metrics_allow=tuple(metrics or ()),
    )
    further = _find_further_routes() if mcp else ()
    telling = _Telling(quiet=quiet, as_json=as_json, is_demo=demo)
    least_score = choose_least_score(min_score, min_chance)
    if demo:
        if folders or no_watch or store is not None or database is not None:
            raise UsageError(
                "--demo brings its own logs and store",
                fix="give neither folders nor --store nor --no-watch with --demo",
            )
        _demo(plan, budget, least_score, telling, further)
        return
    if no_watch and folders:
        raise UsageError("--no-watch and folders exclude each other", fix="give only one of them")
    live = None
    if not no_watch:
        webhooks = webhooks_of(webhook or [], webhook_secret_file)
        live = live_settings(
            folders or [],
            plan.store,
            database,
            budget,
            webhooks,
            retention,
            mmdb or [],
            rules=rules or [],
            least_score=least_score,
            channels=channels,
            respond=respond,
        )
    _run(plan, live, telling, further)


def _find_further_routes() -> tuple[Endpoint, ...]:
    """Return the routes of rooms above the console. Their packages are missed now rather than at the first request."""
    from seawall.mcp.console_route import ENDPOINT

    return (ENDPOINT,)


def _run(
    plan: ServeSettings,
    live: LiveSettings | None,
    telling: _Telling,
    further: Sequence[Endpoint],
    beside: Any = None,
) -> None:
    from seawall.console.serve import serve as run

    code = run(plan, live, on_ready=telling.ready, beside=beside, further=further)
    if code:
        raise typer.Exit(code)


def _demo(
    plan: ServeSettings,
    budget: float | None,
    least_score: float | None,
    telling: _Telling,
    further: Sequence[Endpoint],
) -> None:
    """The same console over a store that is gone afterwards, into which a made-up organisation's logs arrive."""
    from dataclasses import replace

    from seawall.cli.demo_feed import DemoFeed, place
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.tail import TailTiming

    with place() as folder:
        arriving = folder / "arriving"
        arriving.mkdir()
        live = LiveSettings(
            folder / "store",
            folders=(arriving,),
            budget=budget,
            least_score=least_score,
            patience=TailTiming(settle=0.5),
            score_seconds=0.5,
        )
        _run(
            replace(plan, store=folder / "store"),
            live,
            telling,
            further,
            lambda watcher: DemoFeed(folder, watcher, telling.say),
        )


class _Telling:
    """What is said to whoever started it."""

    def __init__(self, *, quiet: bool, as_json: bool, is_demo: bool) -> None:
        self._quiet, self._as_json, self._is_demo = quiet, as_json, is_demo

    def say(self, *lines: str) -> None:
        """Each on a line, unless all is to be quiet."""
        if not self._quiet:
            output.say(*lines)

    def ready(self, ready: ConsoleReady) -> None:
        """Where the console is. The setup code is said whatever is quiet: nobody could begin without."""
        if self._as_json:
            output.answer_json(
                {"address": ready.address, "setup_code": ready.setup_code, "store": str(ready.store)}
            )
        elif not self._quiet:
            output.write(f"{ready.address}\n")
        if not ready.has_pages:
            self.say("the console's pages were not built: only the API is available")
        if ready.setup_code is not None and not self._as_json:
            output.say(
                f"no user can sign in yet: {ready.address}setup creates the first admin with this code, once, within a day:",
                f"  {ready.setup_code}",
            )
        self.say(*ready.rules)
        kept = "no data is kept" if self._is_demo else f"data store: {ready.store}"
        self.say(kept, "Ctrl-C stops it")
