"""Listen for browsers in one process, whose other threads run the rest of the program."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seawall.console.errors import ServeInvalid
from seawall.web.listen_address import ListenAddress, ListenAddressInvalid, check_free, parse_listen_address

if TYPE_CHECKING:
    from granian.server.embed import Server

HEADER_SECONDS: Final = 10
HEADER_BYTES: Final = 64 * 1024
MOST_CONNECTIONS: Final = 512
END_SECONDS: Final = 5.0


def parse_address(text: str) -> ListenAddress:
    """Parse `127.0.0.1:8090`, `[::1]:8090` or `localhost:8090`. Raises `ServeInvalid`."""
    fix = "write --listen 127.0.0.1:8090, [::1]:8090 or 0.0.0.0:8090"
    try:
        address = parse_listen_address(text)
    except ListenAddressInvalid as invalid:
        raise ServeInvalid(str(invalid), fix=fix) from None
    if address.path is not None:
        raise ServeInvalid(f"{text!r}: the console cannot listen on a Unix socket", fix=fix)
    host = address.host.lower()
    if host == "localhost":
        return ListenAddress("127.0.0.1", address.port)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ServeInvalid(
            f"{host!r} is not an address of this machine", fix=f"{fix}; a name for browsers goes to --host"
        ) from None
    return ListenAddress(host, address.port)


@dataclass(frozen=True, slots=True)
class TlsCertificate:
    """Two PEM files: a certificate with its chain, and its key."""

    chain: Path
    key: Path


def check_certificate(certificate: TlsCertificate) -> None:
    """Refuse files that no TLS server could use. Raises `ServeInvalid`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # An empty password keeps an encrypted key from prompting on the terminal; it fails instead.
        context.load_cert_chain(certificate.chain, certificate.key, password=lambda: "")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
        raise ServeInvalid(
            f"the certificate {certificate.chain} and the key {certificate.key} cannot be used"
            + (f": {why}" if why else ": they are not PEM, are encrypted, or do not match each other"),
            fix="--certificate fullchain.pem --key privkey.pem, the key without a password",
        ) from None


def check_address(address: ListenAddress) -> None:
    """Refuse an address that another program uses. Raises `ServeInvalid`."""
    try:
        check_free(address)
    except ListenAddressInvalid as invalid:
        raise ServeInvalid(
            str(invalid),
            fix="end the other `seawall serve`, or choose another address with --listen",
        ) from None


def listen(
    application: Any,
    address: ListenAddress,
    certificate: TlsCertificate | None,
    *,
    on_ready: Callable[[], None],
    on_end: Callable[[], None],
    has_failed: Callable[[], bool] = lambda: False,
) -> int:
    """Serve until SIGTERM or SIGINT, or until `has_failed`. Returns the exit code.

    `on_ready` is called once connections are accepted, `on_end` when no more are: streams must end then.
    """
    return asyncio.run(_listen(application, address, certificate, on_ready, on_end, has_failed))


async def _listen(
    application: Any,
    address: ListenAddress,
    certificate: TlsCertificate | None,
    on_ready: Callable[[], None],
    on_end: Callable[[], None],
    has_failed: Callable[[], bool],
) -> int:
    check_address(address)
    server = _server(application, address, certificate)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    code = 0
    telling = asyncio.create_task(_report_open(address, on_ready))
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
    await _has_ended(serving)
    return code


async def _report_open(address: ListenAddress, on_ready: Callable[[], None]) -> None:
    """Call `on_ready` once connections are accepted, which is a little after the server's start."""
    while True:
        try:
            _, writer = await asyncio.open_connection(address.host_from_here, address.port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        on_ready()
        return


async def _has_ended(serving: asyncio.Task[None]) -> None:
    """Wait briefly for connections to end, then cut the others."""
    try:
        await asyncio.wait_for(serving, END_SECONDS)
    except TimeoutError:
        return
    except Exception as error:  # noqa: BLE001 - a worker of the server that broke
        raise ServeInvalid(
            f"the server ended: {type(error).__name__}", fix="see the lines above for the cause"
        ) from None


def _server(application: Any, address: ListenAddress, certificate: TlsCertificate | None) -> Server:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings, HTTP2Settings
    from granian.log import LOGGING_CONFIG, LogLevels
    from granian.server.embed import Server

    logs: dict[str, Any] = LOGGING_CONFIG
    handlers = {name: {**one, "stream": "ext://sys.stderr"} for name, one in logs["handlers"].items()}
    return Server(
        application,
        address=address.host,
        port=address.port,
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
