"""Fetches a key set or a discovery document over HTTPS, and nothing else.

One GET to one host: no redirect is followed, no proxy of the environment is used, no cookie, no credential and no
content coding is accepted, and the whole exchange (name look-up, connection, TLS, headers, body) ends within one time
limit however slowly the answer drips. The certificate is always verified, against the system's trust store (OpenSSL's
`SSL_CERT_FILE` and `SSL_CERT_DIR` count) or against a context made by `trust_store`.

Private addresses are allowed, because a company's issuer is often internal; which host is asked is the
operator's configuration, never a token's. Link-local addresses (a cloud's metadata service), multicast and unspecified
addresses are refused.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from seawall_base.regular_files import open_file

FETCH_CODES: Final[dict[str, str]] = {
    "url-malformed": "the URL cannot be read, is too long, or holds spaces, control characters or non-ASCII text",
    "url-scheme": "the URL is not https://",
    "url-userinfo": "the URL holds a user name or password",
    "url-fragment": "the URL holds a fragment",
    "host-not-pinned": "the URL is on another host than the one that is allowed",
    "trust-unsafe": "the TLS context does not verify certificates and host names",
    "trust-unreadable": "the file of trusted certificates cannot be read",
    "resolve-failed": "the host name cannot be resolved",
    "address-refused": "the host name leads to an address that is never asked (link-local, multicast, unspecified)",
    "connect-failed": "no connection could be made, or it broke",
    "tls-failed": "the TLS handshake failed or the certificate is not trusted",
    "timeout": "the answer was not complete within the time limit",
    "redirect": "the answer is a redirect; none is followed",
    "status": "the status is not 200",
    "content-encoding": "the answer is compressed or otherwise encoded, which was not asked for",
    "content-type": "the answer says that it is something else than JSON",
    "too-large": "the answer is larger than the limit",
    "truncated": "the answer broke off, or its framing broke, before it was whole",
    "answer-malformed": "the answer is not well-formed HTTP",
}
"""Every reason why a fetch is refused, with its words."""

TrustStore = ssl.SSLContext
"""Whose certificates are trusted: see `trust_store`."""

LONGEST_URL: Final = 2048
OVERHEAD: Final = 256 * 1024
"""Bytes beyond the limit that headers and chunk framing may take."""
PIECE: Final = 64 * 1024
_LARGEST_BUNDLE: Final = 16 << 20
"""Octets of a PEM file of certificates."""

PLAUSIBLE: Final = frozenset(
    {"", "application/json", "text/json", "text/plain", "application/octet-stream", "binary/octet-stream"}
)
"""Content types that a JSON document is served with, beside `*/*+json`. HTML (a captive portal, a login page) is not."""


class FetchRefused(Exception):
    """A fetch that gave no answer that may be used. `code` is stable: see `FETCH_CODES`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{FETCH_CODES[code]}{f' ({detail})' if detail else ''}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Location:
    """A URL that may be asked. `host` is lower case, without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete answer with status 200. `content_type` is lower case, without parameters, "" when absent."""

    body: bytes
    content_type: str


def location_of(url: str, *, allow_loopback_http: bool = False, longest: int = LONGEST_URL) -> Location:
    """What a URL says, if it may be asked at all. Raises `FetchRefused` with a code `url-…`."""
    if len(url) > longest or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise FetchRefused("url-malformed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchRefused("url-malformed") from None
    if parts.scheme not in {"https", "http"}:
        raise FetchRefused("url-scheme")
    if "@" in parts.netloc:
        raise FetchRefused("url-userinfo")
    if "#" in url:
        raise FetchRefused("url-fragment")
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host) or port == 0:
        raise FetchRefused("url-malformed")
    if parts.scheme == "http" and not (allow_loopback_http and _names_loopback(host)):
        raise FetchRefused("url-scheme")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Location(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target)


def _names_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trust_store(certificates: Path | None = None) -> TrustStore:
    """The system's trust store, or only the certificates of a PEM file. Raises `FetchRefused` (`trust-unreadable`)."""
    if certificates is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with open_file(certificates) as file:
            context.load_verify_locations(cadata=file.read(_LARGEST_BUNDLE).decode("ascii"))
    except (OSError, ValueError, ssl.SSLError):
        raise FetchRefused("trust-unreadable") from None
    return context


def fetch(
    url: str,
    *,
    limit: int,
    timeout: float,
    trust: TrustStore | None = None,
    allow_loopback_http: bool = False,
    pinned_host: str | None = None,
) -> Fetched:
    """The body of a URL, at most `limit` bytes, complete within `timeout` seconds.

    `trust` replaces the system's trust store; `pinned_host` is the only host that may be asked. Plain http is
    refused but, with `allow_loopback_http`, to this machine itself. Raises `FetchRefused` and nothing else.
    """
    where = location_of(url, allow_loopback_http=allow_loopback_http)
    if pinned_host is not None and where.host != pinned_host.lower():
        raise FetchRefused("host-not-pinned")
    deadline = Deadline(timeout)
    with translated():
        context = verifying(trust) if where.scheme == "https" else None
        with connect(where, deadline) as plain:
            plain.settimeout(deadline.left())
            if context is None:
                return _ask(plain, where, limit, deadline)
            with context.wrap_socket(
                plain, server_hostname=where.host, suppress_ragged_eofs=False
            ) as secured:
                return _ask(secured, where, limit, deadline)


