"""Authenticate at Okta with an application's private key (`private_key_jwt`) or an API token.

DPoP binds the application's access tokens to a key of this process. Sources: developer.okta.com, "Implement OAuth for Okta
with a service app" and "Configure OAuth 2.0 Demonstrating Proof-of-Possession"; RFC 7523, RFC 9449.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from seawall.vendor_api.client import VendorClient, VendorRefused
from seawall.vendor_api.error_advice import advice
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import MalformedResponse, decode_body
from seawall_base.clock import Clock
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import HttpResponse, form

SCOPE: Final = "okta.logs.read"
MOST_BYTES: Final = 1024 * 1024
ASSERTION_SECONDS: Final = 300
EARLY_SECONDS: Final = 300
"""Seconds before its end at which a token is renewed."""

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ApiToken:
    """Authenticate with an API token. It has the rights of the user who created it, and stays valid as long as it is used."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the authorization header."""
        del method, url
        return {"Authorization": f"SSWS {self._token}"}

    def renew(self) -> None:
        """Do nothing: an API token cannot be renewed."""


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - a kind


class PrivateKeyAccess:
    """Authenticate with an application's private key. `base` is the organisation's URL, `client` asks its token endpoint."""

    def __init__(
        self,
        key: str,
        client_id: str,
        base: str,
        client: VendorClient,
        clock: Clock,
        key_id: str = "",
        *,
        dpop: bool = True,
        scopes: Sequence[str] = (SCOPE,),
    ) -> None:
        self._scope = " ".join(scopes)
        self._key, self._algorithm, self._key_id = _signing_key(key, key_id)
        self._client_id, self._base, self._client, self._clock = client_id, base, client, clock
        self._proof = _Proof(clock) if dpop else None
        self._token = ""
        self._until = 0.0
        self._lock = threading.Lock()

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the authorization headers, with a new token if the old one expires soon.

        Raises VendorUnavailable, CollectRefused.
        """
        with self._lock:
            if self._clock.now() / 1e6 >= self._until:
                self._acquire()
            if self._proof is None:
                return {"Authorization": f"Bearer {self._token}"}
            proof = self._proof.make(method, url, self._token)
            return {"Authorization": f"DPoP {self._token}", "DPoP": proof}

    def renew(self) -> None:
        """Discard the token, because Okta refused it."""
        with self._lock:
            self._until = 0.0

    def _acquire(self) -> None:
        url = f"{self._base}/oauth2/v1/token"
        for is_second in (False, True):
            try:
                granted = self._client.send(
                    "POST", url, self._decode_grant, make_request=lambda: self._request(url), limit=MOST_BYTES
                )
            except VendorRefused as refused:
                nonce = refused.headers.get("dpop-nonce", "")
                if refused.code == "use_dpop_nonce" and nonce and self._proof is not None and not is_second:
                    self._proof.nonce = nonce
                    continue
                raise CollectRefused(
                    f"{url}: the application got no access token: {refused.code or refused.status}",
                    fix=advice(refused.code)
                    if refused.code
                    else "check client id and key, that its scopes are granted, and DPoP (docs/how-to/collect.md)",
                ) from None
            self._token = granted.access_token
            self._until = self._clock.now() / 1e6 + granted.expires_in - EARLY_SECONDS
            return

    def _request(self, url: str) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of a token request. Okta accepts each assertion and proof once, so both are new."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self._proof is not None:
            headers["DPoP"] = self._proof.make("POST", url)
        body = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(url),
        }
        return form(body), headers

    def _decode_grant(self, answer: HttpResponse) -> _Granted:
        granted: _Granted = decode_body(answer.body, _Granted)
        wanted = "bearer" if self._proof is None else "dpop"
        if (
            granted.token_type.lower() != wanted
            or not granted.access_token.isascii()
            or granted.expires_in < 0
        ):
            raise MalformedResponse
        return granted

    def _assertion(self, audience: str) -> str:
        import jwt

        now = self._clock.now() // 1_000_000
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        headers = {"kid": self._key_id} if self._key_id else {}
        return jwt.encode(claims, self._key, algorithm=self._algorithm, headers=headers)


class _Proof:
    """Create DPoP proofs with a key that lives as long as the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key: Any = None
        self._public: dict[str, Any] = {}
        self.nonce = ""

    def make(self, method: str, url: str, token: str = "") -> str:
        """Return a proof for one request: its method, its URL without the query, and the access token sent with it."""
        import jwt

        if self._key is None:
            from cryptography.hazmat.primitives.asymmetric import rsa

            self._key = rsa.generate_private_key(65537, 2048)
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
            self._public = {name: public[name] for name in ("kty", "n", "e")}
        claims: dict[str, Any] = {
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": self._clock.now() // 1_000_000,
            "jti": uuid.uuid4().hex,
        }
        if token:
            digest = hashlib.sha256(token.encode("ascii")).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        elif self.nonce:
            claims["nonce"] = self.nonce
        headers = {"typ": "dpop+jwt", "jwk": self._public}
        return jwt.encode(claims, self._key, algorithm="RS256", headers=headers)


def _signing_key(text: str, key_id: str) -> tuple[Any, str, str]:
    """Return the private key of a PEM or JWK text, its algorithm, and its key id. Raises CollectInvalid."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if text.startswith("{"):
            parsed = json.loads(text)
            key: Any = jwt.PyJWK(parsed, "RS256" if parsed.get("kty") == "RSA" else "ES256").key
            key_id = key_id or str(parsed.get("kid") or "")
        else:
            key = load_pem_private_key(text.encode("ascii"), None)
    except (ValueError, TypeError, RecursionError, AttributeError, jwt.PyJWTError):
        raise _unusable_key() from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return key, "RS256", key_id
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key, "ES256", key_id
    raise _unusable_key()


def _unusable_key() -> CollectInvalid:
    return CollectInvalid(
        "the key file holds no private key that Okta accepts",
        fix="give an RSA key of 2,048 bits or more, or a P-256 key, as PEM or JWK",
    )
