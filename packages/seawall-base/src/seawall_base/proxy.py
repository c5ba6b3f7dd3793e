"""The way to a vendor: straight, or through an HTTP proxy, and whose certificates are trusted on it.

A proxy is a setting and never taken from the environment, where somebody else may have put it: what is collected goes through
it. To an https:// host the proxy is told the host's name alone (CONNECT): the access token and the logs are within TLS, whose
certificate is checked as without a proxy. Where a proxy opens TLS to look inside, its authority has to be in the bundle, and it
then sees everything: that is the operator's to decide.
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import urllib3

from seawall_base.errors import CollectInvalid
from seawall_base.http_client import FetchRefused, Location, location_of, trust_store
from seawall_base.regular_files import open_file
from seawall_base.secret_file import read_secret, secret_in

VARIABLE: Final = "SEAWALL_PROXY_SECRET"
MOST_BUNDLE: Final = 4 * 1024 * 1024
_SECRET: Final = re.compile(r"[^:\x00-\x1f\x7f]{1,200}:[^\x00-\x1f\x7f]{0,400}")


@dataclass(frozen=True, slots=True)
class Route:
    """A proxy's URL, None for a straight way; its user and password; a PEM text of authorities beside the system's own."""

    proxy: str | None = None
    secret: str = field(default="", repr=False)
    authorities: str = ""

    def pool(self, origin: Location, connections: int) -> urllib3.PoolManager:
        """Return connections to one host. This machine itself is never asked through a proxy."""
        trust = self.trust() if origin.scheme == "https" else None
        if self.proxy is None or origin.scheme != "https":
            return urllib3.PoolManager(1, maxsize=connections, block=True, retries=False, ssl_context=trust)
        headers = {}
        if self.secret:
            encoded = base64.b64encode(self.secret.encode("utf-8")).decode("ascii")
            headers["Proxy-Authorization"] = f"Basic {encoded}"
        return urllib3.ProxyManager(
            self.proxy,
            1,
            proxy_headers=headers,
            proxy_ssl_context=self.trust() if self.proxy.startswith("https:") else None,
            maxsize=connections,
            block=True,
            retries=False,
            ssl_context=trust,
        )

    def trust(self) -> ssl.SSLContext:
        """Return the system's trust store, and the authorities of the bundle with it."""
        context = trust_store()
        if self.authorities:
            context.load_verify_locations(cadata=self.authorities)
        return context


STRAIGHT: Final = Route()


def route_of(proxy: str | None, secret_file: Path | None, bundle: Path | None) -> Route:
    """Return the way that settings name. Raises CollectInvalid, whose text holds nothing of a secret."""
    if proxy is None:
        return Route(authorities=_authorities(bundle))
    proxy = proxy.lower()
    try:
        # As https, so that a port that is none is found whatever the scheme.
        location_of("https:" + proxy.partition(":")[2])
    except FetchRefused:
        raise CollectInvalid(
            "--proxy: is no URL of a proxy", fix="--proxy http://proxy.example:3128"
        ) from None
    secret = read_secret(secret_file) if secret_file is not None else secret_in(VARIABLE)
    if secret and not _SECRET.fullmatch(secret):
        raise CollectInvalid(
            "the proxy's secret is no user and password with a colon between them",
            fix="write USER:PASSWORD into --proxy-secret-file, with chmod 600",
        )
    return Route(proxy, secret, _authorities(bundle))


def _authorities(bundle: Path | None) -> str:
    """The text of a bundle, in which there is a certificate at least and no private key."""
    if bundle is None:
        return ""
    try:
        with open_file(bundle) as file:
            data = file.read(MOST_BUNDLE + 1)
    except OSError as error:
        raise CollectInvalid(f"{bundle}: cannot be read: {error.strerror}", fix="check --ca-bundle") from None
    text = data.decode("latin-1")
    if len(data) > MOST_BUNDLE or "PRIVATE KEY-----" in text or not _is_trusted(text):
        raise CollectInvalid(
            f"{bundle}: is no file of certificates, or holds more than that",
            fix="give --ca-bundle a PEM file with the authorities' certificates and nothing else",
        )
    return text


def _is_trusted(text: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return bool(context.get_ca_certs())
