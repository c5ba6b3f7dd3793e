"""Ask one TAXII 2.1 server: only https (or this machine), only its own host, no redirect, limited sizes, no secret in errors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from seawall.response.errors import ExchangeFailed, ExchangeInvalid
from seawall.response.exchange.lone_surrogates import replace_lone_escapes
from seawall_base.http_client import ForeignHost, HttpClient, HttpResponse, IncompleteResponse, with_query

MEDIA: Final = "application/taxii+json;version=2.1"
LARGEST_ANSWER: Final = 16 * 1024 * 1024
_KIND: Final = "application/taxii+json"
_REASONS: Final = {
    "name-not-found": "its host name cannot be resolved",
    "address-refused": "its host name leads to an address that is never asked",
    "tls-failed": "its certificate is not trusted, or the TLS handshake failed",
    "timeout": "it did not answer in time",
    "too-large": "its answer is larger than the limit",
}
_STATUSES: Final = {
    401: ("it refuses the credentials", "check user and password, or the token"),
    403: ("these credentials may not do that", "ask the server's operator"),
    404: (
        "there is no such thing there, or these credentials may not see it",
        "check the address and the collection",
    ),
    406: ("it speaks no TAXII 2.1", "ask the server's operator for the address of TAXII 2.1"),
    413: ("it takes no request of this size", "ask the server's operator"),
    429: ("it wants fewer requests", "try again later"),
}
_HTTPS: Final = "write it as https://HOST/taxii2/; plain http is for this machine alone"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaxiiCredentials:
    """User and password for HTTP Basic, or a token. Both empty: none."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def headers(self) -> dict[str, str]:
        """Return the header that carries them. Raises `ExchangeInvalid` for text that no header can hold."""
        if not all(text.isascii() and text.isprintable() for text in (self.user, self.password, self.token)):
            raise ExchangeInvalid(
                "the credentials hold more than printable ASCII", fix="check the file or variable"
            )
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}"}
        return {}


class TaxiiAccess:
    """Send requests to one server. Raises `ExchangeInvalid` for an address that may not be asked."""

    def __init__(self, url: str, credentials: TaxiiCredentials) -> None:
        self.url = url if url.endswith("/") else f"{url}/"
        try:
            self._client = HttpClient(self.url.partition("?")[0])
        except ForeignHost:
            raise ExchangeInvalid("the address is none that may be asked", fix=_HTTPS) from None
        if "?" in url:
            raise ExchangeInvalid("the address has a query, which no TAXII server has", fix=_HTTPS)
        self._headers = {"Accept": MEDIA, **credentials.headers()}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def resolve(self, place: str) -> str | None:
        """Return an address that the server named, ending in a slash; None if it lies on another host."""
        origin = self._client.origin
        is_relative = place.startswith("/") and not place.startswith("//")
        url = f"{origin.scheme}://{origin.authority}{place}" if is_relative else place
        try:
            self._client.check(url)
        except ForeignHost:
            return None
        return url if url.endswith("/") else f"{url}/"

    def get(self, url: str, query: Mapping[str, str], kind: type[T]) -> tuple[T, Mapping[str, str]]:
        """Return an answer as a value of this type, and its headers. Raises `ExchangeFailed`."""
        answer = self._send("GET", with_query(url, query), None)
        return self._decode(answer, kind), answer.headers

    def post(self, url: str, document: Any, kind: type[T]) -> T:
        """Send a document, and return the answer. Raises `ExchangeFailed`."""
        answer = self._send("POST", url, msgspec.json.encode(document))
        return self._decode(answer, kind)

    def fail(self, words: str, fix: str = "ask the server's operator") -> ExchangeFailed:
        """Return a failure of this server, without anything that it said."""
        return ExchangeFailed(f"the TAXII server {self._client.host}: {words}", fix=fix)

    def _send(self, method: str, url: str, body: bytes | None) -> HttpResponse:
        kind = {} if body is None else {"Content-Type": MEDIA}
        try:
            answer = self._client.send(method, url, {**self._headers, **kind}, body, LARGEST_ANSWER)
        except ForeignHost:
            raise self.fail("it names an address on another host, which is not asked") from None
        except IncompleteResponse as error:
            words = _REASONS.get(error.code, "no connection could be made, or it broke")
            raise self.fail(words, "check the address and the network") from None
        if 300 <= answer.status < 400:
            raise self.fail(
                "it answers with a redirect, and none is followed", "give the address that it leads to"
            )
        if answer.status not in (200, 202):
            words, fix = _STATUSES.get(
                answer.status, (f"it answered with status {answer.status}", "try again later")
            )
            raise self.fail(words, fix)
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
            raise self.fail("its answer is no TAXII 2.1", "check the address: it often ends in /taxii2/")
        return answer

    def _decode(self, answer: HttpResponse, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(replace_lone_escapes(answer.body), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.fail("its answer is not what TAXII 2.1 says") from None
