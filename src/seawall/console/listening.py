"""Listens for browsers: one process, beside whose threads the rest of the program goes on."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seawall.console.errors import ServeInvalid

if TYPE_CHECKING:
    from granian.server.embed import Server

HEADER_SECONDS: Final = 10
HEADER_BYTES: Final = 64 * 1024
MOST_CONNECTIONS: Final = 512
END_SECONDS: Final = 5.0
_PLACE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Place:
    """An address and a port to listen on. `host` is numeric, or `localhost`."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone can connect."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_of(text: str) -> Place:
    """A place from `127.0.0.1:8090`, `[::1]:8090` or `localhost:8090`. Raises `ServeInvalid`."""
    found = _PLACE.fullmatch(text)
    fix = "write --listen 127.0.0.1:8090, [::1]:8090 or 0.0.0.0:8090"
    if found is None:
        raise ServeInvalid(f"{text!r} is no address to listen on", fix=fix)
    host, port = (found[1] or found[2]).lower(), int(found[3])
    if not 0 < port < 65536:
        raise ServeInvalid(f"{text!r}: there is no such port", fix="ports are 1 to 65535")
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ServeInvalid(
                f"{host!r} is no address of this machine", fix=f"{fix}; a name for browsers goes to --host"
            ) from None
    return Place("127.0.0.1" if host == "localhost" else host, port)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, and its key: two PEM files."""

    chain: Path
    key: Path


def check_certificate(certificate: Certificate) -> None:
    """Refuse files that no TLS server could use. Raises `ServeInvalid`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key with a password would ask for it on the terminal: it has none here.
        context.load_cert_chain(certificate.chain, certificate.key, password=lambda: "")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
        raise ServeInvalid(
            f"the certificate {certificate.chain} and the key {certificate.key} cannot be used"
            + (f": {why}" if why else ": they are no PEM, are encrypted, or do not belong together"),
            fix="--certificate fullchain.pem --key privkey.pem, the key without a password",
        ) from None


def check_free(place: Place) -> None:
    """Refuse a place where somebody listens already. Raises `ServeInvalid`."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((place.host, place.port))
    except OSError as error:
        raise ServeInvalid(
            f"cannot listen on {place}: {error.strerror or error}",
            fix="does another `seawall serve` run? else choose another address with --listen",
        ) from None


def listen(
    application: Any,
    place: Place,
    certificate: Certificate | None,
    *,
    on_ready: Callable[[], None],
    on_end: Callable[[], None],
    has_failed: Callable[[], bool] = lambda: False,
) -> int:
    """Serve until SIGTERM or SIGINT, or until `has_failed`. Returns the exit code.

    `on_ready` is called when connections are taken, `on_end` when none are to be taken any more: what lasts must end then.
    """
    return asyncio.run(_listen(application, place, certificate, on_ready, on_end, has_failed))


async def _listen(
    application: Any,
    place: Place,
    certificate: Certificate | None,
    on_ready: Callable[[], None],
    on_end: Callable[[], None],
    has_failed: Callable[[], bool],
) -> int:
    check_free(place)
    server = _server(application, place, certificate)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    code = 0
    telling = asyncio.create_task(_when_open(place, on_ready))
    while not stopping.is_set():
        await asyncio.wait(
            [serving, waiting := asyncio.create_task(stopping.wait())],
            timeout=0.5,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waiting.cancel()
        if serving.done() or has_failed():
            code = 1
            break
    telling.cancel()
    on_end()
    server.stop()  # type: ignore[no-untyped-call]
    await _ended(serving)
    return code


async def _when_open(place: Place, on_ready: Callable[[], None]) -> None:
    """Say it once connections are taken: the server begins to listen by itself, a little after it was started."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)  # noqa: S104 - compared, not listened on
    while True:
        try:
            _, writer = await asyncio.open_connection(host, place.port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        on_ready()
        return


async def _ended(serving: asyncio.Task[None]) -> None:
    """Wait a while for connections to end; the others are cut."""
    try:
        await asyncio.wait_for(serving, END_SECONDS)
    except TimeoutError:
        return
    except Exception as error:  # noqa: BLE001 - a worker of the server that broke
        raise ServeInvalid(
            f"the server ended: {type(error).__name__}", fix="the lines above say why"
        ) from None


def _server(application: Any, place: Place, certificate: Certificate | None) -> Server:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings, HTTP2Settings
    from granian.log import LOGGING_CONFIG, LogLevels
    from granian.server.embed import Server

    logs: dict[str, Any] = LOGGING_CONFIG
    handlers = {name: {**one, "stream": "ext://sys.stderr"} for name, one in logs["handlers"].items()}
    return Server(
        application,
        address=place.host,
        port=place.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto if certificate is not None else HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=MOST_CONNECTIONS,
        log_level=LogLevels.error,
        log_dictconfig={"handlers": handlers},
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES),
        http2_settings=HTTP2Settings(
            keep_alive_interval=30_000, max_headers_size=HEADER_BYTES, max_concurrent_streams=100
        ),
        ssl_cert=certificate.chain if certificate is not None else None,
        ssl_key=certificate.key if certificate is not None else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
