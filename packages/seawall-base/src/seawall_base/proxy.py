"""Configure how to reach a vendor: directly or through an HTTP proxy, and which certificates to trust.

The proxy is a setting and never taken from the environment, where somebody else may have put it: all collected logs pass
through it. For an https:// host, the proxy learns the host's name alone (CONNECT); access token and logs stay inside TLS. A
proxy that intercepts TLS sees everything. It works only if the operator adds its certificate authority to the bundle.
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seawall_base.errors import CollectInvalid
from seawall_base.http_connection import TrustStore, trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.regular_files import open_file
from seawall_base.secret_file import read_secret, secret_in

VARIABLE: Final = "SEAWALL_PROXY_SECRET"
MOST_BUNDLE: Final = 4 * 1024 * 1024
_SECRET: Final = re.compile(r"[^:\x00-\x1f\x7f]{1,200}:[^\x00-\x1f\x7f]{0,400}")


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Hold a proxy's URL (None for none), its `user:password`, and further certificate authorities as PEM text."""

    url: str | None = None
    secret: str = field(default="", repr=False)
    authorities: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of the CONNECT request: the credentials, if there are any."""
        if not self.secret:
            return {}
        encoded = base64.b64encode(self.secret.encode("utf-8")).decode("ascii")
        return {"Proxy-Authorization": f"Basic {encoded}"}

    def trust(self) -> TrustStore:
        """Return a TLS context that trusts the system's certificates and those of the bundle."""
        context = trust_store()
        if self.authorities:
            context.load_verify_locations(cadata=self.authorities)
        return context


DIRECT: Final = ProxySettings()


def read_proxy_settings(proxy: str | None, secret_file: Path | None, bundle: Path | None) -> ProxySettings:
    """Read the proxy's secret and the bundle, and return the settings. Raises CollectInvalid; its text contains no secret."""
    if proxy is None:
        return ProxySettings(authorities=_authorities(bundle))
    proxy = proxy.lower()
    try:
        # Parse it as https, so that an invalid port is found whatever the scheme.
        parse_url("https:" + proxy.partition(":")[2])
    except FetchError:
        raise CollectInvalid(
            "--proxy: not the URL of a proxy", fix="write it as --proxy http://proxy.example:3128"
        ) from None
    secret = read_secret(secret_file) if secret_file is not None else secret_in(VARIABLE)
    if secret and not _SECRET.fullmatch(secret):
        raise CollectInvalid(
            "the proxy's secret is not USER:PASSWORD",
            fix="write USER:PASSWORD into --proxy-secret-file, with chmod 600",
        )
    return ProxySettings(proxy, secret, _authorities(bundle))


def _authorities(bundle: Path | None) -> str:
    """Return the text of a bundle, which must hold at least one certificate and no private key."""
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
            f"{bundle}: is not a file of certificates, or holds other data too",
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
