"""Send HTTP requests: fetch a document, send one request, post a message, or keep connections to one host.

It never follows a redirect, repeats a request, uses a proxy of the environment or keeps a cookie. It always verifies the
certificate, against a given trust store or the system's (OpenSSL's `SSL_CERT_FILE` and `SSL_CERT_DIR` apply). One time
limit covers name look-up, connection, TLS, headers and body, however slowly the answer arrives. The answer's size is
limited too. No error contains a secret or text of the answer.

Plain http is allowed to this machine alone. Private addresses are allowed, because a company's issuer is often internal;
the operator configures the host, never a token. Link-local (a cloud's metadata service), multicast and unspecified
addresses are refused.
"""

from __future__ import annotations

import re
import ssl
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from urllib3 import HTTPResponse as OpenAnswer
from urllib3.connection import ProxyConfig
from urllib3.util import parse_url as split_url

from seawall_base.http_connection import (
    OVERHEAD,
    Deadline,
    ProxyFailed,
    TimedConnection,
    TimedTlsConnection,
    TrustStore,
    raise_as_fetch_error,
    read_body,
    verifying,
)
from seawall_base.http_url import FetchError, HttpUrl, parse_url
from seawall_base.proxy import DIRECT, ProxySettings

AGENT: Final = "seawall"
MOST_BYTES: Final = 64 * 1024 * 1024
LONGEST_VENDOR_URL: Final = 16 * 1024
CONNECT_TIMEOUT: Final = 15.0
READ_TIMEOUT: Final = 60.0
WHOLE_TIMEOUT: Final = 300.0
"""Seconds for one request to a vendor as a whole.

`CONNECT_TIMEOUT` limits the connection, `READ_TIMEOUT` a pause in the answer.
"""
MOST_CONNECTIONS: Final = 16

PLAUSIBLE: Final = frozenset(
    {"", "application/json", "text/json", "text/plain", "application/octet-stream", "binary/octet-stream"}
)
"""Content types accepted for a JSON document, besides `*/*+json`. HTML is refused: it is a captive portal or a login page."""

_VENDOR_CODES: Final = {
    "resolve-failed": "name-not-found",
    "address-refused": "address-refused",
    "tls-failed": "tls-failed",
    "timeout": "timeout",
    "too-large": "too-large",
}
"""Map a code of `FetchError` to the code of `IncompleteResponse`. Every other code becomes `connection-broke`."""


class NoResponse(Exception):
    """No readable answer came. `may_have_arrived` is false if no byte was sent. The text contains no secret."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class IncompleteResponse(Exception):
    """No complete answer came; `code` says why. The error contains nothing of the request or the answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ForeignHost(Exception):
    """A URL is invalid or names another host than the configured one. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class FetchedAnswer:
    """Hold a complete answer with status 200. `content_type` is lower case without parameters, "" if absent."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Hold an answer. Header names are lower case; headers of the same name are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str,
    *,
    limit: int,
    timeout: float,
    trust: TrustStore | None = None,
    allow_loopback_http: bool = False,
    pinned_host: str | None = None,
) -> FetchedAnswer:
    """Return the body of the JSON document at a URL: at most `limit` bytes, complete within `timeout` seconds.

    `trust` replaces the system's trust store. `pinned_host` is the only host that may be asked. With `allow_loopback_http`,
    plain http to this machine is allowed. Raises `FetchError` and nothing else.
    """
    where = parse_url(url, allow_loopback_http=allow_loopback_http)
    if pinned_host is not None and where.host != pinned_host.lower():
        raise FetchError("host-not-pinned")
    headers = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
    with _open(where, "GET", headers, None, limit=limit, timeout=timeout, trust=trust) as answer:
        content_type = _check_headers(answer)
        return FetchedAnswer(read_body(answer, limit), content_type)


def request(
    method: str,
    url: HttpUrl,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    limit: int,
    timeout: float,
    trust: TrustStore | None = None,
    socket_path: str = "",
) -> HttpResponse:
    """Send one request over a new connection, and return the complete answer, whatever its status.

    The body has at most `limit` bytes, complete within `timeout` seconds. With `socket_path`, the request goes to that UNIX
    socket in place of the URL's host. Raises `FetchError` and nothing else.
    """
    with _open(
        url, method, headers, body, limit=limit, timeout=timeout, trust=trust, socket_path=socket_path
    ) as answer:
        return HttpResponse(answer.status, _lower_names(answer), read_body(answer, limit))


