"""Okta's System Log of a made-up organisation, as Okta documents it, and the token endpoint before it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import jwt

from tests.collection.management import micros, stamp
from tests.collection.serving import Reply, Request, as_json


@dataclass
class SystemLog:
    """Events in the order in which Okta has them: `(kept at, event)`. `limit` requests are left of this minute."""

    now: Callable[[], int]
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    page: int = 4
    authorization: str = "Bearer token-1"
    base: str = ""
    limit: int | None = None
    forgotten: bool = False
    overlap: int = 0

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != self.authorization:
            return as_json({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, 401)
        headers = {}
        if self.limit is not None:
            if not self.limit:
                self.limit = 3
                reset = str(self.now() // 1_000_000 + 60)
                return as_json(
                    {"errorCode": "E0000047"}, 429, X_Rate_Limit_Remaining="0", X_Rate_Limit_Reset=reset
                )
            self.limit -= 1
        query = request.query
        if "until" in query or query.get("sortOrder") != "ASCENDING":
            return as_json({"errorCode": "E0000001"}, 400)
        if "after" in query and self.forgotten:
            return as_json({"errorCode": "E0000053"}, 400)
        count = self.count()
        at = int(query["after"]) if "after" in query else self.first(micros(query["since"][:19]))
        until = min(at + self.page, count)
        following = until - self.overlap if until - at == self.page else until
        link = f"{self.base}/api/v1/logs?after={following}&sortOrder=ASCENDING&limit=1000"
        headers["Link"] = f'<{self.base}/api/v1/logs?x=1>; rel="self", <{link}>; rel="next"'
        return Reply(200, b"[" + b",".join(self.texts(at, until)) + b"]", headers)

    def count(self) -> int:
        """How many events Okta has by now."""
        now = self.now()
        self.events.sort(key=lambda one: one[0])
        return sum(kept <= now for kept, _ in self.events)

    def first(self, since: int) -> int:
        """Where the events begin that Okta has since a time."""
        return sum(kept < since for kept, _ in self.events)

    def texts(self, first: int, last: int) -> list[bytes]:
        """Events as they are sent."""
        return [json.dumps(event).encode() for _, event in self.events[first:last]]


def event(number: int, kept: int, delay: int = 0) -> tuple[int, dict[str, Any]]:
    return kept, {
        "uuid": f"00000000-0000-11ef-8000-{number:012}",
        "published": stamp(kept - delay),
        "eventType": "user.session.start",
        "actor": {"alternateId": f"user{number % 5}@acme.example"},
    }


def thumbprint(jwk: dict[str, str]) -> str:
    text = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Organisation:
    """Okta's token endpoint, and the log behind it that takes the tokens with their proofs, each of them once.

    `now` is its clock, None for the real one.
    """

    log: SystemLog
    key: Any
    algorithm: str
    dpop: bool
    bound: str = ""
    proofs: set[str] = field(default_factory=set)
    token: str = "token-of-okta"
    now: Callable[[], int] | None = None

    def answer(self, request: Request) -> Reply:
        if request.path == "/oauth2/v1/token":
            return self._token(request)
        scheme = "DPoP" if self.dpop else "Bearer"
        self.log.authorization = f"{scheme} {self.token}"
        if self.dpop and request.headers.get("authorization") == self.log.authorization:
            claims = self._proof(request)
            digest = hashlib.sha256(self.token.encode()).digest()
            assert claims["ath"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self.log.answer(request)

    def _read(self, text: str, key: Any, algorithm: str, audience: str | None = None) -> dict[str, Any]:
        """The claims of a token that is signed rightly, and not ended by this clock."""
        own: Any = {} if self.now is None else {"verify_exp": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(text, key, algorithms=[algorithm], audience=audience, options=own)
        if self.now is not None:
            assert abs(claims["iat"] - self.now() // 1_000_000) < 600
        return claims

    def _proof(self, request: Request) -> dict[str, Any]:
        proof = request.headers["dpop"]
        header = jwt.get_unverified_header(proof)
        assert header["typ"] == "dpop+jwt"
        assert set(header["jwk"]) == {"kty", "n", "e"}
        key = jwt.PyJWK(header["jwk"], "RS256").key
        claims = self._read(proof, key, "RS256")
        assert (claims["htm"], claims["htu"]) == (request.method, self.log.base + request.path)
        assert claims["jti"] not in self.proofs
        self.proofs.add(claims["jti"])
        assert self.bound in {"", thumbprint(header["jwk"])}
        self.bound = thumbprint(header["jwk"])
        return claims

    def _token(self, request: Request) -> Reply:
        body = {
            name: unquote_plus(value)
            for name, value in (pair.split("=") for pair in request.body.decode().split("&"))
        }
        assert body["scope"] == "okta.logs.read"
        assert body["grant_type"] == "client_credentials"
        assert jwt.get_unverified_header(body["client_assertion"])["kid"] == "kid-1"
        claims = self._read(
            body["client_assertion"], self.key, self.algorithm, audience=f"{self.log.base}/oauth2/v1/token"
        )
        assert claims["iss"] == claims["sub"] == "0oaclient"
        assert claims["jti"] not in self.proofs
        self.proofs.add(claims["jti"])
        self.bound = ""
        assert claims["exp"] - claims["iat"] <= 3600
        if self.dpop:
            if "dpop" not in request.headers:
                return as_json({"error": "invalid_dpop_proof"}, 400)
            if self._proof(request).get("nonce") != "nonce-1":
                return as_json({"error": "use_dpop_nonce"}, 400, dpop_nonce="nonce-1")
        kind = "DPoP" if self.dpop else "Bearer"
        return as_json(
            {"token_type": kind, "expires_in": 3600, "access_token": self.token, "scope": body["scope"]}
        )
