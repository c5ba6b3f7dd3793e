"""Query an identity provider: its endpoints, and the ID token for an authorization code."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlencode

import pybase64

from seawall.console.sign_in.oidc_settings import OidcSettings
from seawall_base.http_client import fetch, request
from seawall_base.http_url import FetchError, parse_url
from seawall_tokens.jose import strict_json

SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 10.0
"""Seconds after a failure without another request, so that strangers cannot make all threads wait for a dead provider."""

LARGEST: Final = 256 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderFailed(Exception):
    """The provider gave no usable answer. The text contains nothing of the answer."""


@dataclass(frozen=True, slots=True)
class ProviderEndpoints:
    """The authorization endpoint for browsers, and the token endpoint."""

    authorization: str
    token: str


class OidcProvider:
    """The identity provider. Thread-safe; its methods wait for the network."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._endpoints: ProviderEndpoints | None = None
        self._not_before = 0.0
        self._lock = threading.Lock()

    def endpoints(self) -> ProviderEndpoints:
        """Return its endpoints. Raises `ProviderFailed`."""
        with self._lock:
            if self._endpoints is None:
                if monotonic() < self._not_before:
                    raise ProviderFailed("discovery: it failed a moment ago")
                try:
                    self._endpoints = self._discover()
                except ProviderFailed:
                    self._not_before = monotonic() + PAUSE_SECONDS
                    raise
            return self._endpoints

    def redeem(self, code: str, *, verifier: str, redirect: str) -> str:
        """Redeem a code for the ID token, not yet verified. Raises `ProviderFailed`."""
        table = self._settings.table
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if self._settings.secret:
            pair = f"{quote(table.client_id, safe='')}:{quote(self._settings.secret, safe='')}"
            headers["Authorization"] = "Basic " + pybase64.b64encode(pair.encode()).decode("ascii")
        else:
            form["client_id"] = table.client_id
        document = self._post(self.endpoints().token, headers, urlencode(form).encode("ascii"))
        token = document.get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed("no ID token")
        return token

    def _discover(self) -> ProviderEndpoints:
        table, entry = self._settings.table, self._settings.entry
        if table.authorization_endpoint is not None and table.token_endpoint is not None:
            return ProviderEndpoints(table.authorization_endpoint, table.token_endpoint)
        url = table.discovery or entry.issuer.rstrip("/") + WELL_KNOWN
        try:
            body = fetch(
                url,
                limit=LARGEST,
                timeout=SECONDS,
                trust=self._settings.trust,
                allow_loopback_http=table.allow_loopback_http,
            ).body
        except FetchError as error:
            raise ProviderFailed(f"discovery: {error.code}") from None
        document = _object(body)
        if document.get("issuer") != entry.issuer:
            raise ProviderFailed("discovery: it describes another issuer")
        found = ProviderEndpoints(
            table.authorization_endpoint or str(document.get("authorization_endpoint", "")),
            table.token_endpoint or str(document.get("token_endpoint", "")),
        )
        for endpoint in (found.authorization, found.token):
            try:
                parse_url(endpoint, allow_loopback_http=table.allow_loopback_http)
            except FetchError as error:
                raise ProviderFailed(f"discovery: {error.code}") from None
        return found

    def _post(self, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        table = self._settings.table
        try:
            where = parse_url(url, allow_loopback_http=table.allow_loopback_http)
            answer = request(
                "POST", where, headers, body, limit=LARGEST, timeout=SECONDS, trust=self._settings.trust
            )
        except FetchError as error:
            why = "the answer is too large" if error.code == "too-large" else error.code
            raise ProviderFailed(f"token endpoint: {why}") from None
        if answer.status != 200:
            raise ProviderFailed(f"token endpoint: status {answer.status}")
        return _object(answer.body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(body, max_bytes=LARGEST)
    except strict_json.JsonRefused:
        raise ProviderFailed("the answer is not JSON") from None
    if not isinstance(document, dict):
        raise ProviderFailed("the answer is no object")
    return document