def verifying(trust: ssl.SSLContext | None) -> ssl.SSLContext:
    """The context, the system's where there is none. Raises `FetchRefused` for one that does not verify."""
    context = trust_store() if trust is None else trust
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise FetchRefused("trust-unsafe")
    return context


class Deadline:
    """A point in time that all waiting shares."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the end. Raises `FetchRefused` (`timeout`) when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchRefused("timeout")
        return left


@contextmanager
def translated() -> Iterator[None]:
    """What the standard library raises, as `FetchRefused`. Its texts are dropped: they may quote the answer."""
    try:
        yield
    except FetchRefused:
        raise
    except TimeoutError:
        raise FetchRefused("timeout") from None
    except ssl.SSLCertVerificationError as error:
        raise FetchRefused("tls-failed", error.verify_message) from None
    except ssl.SSLEOFError:
        raise FetchRefused("truncated") from None
    except (ssl.SSLError, ssl.CertificateError):
        raise FetchRefused("tls-failed") from None
    except http.client.IncompleteRead:
        raise FetchRefused("truncated") from None
    except (http.client.HTTPException, ValueError):
        raise FetchRefused("answer-malformed") from None
    except OSError:
        raise FetchRefused("connect-failed") from None


def _resolve(where: Location, deadline: Deadline) -> list[tuple[Any, ...]]:
    """Addresses of a host. In a thread of its own, because the system's look-up knows no time limit."""
    found: list[list[tuple[Any, ...]]] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.append([])

    thread = threading.Thread(target=look_up, name="seawall-resolve", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not found:
        raise FetchRefused("timeout")
    if not found[0]:
        raise FetchRefused("resolve-failed")
    return found[0]


def _address_allowed(text: str, scheme: str) -> bool:
    address = ipaddress.ip_address(text.split("%", 1)[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if scheme == "http":
        return address.is_loopback
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def connect(where: Location, deadline: Deadline) -> socket.socket:
    """A connection to the first address that answers. One address that is refused refuses the host."""
    addresses = _resolve(where, deadline)
    if not all(_address_allowed(address[4][0], where.scheme) for address in addresses):
        raise FetchRefused("address-refused")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            # A dead first address (IPv6 without a route) must not use up the time of the others.
            connection.settimeout(deadline.left() / (len(addresses) - number))
            connection.connect(address)
        except (OSError, FetchRefused):
            connection.close()
            deadline.left()
            continue
        return connection
    raise FetchRefused("connect-failed")


class Incoming(io.RawIOBase):
    """Reads from a socket until a deadline or a number of bytes, whichever comes first."""

    def __init__(self, connection: socket.socket, budget: int, deadline: Deadline) -> None:
        self._connection, self._budget, self._deadline = connection, budget, deadline

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, within the limits."""
        self._connection.settimeout(self._deadline.left())
        count = self._connection.recv_into(buffer)
        self._budget -= count
        if self._budget < 0:
            raise FetchRefused("too-large")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What `HTTPResponse` asks a socket for."""
        return io.BufferedReader(self, PIECE)


def _ask(connection: socket.socket, where: Location, limit: int, deadline: Deadline) -> Fetched:
    """One GET over an open connection."""
    connection.settimeout(deadline.left())
    lines = (
        f"GET {where.target} HTTP/1.1",
        f"Host: {where.authority}",
        "Accept: application/json, application/jwk-set+json",
        "Accept-Encoding: identity",
        "User-Agent: seawall",
        "Connection: close",
    )
    connection.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
    incoming = Incoming(connection, limit + OVERHEAD, deadline)
    answer = http.client.HTTPResponse(cast("socket.socket", incoming), method="GET")
    try:
        answer.begin()
        content_type = _checked_headers(answer)
        return Fetched(_body(answer, limit), content_type)
    finally:
        answer.close()


def _checked_headers(answer: http.client.HTTPResponse) -> str:
    """The content type, when status and headers are those of a plain answer."""
    if 300 <= answer.status < 400:
        raise FetchRefused("redirect", str(answer.status))
    if answer.status != 200:
        raise FetchRefused("status", str(answer.status))
    if answer.headers.get_all("Content-Encoding", ["identity"]) != ["identity"]:
        raise FetchRefused("content-encoding")
    transfer = [value.strip().lower() for value in answer.headers.get_all("Transfer-Encoding", [])]
    lengths = answer.headers.get_all("Content-Length", [])
    if transfer not in ([], ["chunked"]) or len(lengths) > 1 or (transfer and lengths):
        raise FetchRefused("answer-malformed")
    if lengths and not re.fullmatch(r"[0-9]{1,18}", lengths[0].strip()):
        raise FetchRefused("answer-malformed")
    kind = answer.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
    if kind not in PLAUSIBLE and not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9.-]+\+json", kind):
        raise FetchRefused("content-type")
    return kind


def _body(answer: http.client.HTTPResponse, limit: int) -> bytes:
    announced = answer.length
    if announced is not None and announced > limit:
        raise FetchRefused("too-large")
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read(min(PIECE, limit + 1 - size)):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise FetchRefused("too-large")
    if announced is not None and size != announced:
        raise FetchRefused("truncated")
    return b"".join(pieces)
