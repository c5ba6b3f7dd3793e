"""Run `seawall serve`: check everything first, then run console, API and watch until stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.console.application import create_app
from seawall.console.context import ConsoleContext, ConsoleSettings, installation_key
from seawall.console.data.answers import what_if_service
from seawall.console.errors import ServeInvalid
from seawall.console.listening import TlsCertificate, check_address, check_certificate, listen
from seawall.console.sign_in.factors import admin_can_sign_in
from seawall.console.sign_in.invitation_codes import create_setup_code
from seawall.console.tenant_access import NOTE as TENANT_ACCESS
from seawall.console.tenant_access import TenantAccess
from seawall.pipeline.live.process import WatchProcess
from seawall.storage.location import open_store
from seawall.web.listen_address import ListenAddress
from seawall.web.peers import LOOPBACK, Peers
from seawall_base.errors import DatabaseInUse

if TYPE_CHECKING:
    from seawall.console.endpoint import Endpoint
    from seawall.console.sign_in.oidc_settings import OidcSettings
    from seawall.console.sign_in.one_time_link import OneTimeLink
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.storage.database import Database

WARM_SECONDS = 2.0
"""Seconds after start before the what-if service reads ahead, so that the first page is served first."""

WARM_PAUSE = 0.02
"""Seconds between two days that it reads."""

WARM_END_SECONDS = 5.0

WRITER_SECONDS = 3.0
"""Seconds to wait for a previous writer to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """The operator's settings. `hosts` are names for browsers; `proxies` are peers that terminate TLS.

    With a `link`, nobody signs in by anything else.
    """

    store: Path
    database: str | None = None
    listen: ListenAddress
    hosts: tuple[str, ...] = ()
    certificate: TlsCertificate | None = None
    proxies: tuple[str, ...] = ()
    needs_sign_in: bool = False
    is_demo: bool = False
    oidc: OidcSettings | None = None
    metrics_allow: tuple[str, ...] = ()
    link: OneTimeLink | None = None

    def settings(self) -> ConsoleSettings:
        """Return the console's settings. Raises `ServeInvalid` if the console would be open to strangers."""
        if self.certificate is not None and self.proxies:
            raise ServeInvalid(
                "--certificate and --behind-proxy exclude each other",
                fix="give --certificate if Seawall ends TLS, --behind-proxy if a proxy does",
            )
        if self.certificate is not None:
            check_certificate(self.certificate)
        is_encrypted = self.certificate is not None or bool(self.proxies)
        if not self.listen.is_loopback and not is_encrypted:
            raise ServeInvalid(
                f"on {self.listen} passwords and sessions would cross the network unencrypted",
                fix="give --certificate FILE and --key FILE, or --behind-proxy ADDRESS of a proxy that ends TLS",
            )
        hosts = tuple(dict.fromkeys(_host(name) for name in self.hosts))
        if is_encrypted and not hosts:
            raise ServeInvalid(
                "the host name of the console is missing",
                fix="give the name that browsers use: --host seawall.example.org",
            )
        return ConsoleSettings(
            hosts=hosts,
            is_loopback=self.listen.is_loopback,
            is_encrypted=self.certificate is not None,
            proxies=_peers("--behind-proxy", self.proxies) if self.proxies else None,
            needs_sign_in=self.needs_sign_in or self.link is not None,
            link=self.link,
            is_demo=self.is_demo,
            oidc=self.oidc,
            metrics_allow=_peers("--metrics-allow", self.metrics_allow) if self.metrics_allow else LOOPBACK,
        )

    def address(self, settings: ConsoleSettings) -> str:
        """Return the URL for browsers."""
        if not settings.hosts:
            return f"http://{self.listen}/"
        default = self.proxies or self.listen.port == (443 if settings.is_https else 80)
        scheme = "https" if settings.is_https else "http"
        return f"{scheme}://{settings.hosts[0]}{'' if default else f':{self.listen.port}'}/"

    def public_address(self, settings: ConsoleSettings) -> str:
        """Return the URL for other machines.

        Empty without `--host`: an address of this machine is useless in a message.
        """
        return self.address(settings) if settings.hosts else ""


@dataclass(frozen=True, slots=True)
class ConsoleReady:
    """The console accepts requests. `setup_code` creates the first admin, if there is none and sign-in is required.

    `rules` are lines on the Sigma rules in use, and on those not in use with the reason.
    """

    address: str
    store: Path
    setup_code: str | None
    has_pages: bool
    rules: tuple[str, ...] = ()


