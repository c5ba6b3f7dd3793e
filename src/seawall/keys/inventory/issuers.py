"""Classify issuers: templates, Entra tenants, personal accounts."""

from __future__ import annotations

import re
from typing import Final, Literal

CONSUMER_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The single tenant of all personal Microsoft accounts."""
TEMPLATE: Final = "{tenantid}"

_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ENTRA = re.compile(
    r"https://(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|login\.windows\.net|sts\.windows\.net"
    r"|sts\.chinacloudapi\.cn)/(" + _GUID + r"|\{tenantid\})(?:/v2\.0)?/?"
)
_SEGMENT: Final = r"[^/?#]+"

Audience = Literal["organisation", "consumer", "shared", "single"]


def fits(issuer: str, other: str) -> bool:
    """Return whether two issuers are equal, or match once `{tenantid}` is filled in."""
    return issuer == other or _fills(issuer, other) or _fills(other, issuer)


def _fills(template: str, issuer: str) -> bool:
    if TEMPLATE not in template:
        return False
    return re.fullmatch(re.escape(template).replace(re.escape(TEMPLATE), _SEGMENT), issuer) is not None


def is_consumer(issuer: str | None) -> bool:
    """Return whether this is the issuer of personal Microsoft accounts."""
    return issuer is not None and CONSUMER_TENANT in issuer.lower()


def audience_of(issuer: str | None, source: str) -> Audience:
    """Return the accounts that a set's keys sign for, as far as issuer and URL show.

    If the issuer is a template, Entra's URLs show it in a path segment: `organizations`, `consumers`, `common`.
    """
    segments = source.lower().split("/")
    if is_consumer(issuer) or "consumers" in segments:
        return "consumer"
    if "organizations" in segments:
        return "organisation"
    if issuer is None or TEMPLATE in issuer:
        return "shared" if issuer is not None else "single"
    return "organisation" if re.search(_GUID, issuer) else "single"


def family(issuer: str) -> str:
    """Return the normalised issuer that owns keys.

    Entra signs for all organisations with the same keys, under the names of both endpoint versions; sharing keys
    there is no finding. Personal accounts are another family.
    """
    entra = _ENTRA.fullmatch(issuer)
    if entra is None:
        return issuer
    return "Entra, personal accounts" if entra[1].lower() == CONSUMER_TENANT else "Entra, organisations"


def discovery_fits(issuer: str, url: str) -> bool:
    """Return whether a discovery document at `url` may name `issuer` (OpenID Connect Discovery 4.3, RFC 8414 section 3.3).

    A template's `{tenantid}` matches any one segment. Entra's version 1 endpoint names `sts.windows.net` by design.
    """
    base = issuer.removesuffix("/")
    host, _, path = base.removeprefix("https://").partition("/")
    places = [
        f"{base}/.well-known/openid-configuration",
        f"{base}/.well-known/oauth-authorization-server",
        f"https://{host}/.well-known/oauth-authorization-server" + (f"/{path}" if path else ""),
        f"https://{host}/.well-known/openid-configuration" + (f"/{path}" if path else ""),
    ]
    if re.fullmatch(rf"https://sts\.windows\.net/{_SEGMENT}", base):
        places.append(f"https://login.microsoftonline.com/{path}/.well-known/openid-configuration")
        if path == TEMPLATE:
            places.append(f"https://login.microsoftonline.com/{TEMPLATE}/.well-known/openid-configuration")
    return any(place == url or _fills(place, url) for place in places)
