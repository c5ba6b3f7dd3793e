"""Parse the URLs that Seawall may request, and name the reasons why a request gives no usable answer."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

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
"""Every code of `FetchError`, with the sentence that messages show."""

LONGEST_URL: Final = 2048
_PORTS: Final = {"https": 443, "http": 80}


class FetchError(Exception):
    """A request gave no usable answer. `code` is stable: see `FETCH_CODES`.

    `os_error` is the operating system's text for a failed connection, else "". `may_have_arrived` is false if no byte of
    the request was sent. The text contains no secret and nothing of an answer.
    """

    def __init__(self, code: str, detail: str = "", *, os_error: str = "") -> None:
        super().__init__(f"{FETCH_CODES[code]}{f' ({detail})' if detail else ''}")
        self.code, self.os_error = code, os_error
        self.may_have_arrived = False


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """Hold the parts of a valid URL. `host` is lower case without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return host and port in the form of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str, *, allow_loopback_http: bool = False, longest: int = LONGEST_URL) -> HttpUrl:
    """Parse an https URL, or an http URL to this machine if allowed. Raises `FetchError` with a code `url-…`."""
    if len(url) > longest or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise FetchError("url-malformed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchError("url-malformed") from None
    if parts.scheme not in _PORTS:
        raise FetchError("url-scheme")
    if "@" in parts.netloc:
        raise FetchError("url-userinfo")
    if "#" in url:
        raise FetchError("url-fragment")
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host) or port == 0:
        raise FetchError("url-malformed")
    if parts.scheme == "http" and not (allow_loopback_http and _is_loopback(host)):
        raise FetchError("url-scheme")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpUrl(parts.scheme, host, port or _PORTS[parts.scheme], target)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