def serve(
    plan: ServeSettings,
    live: LiveSettings | None,
    *,
    on_ready: Callable[[ConsoleReady], None],
    beside: Callable[[Any], AbstractContextManager[Any]] | None = None,
    further: Sequence[Endpoint] = (),
) -> int:
    """Serve until stopped; return the exit code. Raises `SeawallError` before anything listens.

    With `live` None, only show what another program finds. `beside` gets the running watch and returns a context that
    is open as long. `further` are routes of rooms above the console, behind the same sign-in.
    """
    settings = plan.settings()
    check_address(plan.listen)
    with ExitStack() as stack:
        context = stack.enter_context(open_console_store(plan, settings, make=live is not None))
        rules: tuple[str, ...] = ()
        if live is not None:
            check_writer(context.database)
            linked = replace(live, console=plan.public_address(settings))
            context.service = stack.enter_context(process := WatchProcess(linked))
            rules = process.rules_told
            context.channels = live.channels
            if beside is not None:
                stack.enter_context(beside(context.service))
        application = create_app(context, further)
        warming = stack.enter_context(_warm_up(context))
        code = _setup_code(context)
        ready = ConsoleReady(plan.address(settings), plan.store, code, _has_pages(), rules)

        def tell() -> None:
            on_ready(ready)
            warming.start()

        return listen(
            application,
            plan.listen,
            plan.certificate,
            on_ready=tell,
            on_end=lambda: _end_streams(context),
            has_failed=lambda: context.service is not None and context.service.has_failed,
        )


def check_writer(database: Database, seconds: float = WRITER_SECONDS) -> None:
    """Refuse a database that another program writes to (`DatabaseInUse`), after waiting for one that is ending."""
    end = time.monotonic() + seconds
    while True:
        try:
            with database.only_writer():
                return
        except DatabaseInUse as error:
            if time.monotonic() > end:
                error.fix = "stop it first, or only show what it finds: --no-watch"
                raise
        time.sleep(0.2)


@contextmanager
def open_console_store(
    plan: ServeSettings, settings: ConsoleSettings, *, make: bool
) -> Iterator[ConsoleContext]:
    """Open the store; with `make`, create a missing one.

    A viewer must not create one: it would show an empty store for ever.
    """
    with open_store(plan.store, plan.database, make=make) as store:
        yield ConsoleContext(store.database, store.lake, installation_key(plan.store), settings)


def _setup_code(context: ConsoleContext) -> str | None:
    """Return a new setup code, if nobody can sign in yet and there is no local admin."""
    settings = context.settings
    is_open = settings.is_loopback and not settings.needs_sign_in and settings.proxies is None
    if settings.link is not None or (is_open and not settings.hosts):
        return None
    with context.database.writing() as work:
        if admin_can_sign_in(work):
            return None
        return create_setup_code(work, at=context.clock())


@contextmanager
def _warm_up(context: ConsoleContext) -> Iterator[threading.Thread]:
    """Yield a thread, not yet started, that reads ahead for the what-if service and pauses for requests."""
    what_if, is_ending = what_if_service(context), threading.Event()

    def warm() -> None:
        # Any error occurs again, and is reported, at the first request.
        with suppress(Exception):
            if not is_ending.wait(WARM_SECONDS):
                what_if.warm(lambda: is_ending.wait(WARM_PAUSE))

    thread = threading.Thread(target=warm, name="what-if-warming", daemon=True)
    try:
        yield thread
    finally:
        is_ending.set()
        if thread.ident is not None:
            thread.join(WARM_END_SECONDS)


def _end_streams(context: ConsoleContext) -> None:
    access: TenantAccess | None = context.notes.get(TENANT_ACCESS)
    if access is not None:
        access.end_streams()


def _has_pages() -> bool:
    from importlib import resources

    return resources.files("seawall.console").joinpath("bundle", "index.html").is_file()


def _host(name: str) -> str:
    plain = name.strip().lower().rstrip(".")
    letters = plain.replace("-", "").replace(".", "").replace("_", "")
    if not plain or len(plain) > 253 or not plain.isascii() or not letters.isalnum():
        raise ServeInvalid(
            f"{name!r} is not a host name", fix="write --host seawall.example.org, without scheme and port"
        )
    return plain


def _peers(option: str, texts: tuple[str, ...]) -> Peers:
    try:
        peers = Peers(texts)
    except ValueError as error:
        raise ServeInvalid(
            f"{option}: {error}", fix="write an address or network, such as 127.0.0.1 or 10.0.0.0/28"
        ) from None
    return peers
