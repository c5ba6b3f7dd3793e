"""Determine a request's host, client address, and whether it comes from this machine.

A page of any site can make a browser send requests here. The `Host` header reveals another name that resolves to this
address (DNS rebinding). `Origin` and `Sec-Fetch-Site` reveal the requesting page.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers

from seawall.console.api_error import ApiError, bad_request, forbidden
from seawall.console.context import ConsoleSettings
from seawall.console.endpoint import SAFE
from seawall.web.peers import LOOPBACK

if TYPE_CHECKING:
    pass

ORIGIN_KEY: Final = "seawall.request_origin"
"""Key of the `RequestOrigin` in the ASGI scope."""


LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDING: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "via",
)
"""Headers that mark a proxy: its client is not the user at this machine."""

OLD_VERSION: Final = "1.0"
"""No current browser uses HTTP/1.0; an unconfigured proxy does, and sends no forwarding headers either."""

_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9._-]{0,252})))(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.{1,300})")
_PORTS: Final = {"http": 80, "https": 443}
NAVIGATED: Final = frozenset({"/api/sign-in/oidc", "/api/sign-in/oidc/callback"})
"""Paths to which another site (the identity provider) may navigate a browser."""


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """`host` is the name without port, `origin` that of the console's own pages, `client_address` the client's."""

    host: str
    origin: str
    client_address: str
    is_local: bool


def read_request_origin(scope: MutableMapping[str, Any], settings: ConsoleSettings) -> RequestOrigin:
    """Return a request's origin. Raises `ApiError` for a foreign host name or an unlisted proxy."""
    headers = Headers(scope=scope)
    scheme = "https" if settings.is_https else "http"
    host, port = parse_host(headers, scheme)
    peer = (scope.get("client") or ("",))[0]
    is_own = host in settings.hosts
    is_local_name = settings.is_loopback and host in LOCAL_NAMES
    if not is_own and not is_local_name:
        raise ApiError(
            421,
            "host-unknown",
            "the console does not accept this host name",
            fix="use the address that `seawall serve` printed, or start it with --host NAME",
        )
    client_address = _client(headers, peer, settings)
    is_local = (
        is_local_name
        and not is_own
        and settings.proxies is None
        and peer in LOOPBACK
        and not any(name in headers for name in FORWARDING)
        and scope.get("http_version") != OLD_VERSION
    )
    written = f"[{host}]" if ":" in host else host
    origin = f"{scheme}://{written}" + ("" if port == _PORTS[scheme] else f":{port}")
    return RequestOrigin(host, origin, client_address, is_local)


def parse_host(headers: Headers, scheme: str) -> tuple[str, int]:
    """Return the host's name, in lower case, and port.

    Raises `ApiError` (400) for a missing, repeated or unreadable header.
    """
    named = headers.getlist("host")
    if len(named) != 1:
        raise bad_request("a request names one host", field="Host")
    return _authority(named[0], scheme)


def _authority(text: str, scheme: str) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text.lower())
    if found is None:
        raise bad_request("the host's name cannot be read", field="Host")
    port = int(found[3]) if found[3] else _PORTS[scheme]
    if not 0 < port < 65536:
        raise bad_request("the host's port cannot be read", field="Host")
    return found[1] or found[2], port


def _client(headers: Headers, peer: str, settings: ConsoleSettings) -> str:
    """Return the client's address.

    Behind proxies it is the last address in the header that is not a listed proxy's own.
    """
    if settings.proxies is None:
        return peer
    if peer not in settings.proxies:
        raise forbidden("only the proxy may ask here", code="proxy-unlisted")
    if headers.get("x-forwarded-proto", "https").strip().lower() != "https":
        raise forbidden("the console is to be asked with https", code="not-encrypted")
    chain = [part.strip() for value in headers.getlist("x-forwarded-for") for part in value.split(",")]
    for text in reversed(chain):
        client_address = _plain_address(text)
        if not client_address:
            break  # entries before it may be forged
        if client_address not in settings.proxies:
            return client_address
    return peer


def _plain_address(text: str) -> str:
    text = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def check_origin(scope: MutableMapping[str, Any], here: RequestOrigin) -> None:
    """Refuse API requests from pages of other sites. Browsers state the page; programs need not."""
    headers = Headers(scope=scope)
    path, method = scope["path"], scope["method"]
    if not path.startswith("/api/") or path in NAVIGATED:
        return
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise _cross_origin()
    origin = headers.get("origin")
    if origin is None or (method in SAFE and origin == here.origin):
        return
    found = _ORIGIN.fullmatch(origin.lower())
    if found is None:
        raise _cross_origin()
    scheme, rest = found.groups()
    own = _ORIGIN.fullmatch(here.origin)
    if own is None or scheme != own[1]:
        raise _cross_origin()
    try:
        if _authority(rest, scheme) != _authority(own[2], scheme):
            raise _cross_origin()
    except ApiError:
        raise _cross_origin() from None


def _cross_origin() -> ApiError:
    return forbidden(
        "the request comes from a page of another site", code="cross-origin", fix="open the console itself"
    )


def client_network(client_address: str) -> str:
    """Return the part of an address that a client cannot easily change: an IPv6 address as its /64, IPv4 as it is."""
    try:
        parsed = ipaddress.ip_address(client_address)
    except ValueError:
        return client_address or "unix"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
