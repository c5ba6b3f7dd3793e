"""Load an issuer's key set from a URL, a discovery document, a file, or the policy itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seawall_base.http_client import fetch
from seawall_base.http_connection import TrustStore
from seawall_base.http_url import FetchError, parse_url
from seawall_base.regular_files import open_file
from seawall_tokens.jose import strict_json
from seawall_tokens.jose.key_set import LARGEST_SET, KeySet, KeySetRefused, read_key_set
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals.signing_key import (
    KeyDuplicateKid,
    KeySetInvalid,
    KeySetMixed,
    KeySourceUnavailable,
)

LARGEST_DISCOVERY: Final = 256 * 1024

Origin = Callable[[], KeySet]
"""Function that loads the key set anew. Raises only `OriginFailed`."""


class OriginFailed(Exception):
    """No key set could be loaded.

    `code` is one of `seawall_base.http_url.FETCH_CODES`, `set-CODE` for a code of `KeySetRefused`,
    `discovery-malformed`, `discovery-issuer`, `discovery-host`, `file-unreadable` or `unexpected`. The text contains
    nothing that was loaded.
    """

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Connection settings of an origin: time limit of a whole answer in seconds, trust store, and whether plain http
    to this machine is allowed."""

    timeout: float = 5.0
    trust: TrustStore | None = None
    allow_loopback_http: bool = False


def from_url(url: str, connection: Connection) -> Origin:
    """Load a key set (JWKS) from a fixed URL."""

    def load() -> KeySet:
        return _key_set(_fetch(url, LARGEST_SET, connection))

    return load


def from_discovery(url: str, issuer: str, hosts: frozenset[str], connection: Connection) -> Origin:
    """Load the key set that a discovery document names (OpenID Connect Discovery, RFC 8414).

    The document's issuer must equal `issuer`, and the set must be on the document's host or one of `hosts`.
    """

    def load() -> KeySet:
        document = _discovery(_fetch(url, LARGEST_DISCOVERY, connection))
        if document.get("issuer") != issuer:
            raise OriginFailed("discovery-issuer", "the discovery document is another issuer's")
        keys_url = document.get("jwks_uri")
        if not isinstance(keys_url, str):
            raise OriginFailed("discovery-malformed", "the discovery document has no jwks_uri")
        if _host(keys_url, connection) not in hosts | {_host(url, connection)}:
            raise OriginFailed(
                "discovery-host", "the discovery document's jwks_uri is on a host that is not allowed"
            )
        return _key_set(_fetch(keys_url, LARGEST_SET, connection))

    return load


def from_file(path: Path) -> Origin:
    """Load a key set from a regular file, read anew each time."""

    def load() -> KeySet:
        return _key_set(_read(path))

    return load


def from_document(document: Mapping[str, Any]) -> Origin:
    """Load the key set written in the policy."""

    def load() -> KeySet:
        return _key_set(document)

    return load


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            content = file.read(LARGEST_SET + 1)
    except (OSError, ValueError):
        raise OriginFailed("file-unreadable", "the file cannot be read") from None
    if content is None or len(content) > LARGEST_SET:
        raise OriginFailed("too-large", "the file is larger than the limit")
    return content


def _fetch(url: str, limit: int, connection: Connection) -> bytes:
    try:
        return fetch(
            url,
            limit=limit,
            timeout=connection.timeout,
            trust=connection.trust,
            allow_loopback_http=connection.allow_loopback_http,
        ).body
    except FetchError as refused:
        raise OriginFailed(refused.code, str(refused)) from None


def _key_set(document: bytes | Mapping[str, Any]) -> KeySet:
    try:
        return read_key_set(document)
    except KeySetRefused as refused:
        raise OriginFailed(f"set-{refused.code}", refused.words) from None


def _discovery(body: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(body, max_bytes=LARGEST_DISCOVERY)
    except strict_json.JsonRefused:
        raise OriginFailed("discovery-malformed", "the discovery document is not JSON") from None
    if not isinstance(document, dict):
        raise OriginFailed("discovery-malformed", "the discovery document is not an object")
    return document


def _host(url: str, connection: Connection) -> str:
    try:
        return parse_url(url, allow_loopback_http=connection.allow_loopback_http).host
    except FetchError as refused:
        raise OriginFailed(refused.code, str(refused)) from None


def refusal_of(failure: OriginFailed | None) -> Refusal:
    """Return the refusal of every token whose key depends on a failed load. None: no load has ended yet."""
    if failure is None:
        return KeySourceUnavailable("no answer yet")
    if failure.code in {"set-mixed", "set-private", "set-symmetric"}:
        return KeySetMixed(failure.code)
    if failure.code == "set-duplicate-kid":
        return KeyDuplicateKid()
    if failure.code.startswith("set-"):
        return KeySetInvalid(failure.code)
    return KeySourceUnavailable(failure.code)
