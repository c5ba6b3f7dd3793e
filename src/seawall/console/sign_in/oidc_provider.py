"""What is asked of an identity provider: where its endpoints are, and the ID token for a code."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

import pybase64

from seawall.console.sign_in.oidc_settings import OidcSettings
from seawall_base.http_client import (
    Deadline,
    FetchRefused,
    Incoming,
    Location,
    connect,
    fetch,
    location_of,
    translated,
    verifying,
)
from seawall_tokens.jose import strict_json

SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 10.0
"""After a failure nobody asks again for so long: strangers must not have all threads wait for a provider that is away."""

LARGEST: Final = 256 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderFailed(Exception):
    """The provider gave no answer that can be used. The text holds nothing that it said."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where browsers are sent, and where a code is redeemed."""

    authorization: str
    token: str


class Provider:
    """The identity provider. Threads share it; its methods wait for the network."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._endpoints: Endpoints | None = None
        self._not_before = 0.0
        self._lock = threading.Lock()

    def endpoints(self) -> Endpoints:
        """Where its endpoints are. Raises `ProviderFailed`."""
        with self._lock:
            if self._endpoints is None:
                if monotonic() < self._not_before:
                    raise ProviderFailed("discovery: it failed a moment ago")
                try:
                    self._endpoints = self._discovered()
                except ProviderFailed:
                    self._not_before = monotonic() + PAUSE_SECONDS
                    raise
            return self._endpoints

    def redeem(self, code: str, *, verifier: str, redirect: str) -> str:
        """The ID token for a code, not verified yet. Raises `ProviderFailed`."""
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
            "User-Agent": "seawall",
            "Connection": "close",
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

    def _discovered(self) -> Endpoints:
        table, entry = self._settings.table, self._settings.entry
        if table.authorization_endpoint is not None and table.token_endpoint is not None:
            return Endpoints(table.authorization_endpoint, table.token_endpoint)
        url = table.discovery or entry.issuer.rstrip("/") + WELL_KNOWN
        try:
            body = fetch(
                url,
                limit=LARGEST,
                timeout=SECONDS,
                trust=self._settings.trust,
                allow_loopback_http=table.allow_loopback_http,
            ).body
        except FetchRefused as error:
            raise ProviderFailed(f"discovery: {error.code}") from None
        document = _object(body)
        if document.get("issuer") != entry.issuer:
            raise ProviderFailed("discovery: it describes another issuer")
        found = Endpoints(
            table.authorization_endpoint or str(document.get("authorization_endpoint", "")),
            table.token_endpoint or str(document.get("token_endpoint", "")),
        )
        for endpoint in (found.authorization, found.token):
            try:
                location_of(endpoint, allow_loopback_http=table.allow_loopback_http)
            except FetchRefused as error:
                raise ProviderFailed(f"discovery: {error.code}") from None
        return found

    def _post(self, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        try:
            where = location_of(url, allow_loopback_http=self._settings.table.allow_loopback_http)
            with translated():
                return _object(self._exchange(where, headers, body, Deadline(SECONDS)))
        except FetchRefused as error:
            raise ProviderFailed(f"token endpoint: {error.code}") from None

    def _exchange(self, where: Location, headers: dict[str, str], body: bytes, deadline: Deadline) -> bytes:
        lines = [
            f"POST {where.target} HTTP/1.1",
            f"Host: {where.authority}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        request = "\r\n".join((*lines, "", "")).encode("ascii") + body
        with connect(where, deadline) as plain:
            plain.settimeout(deadline.left())
            if where.scheme == "http":
                return _answer(plain, request, deadline)
            context = verifying(self._settings.trust)
            with context.wrap_socket(plain, server_hostname=where.host) as secured:
                return _answer(secured, request, deadline)


def _answer(connection: Any, request: bytes, deadline: Deadline) -> bytes:
    connection.settimeout(deadline.left())
    connection.sendall(request)
    incoming = Incoming(connection, 2 * LARGEST, deadline)
    answer = http.client.HTTPResponse(cast("Any", incoming), method="POST")
    try:
        answer.begin()
        if answer.status != 200:
            raise ProviderFailed(f"token endpoint: status {answer.status}")
        body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise ProviderFailed("token endpoint: the answer is too large")
        return body
    finally:
        answer.close()


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = strict_json.loads(body, max_bytes=LARGEST)
    except strict_json.JsonRefused:
        raise ProviderFailed("the answer is not JSON") from None
    if not isinstance(document, dict):
        raise ProviderFailed("the answer is no object")
    return document