def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout: float,
    trust: TrustStore | None = None,
    wanted: int = 0,
) -> HttpResponse:
    """POST `body` to an `https` URL, or to plain `http` on this machine.

    `headers` are ASCII without line breaks; this function sets host, length, user agent and connection. The result holds
    the first `wanted` bytes of the answer's body, or fewer if it breaks off. Raises `NoResponse` and nothing else.
    """
    try:
        where = parse_url(url, allow_loopback_http=True)
        if any(
            "\r" in text or "\n" in text or not text.isascii() for pair in headers.items() for text in pair
        ):
            raise NoResponse("a header holds a line break or more than ASCII", may_have_arrived=False)
        with _open(where, "POST", headers, body, limit=wanted, timeout=timeout, trust=trust) as answer:
            return HttpResponse(answer.status, _lower_names(answer), _first_bytes(answer, wanted))
    except FetchError as error:
        raise NoResponse(str(error), may_have_arrived=error.may_have_arrived) from None


class HttpClient:
    """Send requests to one host over connections that are kept open. Safe for use from several threads.

    Raises `ForeignHost` for a base URL that may not be asked, and the errors of `ProxySettings.trust`.
    """

    def __init__(self, base: str, proxy: ProxySettings = DIRECT) -> None:
        self.origin = _parse_vendor_url(base)
        self._proxy = proxy
        is_secured = self.origin.scheme == "https"
        self._trust = proxy.trust() if is_secured else None
        self._proxy_trust = proxy.trust() if is_secured and (proxy.url or "").startswith("https:") else None
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._idle: deque[TimedConnection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    @property
    def host(self) -> str:
        """Return the configured host, lower case."""
        return self.origin.host

    def close(self) -> None:
        """Close all connections."""
        _close_all(self._idle)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        limit: int = MOST_BYTES,
    ) -> HttpResponse:
        """Send one request, and return the complete answer. `limit` counts the body's bytes after decompression.

        Raises IncompleteResponse, and ForeignHost before anything is sent.
        """
        self.check(url)
        own = {
            "Host": self.origin.authority,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"{AGENT} (gzip)",
        }
        try:
            with self._places, raise_as_fetch_error():
                target = split_url(url.replace(" ", "%20")).request_uri
                deadline = Deadline(WHOLE_TIMEOUT, pause=READ_TIMEOUT)
                with self._connection(deadline) as connection:
                    connection.deadline, connection.budget = deadline, 2 * limit + OVERHEAD
                    with closing(connection.ask(method, target, {**own, **headers}, body)) as answer:
                        data = read_body(answer, limit, decompress=True)
        except ProxyFailed as error:
            raise IncompleteResponse(error.code) from None
        except FetchError as error:
            raise IncompleteResponse(_VENDOR_CODES.get(error.code, "connection-broke")) from None
        return HttpResponse(answer.status, _lower_names(answer), data)

    def check(self, url: str) -> HttpUrl:
        """Parse a URL. Raises ForeignHost if scheme, host or port differ from the configured ones."""
        where = _parse_vendor_url(url.replace(" ", "%20"))
        here = self.origin
        if (where.scheme, where.host, where.port) != (here.scheme, here.host, here.port):
            raise ForeignHost
        return where

    @contextmanager
    def _connection(self, deadline: Deadline) -> Iterator[TimedConnection]:
        """Yield an idle connection or a new one; keep it for later if the answer was read completely."""
        connection = self._pop_idle() or self._connect(deadline)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _pop_idle(self) -> TimedConnection | None:
        with suppress(IndexError):
            while True:
                kept = self._idle.pop()
                if kept.is_connected:
                    return kept
                kept.close()
        return None

    def _connect(self, deadline: Deadline) -> TimedConnection:
        made = _connection(self.origin, self._trust, self._proxy, self._proxy_trust)
        made.deadline = deadline.within(CONNECT_TIMEOUT)
        try:
            made.connect()
        except BaseException as error:
            made.close()
            if isinstance(error, ssl.SSLError):
                raise FetchError("tls-failed") from None
            raise
        return made


