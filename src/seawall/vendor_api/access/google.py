"""Obtain access tokens of a Google service account with google-auth.

The service account acts for an administrator (domain-wide delegation).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.error_advice import advice
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import decode_body
from seawall_base.clock import Stopped
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import ForeignHost, HttpResponse

SCOPE: Final = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
MOST_BYTES: Final = 1024 * 1024


class GoogleAccess:
    """Authenticate with a service account's key. `login` sends requests to the token host, `token_url` is its configured URL."""

    def __init__(
        self,
        key: str,
        administrator: str,
        login: VendorClient,
        token_url: str,
        scopes: Sequence[str] = (SCOPE,),
    ) -> None:
        self._credentials = _credentials(key, administrator, scopes)
        self._transport = _Transport(login, token_url)
        self._lock = threading.Lock()

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the authorization header, with a new token if the old one expired. Raises VendorUnavailable, CollectRefused."""
        del method, url
        with self._lock:
            if not self._credentials.valid:
                self._refresh()
            return {"Authorization": f"Bearer {self._credentials.token}"}

    def renew(self) -> None:
        """Discard the token, because the vendor refused it."""
        with self._lock:
            self._credentials.token = None

    def _refresh(self) -> None:
        from google.auth.exceptions import GoogleAuthError

        try:
            self._credentials.refresh(self._transport)
        except (VendorUnavailable, ForeignHost, Stopped, CollectRefused):
            raise
        except (GoogleAuthError, ValueError) as error:
            code = f": {self._transport.fault}" if self._transport.fault else ""
            raise CollectRefused(
                f"{TOKEN_URL}: the service account got no access token ({type(error).__name__}{code})",
                fix=advice(self._transport.fault)
                if self._transport.fault
                else "check the key, the administrator, and that the client id has this scope alone (docs/how-to/collect.md)",
            ) from None


def _credentials(key: str, administrator: str, scopes: Sequence[str]) -> Any:
    from google.oauth2 import service_account

    refused = CollectInvalid(
        "the key file is not the key of a service account",
        fix="create a JSON key for it (docs/how-to/collect.md)",
    )
    try:
        stated = json.loads(key)
    except (ValueError, RecursionError):
        raise refused from None
    if not isinstance(stated, dict) or stated.get("type") != "service_account":
        raise refused
    if not all(isinstance(stated.get(name), str) for name in ("client_email", "private_key")):
        raise refused
    try:
        # The signed assertion goes to this URL and is as valuable as the key; the file must not choose it.
        stated["token_uri"] = TOKEN_URL
        stated.pop("universe_domain", None)
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            stated, scopes=list(scopes), subject=administrator
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise refused from None


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    data: bytes


class _Transport:
    """Implement the transport interface of google-auth. Requests go to the configured token URL alone."""

    def __init__(self, client: VendorClient, token_url: str) -> None:
        self._client, self._token_url = client, token_url
        self.fault = ""

    def __call__(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any
    ) -> _Response:
        """Send a request, and return the answer in google-auth's form. Raises ForeignHost for any URL but `TOKEN_URL`."""
        if url != TOKEN_URL:
            raise ForeignHost
        data = body.encode() if isinstance(body, str) else body
        try:
            return self._client.send(
                method, self._token_url, _response, body=data, headers=headers, limit=MOST_BYTES
            )
        except VendorRefused as refused:
            self.fault = refused.code or str(refused.status)
            return _Response(refused.status, {}, json.dumps({"error": self.fault}).encode())


def _response(answer: HttpResponse) -> _Response:
    """Convert an answer for google-auth. Raises MalformedResponse for a page that a proxy put in place of the JSON answer."""
    decode_body(answer.body, dict[str, msgspec.Raw])
    return _Response(answer.status, answer.headers, answer.body)
