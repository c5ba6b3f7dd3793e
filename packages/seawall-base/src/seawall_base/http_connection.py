"""Open one connection to one host, within a deadline, a number of bytes and the permitted addresses.

The classes extend urllib3's. One deadline covers name look-up, connection, writing and reading, however slowly the other
side answers. Certificates are always verified, and proxies of the environment are ignored. A connection may go through a
proxy (CONNECT) that `proxy.py` describes, or to a UNIX socket.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from seawall_base.http_url import FetchError
from seawall_base.regular_files import open_file

TrustStore = ssl.SSLContext
"""A TLS context with the trusted certificates; `trust_store` makes one."""

OVERHEAD: Final = 256 * 1024
"""Bytes allowed for headers and chunk framing, besides the limit for the body."""
PIECE: Final = 64 * 1024
_RECORD: Final = 16 * 1024
"""Bytes of one write: the content of one TLS record."""
_LARGEST_BUNDLE: Final = 16 << 20
"""Largest accepted PEM file of certificates, in bytes."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ProxyFailed(Exception):
    """The proxy refused or failed. `code` is `proxy-407` (its status), `proxy-tls-failed` or `proxy-failed`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Deadline:
    """Limit several waits by one point in time. `pause` is the longest single wait, in seconds."""

    def __init__(self, seconds: float, *, pause: float = math.inf) -> None:
        self._end = time.monotonic() + seconds
        self._pause = pause

    def seconds_left(self) -> float:
        """Return the longest permitted wait, in seconds. Raises `FetchError` (`timeout`) after the deadline."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchError("timeout")
        return min(left, self._pause)

    def within(self, seconds: float) -> Deadline:
        """Return a deadline in `seconds` seconds, or this one if it is earlier."""
        return Deadline(min(seconds, self.seconds_left()))


def trust_store(certificates: Path | None = None) -> TrustStore:
    """Return a TLS context that trusts the system's certificates, or those of a PEM file alone.

    Raises `FetchError` (`trust-unreadable`).
    """
    if certificates is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with open_file(certificates) as file:
            context.load_verify_locations(cadata=file.read(_LARGEST_BUNDLE).decode("ascii"))
    except (OSError, ValueError, ssl.SSLError):
        raise FetchError("trust-unreadable") from None
    return context


def verifying(trust: TrustStore | None) -> TrustStore:
    """Return `trust`, or the system's trust store if it is None.

    Raises `FetchError` if it does not verify certificates and names.
    """
    context = trust_store() if trust is None else trust
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise FetchError("trust-unsafe")
    return context


@contextmanager
def raise_as_fetch_error() -> Iterator[None]:
    """Turn errors of urllib3, http.client and sockets into `FetchError`.

    Their texts are dropped, because they may quote the answer.
    """
    try:
        yield
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        # urllib3 wraps errors of reading the body in its own.
        cause = error.__cause__ if isinstance(error, HTTPError) and error.__cause__ is not None else error
        raise _fetch_error(cause) from None


def _fetch_error(error: BaseException) -> FetchError:
    match error:
        case TimeoutError():
            return FetchError("timeout")
        case ssl.SSLCertVerificationError():
            return FetchError("tls-failed", error.verify_message)
        case ssl.SSLEOFError() | http.client.IncompleteRead():
            return FetchError("truncated")
        case ssl.SSLError():
            return FetchError("tls-failed")
        case OSError() if not isinstance(error, http.client.HTTPException):
            return FetchError("connect-failed", os_error=error.strerror or "")
    return FetchError("answer-malformed")


class DeadlineReader(io.RawIOBase):
    """Read from a socket until the deadline has passed or `budget` bytes are read."""

    def __init__(self, connection: socket.socket, budget: int, deadline: Deadline) -> None:
        self._connection, self._budget, self._deadline = connection, budget, deadline
        # http.client closes its end before the body is read; this file keeps the socket open.
        self._raw = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the available bytes. Raises `FetchError` (`timeout`, `too-large`)."""
        self._connection.settimeout(self._deadline.seconds_left())
        count = self._raw.readinto(buffer) or 0
        self._budget -= count
        if self._budget < 0:
            raise FetchError("too-large")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a buffered reader: `http.client` calls this on its socket."""
        return io.BufferedReader(self, PIECE)

    def close(self) -> None:
        """Close this reader's end of the socket."""
        self._raw.close()
        super().close()


