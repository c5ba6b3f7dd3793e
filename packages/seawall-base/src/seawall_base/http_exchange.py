"""One request to one vendor's host over HTTP, and its whole answer or a reason why there is none.

No redirect is followed, no proxy of the environment is used (`route.py` knows one that was configured), no cookie is kept, the
certificate is always verified, and an answer has a limit of bytes (also after decompression) and of time. A token is sent with
requests; so every URL, above all one that the vendor names, has to be on the host that was configured.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as TookTooLong

from seawall_base.http_client import FetchRefused, Location, location_of
from seawall_base.proxy import STRAIGHT, Route

MOST_BYTES: Final = 64 * 1024 * 1024
LONGEST_URL: Final = 16 * 1024
CONNECT_TIMEOUT: Final = 15.0
READ_TIMEOUT: Final = 60.0
WHOLE_TIMEOUT: Final = 300.0
"""Seconds for a connection, for a pause in an answer, and for an answer as a whole."""

MOST_CONNECTIONS: Final = 16
PIECE: Final = 256 * 1024


class Broken(Exception):
    """No whole answer came: `code` says why. It holds nothing of what was sent or came."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Elsewhere(Exception):
    """A URL leads away from the host that was configured, or is none. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are lower case; several of one name are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """Requests to one host. Safe to use from several threads. Raises CollectInvalid through `origin_of` alone."""

    def __init__(self, base: str, route: Route = STRAIGHT) -> None:
        self.origin = _located(base)
        if self.origin is None:
            raise Elsewhere
        self._pool = route.pool(self.origin, MOST_CONNECTIONS)

    @property
    def host(self) -> str:
        """The host that is asked."""
        return self.origin.host if self.origin is not None else ""

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        limit: int = MOST_BYTES,
    ) -> Answer:
        """Send one request and return its whole answer. Raises Broken, and Elsewhere before anything was sent."""
        self.check(url)
        sent = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "seawall (gzip)"}
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        until = time.monotonic() + WHOLE_TIMEOUT
        try:
            response = self._pool.request(
                method,
                url.replace(" ", "%20"),
                headers={**sent, **headers},
                body=body,
                redirect=False,
                retries=False,
                timeout=timeout,
                preload_content=False,
            )
            try:
                data = _whole(response, limit, until)
            except BaseException:
                # Closed and given back: a place that is not given back is lost to the pool, which has few.
                response.close()
                response.release_conn()
                raise
            response.release_conn()
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, data)
        except ProxyError as error:
            raise Broken(_proxy_code(error)) from None
        except SSLError:
            raise Broken("tls-failed") from None
        except NameResolutionError:  # which is a kind of the next
            raise Broken("name-not-found") from None
        except NewConnectionError:  # which is a kind of the next
            raise Broken("connection-broke") from None
        except TookTooLong:
            raise Broken("timeout") from None
        except (HTTPError, OSError, ValueError):
            raise Broken("connection-broke") from None

    def check(self, url: str) -> Location:
        """Return where a URL leads. Raises Elsewhere for any other host, port or scheme than the configured."""
        where = _located(url.replace(" ", "%20"))
        here = self.origin
        if where is None or here is None:
            raise Elsewhere
        if (where.scheme, where.host, where.port) != (here.scheme, here.host, here.port):
            raise Elsewhere
        return where


def _proxy_code(error: ProxyError) -> str:
    """Why a proxy did not let a request through: `proxy-407` and the like as it says, `proxy-failed` where it says nothing."""
    found = re.match(r"Tunnel connection failed: ([0-9]{3})(?![0-9])", str(error.original_error))
    if found is not None:
        return f"proxy-{found[1]}"
    return "proxy-tls-failed" if isinstance(error.original_error, SSLError) else "proxy-failed"


def _located(url: str) -> Location | None:
    try:
        return location_of(url, allow_loopback_http=True, longest=LONGEST_URL)
    except FetchRefused:
        return None


def _whole(response: urllib3.BaseHTTPResponse, limit: int, until: float) -> bytes:
    """The body, read as it comes, so that one that drips cannot hold the process."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(PIECE, decode_content=True):
        size += len(part)
        if size > limit:
            raise Broken("too-large")
        if time.monotonic() > until:
            raise Broken("timeout")
        parts.append(part)
    return b"".join(parts)


def with_query(url: str, values: Mapping[str, str]) -> str:
    """Return a URL with these parameters behind it."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(values, quote_via=quote, safe='')}" if values else url


def form(values: Mapping[str, str]) -> bytes:
    """Return values as the body of a form."""
    return urlencode(values).encode("ascii")
