"""Obtain access tokens of Microsoft Entra ID for an application without a user (client credentials), with MSAL.

MSAL sends its requests through `VendorClient`. So the same size limits and retries apply, and requests go to the configured
host alone, even if a discovery document names another one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.error_advice import ELSE, advice
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import decode_body
from seawall_base.clock import Stopped
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import ForeignHost, HttpResponse, form, with_query

MOST_BYTES: Final = 1024 * 1024
BEGIN_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"
END_CERTIFICATE: Final = "-----END CERTIFICATE-----"


class MicrosoftAccess:
    """Authenticate with a client secret or a certificate.

    `login` sends requests to the sign-in host, `base` is its configured URL.
    """

    def __init__(
        self,
        client_id: str,
        tenant: str,
        authority: str,
        scope: str,
        credential: Any,
        login: VendorClient,
        base: str,
    ) -> None:
        self._client_id, self._tenant, self._authority = client_id, tenant, authority
        self._scope, self._credential = scope, credential
        self._http = _Transport(login, authority, base)
        self._app: Any = None
        self._lock = threading.Lock()

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the authorization header, with a new token if the old one expired. Raises VendorUnavailable, CollectRefused."""
        del method, url
        return {"Authorization": f"Bearer {self.token()[0]}"}

    def token(self) -> tuple[str, int]:
        """Return a valid token and the seconds until it expires. Raises VendorUnavailable, CollectRefused."""
        with self._lock:
            found = self._acquire()
        token, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str):
            code = str(found.get("error") or "no token")
            raise CollectRefused(
                f"{self._authority}: the application got no access token: {code}",
                fix=advice(code)
                if advice(code) != ELSE
                else "check tenant, client id and secret or certificate",
            )
        return token, seconds if isinstance(seconds, int) else 0

    def renew(self) -> None:
        """Discard the cached tokens, because the vendor refused one."""
        with self._lock:
            if self._app is not None:
                self._app.remove_tokens_for_client()

    def _acquire(self) -> dict[str, Any]:
        import msal

        try:
            if self._app is None:
                self._app = msal.ConfidentialClientApplication(
                    self._client_id,
                    client_credential=self._credential,
                    authority=f"{self._authority}/{self._tenant}",
                    http_client=self._http,
                    instance_discovery=False,
                )
            found = self._app.acquire_token_for_client(scopes=[self._scope])
        except (VendorUnavailable, ForeignHost, Stopped, CollectRefused):
            raise
        except Exception as error:  # noqa: BLE001 - MSAL's errors have no common class, and may quote the answer
            raise CollectRefused(
                f"{self._authority}: the request for an access token failed ({type(error).__name__})",
                fix="check the tenant, and that the certificate file has a private RSA key and its certificate",
            ) from None
        return found if isinstance(found, dict) else {}


def certificate_credential(text: str) -> dict[str, str]:
    """Return a PEM file's private key and certificate in MSAL's form. Raises CollectInvalid."""
    begin, end = text.find(BEGIN_CERTIFICATE), text.find(END_CERTIFICATE)
    if begin < 0 or end < begin or "PRIVATE KEY-----" not in text:
        raise CollectInvalid(
            "the certificate file holds no private key with its certificate",
            fix="write both into one PEM file: cat key.pem certificate.pem > seawall.pem; chmod 600 seawall.pem",
        )
    certificate = text[begin : end + len(END_CERTIFICATE)]
    key = text[:begin] + text[end + len(END_CERTIFICATE) :]
    return {"private_key": key.strip() + "\n", "public_certificate": certificate + "\n"}


class _Response:
    """Implement the response interface that MSAL uses."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status_code, self.text, self.headers = status, text, dict(headers)

    def raise_for_status(self) -> None:
        """Raise VendorUnavailable for a status of 400 or more."""
        if self.status_code >= 400:
            raise VendorUnavailable(f"status-{self.status_code}")


class _Transport:
    """Implement the HTTP client interface that MSAL uses. Requests go to the authority's host alone, at its configured URL."""

    def __init__(self, client: VendorClient, authority: str, base: str) -> None:
        self._client, self._authority, self._base = client, authority, base

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> _Response:
        """Send a GET request."""
        return self._ask("GET", with_query(url, params or {}), headers, None)

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> _Response:
        """Send a form as a POST request."""
        sent = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        values = {
            name: value.decode() if isinstance(value, bytes) else str(value) for name, value in data.items()
        }
        return self._ask("POST", with_query(url, params or {}), sent, form(values))

    def close(self) -> None:
        """Do nothing: the caller owns the client."""

    def _ask(self, method: str, url: str, headers: Any, body: bytes | None) -> _Response:
        if not url.startswith(f"{self._authority}/"):
            raise ForeignHost
        place = self._base + url.removeprefix(self._authority)
        try:
            return self._client.send(method, place, _response, body=body, headers=headers, limit=MOST_BYTES)
        except VendorRefused as refused:
            # Pass on the code alone: the rest of the answer may quote the request.
            return _Response(refused.status, f'{{"error": "{refused.code or refused.status}"}}', {})


def _response(answer: HttpResponse) -> _Response:
    """Convert an answer for MSAL. Raises MalformedResponse for a page that a proxy put in place of the JSON answer."""
    decode_body(answer.body, dict[str, msgspec.Raw])
    return _Response(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)