class TimedConnection(HTTPConnection):
    """Connect without TLS. Set `deadline` and `budget` (bytes of the answer) before each request.

    `has_begun` tells whether any byte of a request was sent. With `socket_path`, requests go to that UNIX socket in place
    of the host.
    """

    deadline: Deadline
    budget: int = OVERHEAD
    socket_path: str = ""
    has_begun: bool = False
    _held: bytearray | None = None

    def may_ask(self, address: Address) -> bool:
        """Return whether an address is a loopback address, the only kind that is asked without TLS."""
        return address.is_loopback

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> HTTPResponse:
        """Send one request in one write, and return the answer with its body unread."""
        self._held = bytearray()
        self.request(method, target, body=body, headers=headers)
        request, self._held = bytes(self._held), None
        self.has_begun = True
        # A server that refuses a large request may answer and close before it has read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send(request)
        # Skip urllib3's own method, which logs the URL and malformed headers.
        answer = super(HTTPConnection, self).getresponse()
        unfolded = [(name, re.sub(r"\r\n[ \t]+", " ", value)) for name, value in answer.headers.items()]
        return HTTPResponse(
            answer,
            HTTPHeaderDict(unfolded),
            answer.status,
            preload_content=False,
            original_response=answer,
            request_method=method,
        )

    def send(self, data: Any) -> None:
        """Write to the socket within the deadline, or collect the parts of a request while `ask` builds it."""
        if self._held is not None:
            self._held += data
            return
        for start in range(0, len(data), _RECORD):
            self.sock.settimeout(self.deadline.seconds_left())
            self.sock.sendall(data[start : start + _RECORD])

    def _read_by_deadline(self, sock: socket.socket, *, method: str | None) -> http.client.HTTPResponse:
        """Return an answer that reads within the deadline; also used for a proxy's answer to CONNECT."""
        reader: Any = DeadlineReader(sock, self.budget, self.deadline)
        return http.client.HTTPResponse(reader, method=method)

    response_class: Any = _read_by_deadline

    def _new_conn(self) -> socket.socket:
        if self.socket_path:
            return _open_unix_socket(self.socket_path, self.deadline)
        try:
            return self._open_socket()
        except FetchError:
            if self.proxy is not None:
                raise ProxyFailed("proxy-failed") from None
            raise

    def _open_socket(self) -> socket.socket:
        """Connect to the first address that answers. Refuse the host if any of its addresses is refused."""
        addresses = _resolve(self._dns_host.strip("[]"), self.port, self.deadline)
        if not all(self.may_ask(_address(address[4][0])) for address in addresses):
            raise FetchError("address-refused")
        os_error = ""
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            connection = socket.socket(family, kind, protocol)
            try:
                # A dead first address (IPv6 without a route) must leave time for the others.
                connection.settimeout(self.deadline.seconds_left() / (len(addresses) - number))
                connection.connect(address)
                for option in self.socket_options or ():
                    connection.setsockopt(*option)
                connection.settimeout(self.deadline.seconds_left())
            except (OSError, FetchError) as error:
                connection.close()
                self.deadline.seconds_left()
                os_error = getattr(error, "strerror", None) or os_error
                continue
            return connection
        raise FetchError("connect-failed", os_error=os_error)


class TimedTlsConnection(TimedConnection, HTTPSConnection):
    """Connect over TLS, directly or through a proxy's tunnel."""

    def may_ask(self, address: Address) -> bool:
        """Return whether an address may be asked: any but link-local, multicast and unspecified ones.

        A proxy may have any address.
        """
        is_never_asked = address.is_link_local or address.is_multicast or address.is_unspecified
        return self.proxy is not None or not is_never_asked

    def connect(self) -> None:
        """Connect, through the tunnel if there is a proxy, and verify the certificate."""
        super().connect()
        # A body that ends with the connection is complete only after a TLS close_notify.
        secured: Any = self.sock
        secured.suppress_ragged_eofs = False

    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        except OSError as error:
            found = re.match(r"Tunnel connection failed: ([0-9]{3})(?![0-9])", str(error))
            if found is not None:
                raise ProxyFailed(f"proxy-{found[1]}") from None
            raise
        self.sock.settimeout(self.deadline.seconds_left())

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> ssl.SSLSocket:
        try:
            outer: Any = super()._connect_tls_proxy(hostname, sock)
        except ssl.SSLError:
            raise ProxyFailed("proxy-tls-failed") from None
        except OSError:
            raise ProxyFailed("proxy-failed") from None
        secured: ssl.SSLSocket = outer
        receive = secured.recv

        def receive_by_deadline(size: int) -> bytes:
            secured.settimeout(self.deadline.seconds_left())
            return receive(size)

        # urllib3 reads TLS within TLS in a loop that would restart the time limit at each byte.
        outer.recv = receive_by_deadline
        return secured


def _open_unix_socket(path: str, deadline: Deadline) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.seconds_left())
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _resolve(host: str, port: int, deadline: Deadline) -> list[tuple[Any, ...]]:
    """Return the addresses of a host, as `getaddrinfo` does. Runs in a thread, because `getaddrinfo` has no time limit."""
    found: list[list[tuple[Any, ...]]] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.append([])

    thread = threading.Thread(target=look_up, name="seawall-resolve", daemon=True)
    thread.start()
    thread.join(deadline.seconds_left())
    if not found:
        raise FetchError("timeout")
    if not found[0]:
        raise FetchError("resolve-failed")
    return found[0]


def _address(text: str) -> Address:
    address = ipaddress.ip_address(text.split("%", 1)[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def read_body(answer: HTTPResponse, limit: int, *, decompress: bool = False) -> bytes:
    """Return the whole body.

    Raises `FetchError` if it exceeds `limit` bytes, after decompression, or ends before Content-Length.
    """
    if not decompress and (answer.length_remaining or 0) > limit:
        raise FetchError("too-large")
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(min(PIECE, limit + 1 - size), decode_content=decompress):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise FetchError("too-large")
    return b"".join(pieces)