def _close_all(connections: deque[TimedConnection]) -> None:
    while connections:
        connections.pop().close()


def _parse_vendor_url(url: str) -> HttpUrl:
    try:
        return parse_url(url, allow_loopback_http=True, longest=LONGEST_VENDOR_URL)
    except FetchError:
        raise ForeignHost from None


def with_query(url: str, values: Mapping[str, str]) -> str:
    """Return the URL with these parameters appended to its query."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(values, quote_via=quote, safe='')}" if values else url


def form(values: Mapping[str, str]) -> bytes:
    """Encode values as `application/x-www-form-urlencoded`."""
    return urlencode(values).encode("ascii")


@contextmanager
def _open(
    url: HttpUrl,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    limit: int,
    timeout: float,
    trust: TrustStore | None,
    socket_path: str = "",
) -> Iterator[OpenAnswer]:
    """Send one request over a new connection, and yield the answer with its body unread. Raises `FetchError`."""
    deadline = Deadline(timeout)
    connection = _connection(url, verifying(trust) if url.scheme == "https" else None)
    connection.deadline, connection.budget = deadline, 2 * limit + OVERHEAD
    connection.socket_path = socket_path
    sent = {"Host": url.authority, **headers, "User-Agent": AGENT, "Connection": "close"}
    try:
        with closing(connection), raise_as_fetch_error():
            connection.connect()
            with closing(connection.ask(method, url.target, sent, body)) as answer:
                yield answer
    except FetchError as error:
        error.may_have_arrived = connection.has_begun
        raise


def _connection(
    url: HttpUrl,
    trust: TrustStore | None,
    proxy: ProxySettings = DIRECT,
    proxy_trust: TrustStore | None = None,
) -> TimedConnection:
    """Return an unopened connection to a host. A plain http URL, always this machine, never goes through the proxy."""
    if trust is None:
        return TimedConnection(url.host, url.port)
    if proxy.url is None:
        return TimedTlsConnection(url.host, url.port, ssl_context=trust)
    way = split_url(proxy.url)
    made = TimedTlsConnection(
        way.host or "",
        way.port or (443 if way.scheme == "https" else 80),
        ssl_context=trust,
        proxy=way,
        proxy_config=ProxyConfig(
            ssl_context=proxy_trust,
            use_forwarding_for_https=False,
            assert_hostname=None,
            assert_fingerprint=None,
        ),
    )
    made.set_tunnel(url.host, url.port, proxy.headers(), scheme=way.scheme or "http")
    return made


def _check_headers(answer: OpenAnswer) -> str:
    """Return the content type. Raises `FetchError` for any status but 200, a redirect, an encoding, or malformed lengths."""
    if 300 <= answer.status < 400:
        raise FetchError("redirect", str(answer.status))
    if answer.status != 200:
        raise FetchError("status", str(answer.status))
    if (answer.headers.getlist("Content-Encoding") or ["identity"]) != ["identity"]:
        raise FetchError("content-encoding")
    transfer = [value.strip().lower() for value in answer.headers.getlist("Transfer-Encoding")]
    lengths = answer.headers.getlist("Content-Length")
    if transfer not in ([], ["chunked"]) or len(lengths) > 1 or (transfer and lengths):
        raise FetchError("answer-malformed")
    if lengths and not re.fullmatch(r"[0-9]{1,18}", lengths[0].strip()):
        raise FetchError("answer-malformed")
    kind = answer.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
    if kind not in PLAUSIBLE and not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9.-]+\+json", kind):
        raise FetchError("content-type")
    return kind


def _first_bytes(answer: OpenAnswer, wanted: int) -> bytes:
    """Return the first bytes of the body, or b"" if it breaks off: the status alone matters then."""
    if not wanted:
        return b""
    try:
        with raise_as_fetch_error():
            return answer.read(wanted, decode_content=False)
    except FetchError:
        return b""


def _lower_names(answer: OpenAnswer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}
