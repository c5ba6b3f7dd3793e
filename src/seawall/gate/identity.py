"""Build the `X-Auth-*` headers: the claims of an accepted token that applications may use, encoded and never truncated."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from seawall.gate.refusals import ClaimTooLong
from seawall_tokens.policy.prepared_policy import CLIENTS
from seawall_tokens.verify.authentication_claims import read_acr
from seawall_tokens.verify.permissions import read_words

LONGEST_VALUE: Final = 1024
LONGEST_SUM: Final = 3072
"""Most bytes of all values together. nginx reads 4 KiB of header by default, and refuses more."""

Claims = Mapping[str, Any]

_SAFE = re.compile(r"[!-$&-~]+(?: [!-$&-~]+)*")
"""Visible ASCII except `%`, with single spaces inside."""


@dataclass(frozen=True, slots=True)
class IdentityHeader:
    """One header: its name, its description, the claims that it may come from, and the function that reads its value.

    The function is called if one of the claims is present; None is an empty value.
    """

    name: str
    words: str
    claims: tuple[str, ...]
    read: Callable[[Claims], str | None]


def _claim(*names: str) -> Callable[[Claims], str | None]:
    def read(claims: Claims) -> str | None:
        for name in names:
            value = claims.get(name)
            if isinstance(value, str) and value:
                return value
        return None

    return read


def _list_values(*names: str) -> Callable[[Claims], str | None]:
    """Return a reader of space-separated words, from a text or from a list of texts without spaces."""

    def read(claims: Claims) -> str | None:
        words = read_words(claims, *names)
        return " ".join(words) if words else None

    return read


def _acr(claims: Claims) -> str | None:
    try:
        return read_acr(claims)
    except ValueError:
        return None


def _token(claims: Claims) -> str | None:
    name = claims.get("jti") or claims.get("uti")
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32] if isinstance(name, str) else None


def _expires(claims: Claims) -> str | None:
    value = claims.get("exp")
    return str(int(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


IDENTITY_HEADERS: Final = (
    IdentityHeader("X-Auth-Subject", "`sub`", ("sub",), _claim("sub")),
    IdentityHeader("X-Auth-Issuer", "`iss`", ("iss",), _claim("iss")),
    IdentityHeader("X-Auth-Tenant", "`tid`", ("tid",), _claim("tid")),
    IdentityHeader("X-Auth-Object", "`oid`", ("oid",), _claim("oid")),
    IdentityHeader("X-Auth-Client", "`client_id`, `azp`, `appid` or `cid`", CLIENTS, _claim(*CLIENTS)),
    IdentityHeader(
        "X-Auth-Scope",
        "`scope` or `scp`, words separated by spaces",
        ("scope", "scp"),
        _list_values("scope", "scp"),
    ),
    IdentityHeader("X-Auth-Roles", "`roles`, words separated by spaces", ("roles",), _list_values("roles")),
    IdentityHeader("X-Auth-Acr", "`acr`", ("acr",), _acr),
    IdentityHeader("X-Auth-Amr", "`amr`, words separated by spaces", ("amr",), _list_values("amr")),
    IdentityHeader(
        "X-Auth-Token",
        "the first half of the SHA-256 of `jti` or `uti` in hex, as in the log",
        ("jti", "uti"),
        _token,
    ),
    IdentityHeader("X-Auth-Expires", "`exp`, seconds since 1970", ("exp",), _expires),
)
"""Every identity header. A proxy must drop all of them from the client's request."""

_READERS: Final = tuple(
    (header.name.lower().encode(), header.read, header.claims) for header in IDENTITY_HEADERS
)


NOBODY: Final = tuple((name, b"") for name, _, _ in _READERS)
"""The identity headers of a request without identity, all empty."""


def identity_headers(claims: Claims) -> list[tuple[bytes, bytes]]:
    """Return every identity header for these claims. Raises `ClaimTooLong` if they do not fit.

    A missing claim gives an empty value and not a missing header. Some proxies only set the headers they receive, and would
    pass on the client's own otherwise.
    """
    headers = []
    length = 0
    present = claims.keys()
    for name, read, needed in _READERS:
        if present.isdisjoint(needed):
            headers.append((name, b""))
            continue
        text = read(claims)
        value = header_value(text) if text else b""
        length += len(value)
        headers.append((name, value))
    if length > LONGEST_SUM:
        raise ClaimTooLong("all claims together")
    return headers


@lru_cache(2048)
def header_value(text: str) -> bytes:
    """Return text as a header value: visible ASCII unchanged, `%` and other characters as percent-encoded UTF-8."""
    if len(text) > LONGEST_VALUE:
        raise ClaimTooLong
    if not text or _SAFE.fullmatch(text):
        return text.encode("ascii")
    encoded = bytearray()
    last = len(text.encode("utf-8", "surrogatepass")) - 1
    for place, byte in enumerate(text.encode("utf-8", "surrogatepass")):
        inner_space = byte == 0x20 and 0 < place < last
        if (0x21 <= byte <= 0x7E and byte != 0x25) or inner_space:
            encoded.append(byte)
        else:
            encoded += b"%%%02X" % byte
    if len(encoded) > LONGEST_VALUE:
        raise ClaimTooLong
    return bytes(encoded)
