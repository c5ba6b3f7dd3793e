"""Make test tokens of a single issuer, and of an identity provider with tenants and shared keys."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from seawall_tokens.conformance.context import Context, TrustedIssuer
from seawall_tokens.conformance.encoding import b64, plain_json
from seawall_tokens.conformance.keys import Key, certificate, ec_key, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.signing import Sign

ABSENT: Final = object()
"""Value that removes a claim or header member."""

ISSUER: Final = "https://login.example"
AUDIENCE: Final = "https://mail.example/api"
CLIENT: Final = "5f3c1f0e-mail-client"
SUBJECT: Final = "248289761001"

CLOUD: Final = "https://login.cloud.example/{tenantid}/v2.0"
TENANT: Final = "3f2b7c1a-8d4e-4b6f-9a1c-2e5d7f8a9b0c"
OTHER_TENANT: Final = "c0ffee00-1234-4abc-8def-0123456789ab"
CONSUMER_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts, as in Microsoft's cloud."""


def tenant_issuer(tenant: str) -> str:
    """Return the issuer of one tenant."""
    return CLOUD.replace("{tenantid}", tenant)


class TokenFactory:
    """Make tokens at a time `now` (seconds since 1970)."""

    def __init__(self, now: float | None = None) -> None:
        self.now = int(time.time() if now is None else now)
        self.key = rsa_key("login-2026-a")
        self.second = ec_key("login-2026-b")

    # The world with one issuer.

    def issuer(self, *keys: Any, **changes: Any) -> TrustedIssuer:
        """Return the single issuer; `keys` (`Key` objects or JWKs) replace its two own keys."""
        settings: dict[str, Any] = {"issuer": ISSUER, "key_set": key_set(*(keys or (self.key, self.second)))}
        return TrustedIssuer(**{**settings, **changes})

    def context(self, *issuers: TrustedIssuer, **changes: Any) -> Context:
        """Return the verifier's context, with some fields changed."""
        settings: dict[str, Any] = {
            "issuers": issuers or (self.issuer(),),
            "audience": AUDIENCE,
            "now": float(self.now),
        }
        return Context(**{**settings, **changes})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a valid access token (RFC 9068), with changes."""
        sound = {
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": AUDIENCE,
            "exp": self.now + 600,
            "iat": self.now - 5,
            "jti": uuid.uuid4().hex,
            "client_id": CLIENT,
            "scope": "mail.read",
        }
        return with_changes(sound, changes)

    def header(self, key: Key | None = None, **changes: Any) -> dict[str, Any]:
        """Return the header of a valid access token, with changes."""
        key = key or self.key
        return with_changes({"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt"}, changes)

    def present(self, token: str, *issuers: TrustedIssuer, times: int = 1, **changes: Any) -> Presentation:
        """Present a token to a verifier that trusts the single issuer, or the given ones."""
        return Presentation(token, self.context(*issuers, **changes), times=times)

    def with_claims(self, **changes: Any) -> Presentation:
        """Present a validly signed token with changed claims."""
        return self.present(self.token(self.claims(**changes)))

    def with_header(self, **changes: Any) -> Presentation:
        """Present a validly signed token with changed header members."""
        return self.present(self.token(header=self.header(**changes)))

    def with_payload(self, payload: bytes) -> Presentation:
        """Present a validly signed token with arbitrary payload bytes."""
        return self.present(self.token(payload))

    def token(
        self,
        claims: Mapping[str, Any] | bytes | None = None,
        header: Mapping[str, Any] | bytes | None = None,
        key: Key | None = None,
        sign: Sign | None = None,
    ) -> str:
        """Build a compact token. Bytes are used as they are; a mapping is written as JSON."""
        key = key or self.key
        return compact(
            self.header(key) if header is None else header,
            self.claims() if claims is None else claims,
            sign or key.sign,
        )

    # The world of an identity provider with tenants, whose key set serves all of them and personal accounts too.

    def enterprise_key(self) -> Key:
        """Return the key that signs for organisations."""
        return rsa_key("enterprise-2026")

    def consumer_key(self) -> Key:
        """Return the key that signs for personal accounts."""
        return rsa_key("consumer-2016")

    def shared_set(self, *more: Any, consumer: Mapping[str, Any] | None = None) -> bytes:
        """Return the key set served for all tenants. `consumer` changes members of the consumer key."""
        return key_set(
            self.enterprise_key().make_jwk(issuer=CLOUD),
            self.consumer_key().make_jwk(**{"issuer": tenant_issuer(CONSUMER_TENANT), **(consumer or {})}),
            *more,
        )

    def single_tenant_issuer(self, **changes: Any) -> TrustedIssuer:
        """Return the identity provider as an API of one organisation trusts it."""
        settings: dict[str, Any] = {
            "issuer": tenant_issuer(TENANT),
            "key_set": self.shared_set(),
            "token_types": frozenset({"jwt"}),
            "required_claims": ("iss", "sub", "aud", "exp", "iat", "azp|appid", "uti", "tid"),
            "permission_claims": ("scp", "roles"),
            "canonical_guids": True,
            "tenants": frozenset({TENANT}),
            "shared_keys": True,
        }
        return TrustedIssuer(**{**settings, **changes})

    def multi_tenant_issuer(self, **changes: Any) -> TrustedIssuer:
        """Return the identity provider as an API of several organisations trusts it."""
        return self.single_tenant_issuer(
            **{"issuer": CLOUD, "tenants": frozenset({TENANT, OTHER_TENANT}), **changes}
        )

    def cloud_claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of the identity provider's valid token, with changes."""
        sound = {
            "iss": tenant_issuer(TENANT),
            "tid": TENANT,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            "aud": AUDIENCE,
            "exp": self.now + 3600,
            "iat": self.now - 5,
            "nbf": self.now - 5,
            "uti": uuid.uuid4().hex,
            "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            "scp": "Mail.Read",
            "ver": "2.0",
        }
        return with_changes(sound, changes)

    def cloud_token(self, key: Key | None = None, claims: Mapping[str, Any] | None = None) -> str:
        """Build a token of the identity provider, signed with a key of its set."""
        key = key or self.enterprise_key()
        return self.token(self.cloud_claims() if claims is None else claims, self.header(key, typ="JWT"), key)

    def make_dated_jwk(self, key: Key, begins: float, ends: float) -> dict[str, Any]:
        """Return a key's JWK with a certificate. `begins` and `ends` are seconds from now."""
        der = certificate(key, self.now + begins, self.now + ends)
        return key.make_jwk(**certificate_members(der))


def certificate_members(der: bytes) -> dict[str, Any]:
    """Return the JWK members for a certificate."""
    return {
        "x5c": [base64.b64encode(der).decode()],
        "x5t": b64(hashlib.sha1(der, usedforsecurity=False).digest()),
        "x5t#S256": b64(hashlib.sha256(der).digest()),
    }


def compact(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, sign: Sign) -> str:
    """Build a JWS compact serialisation (RFC 7515 section 7.1)."""
    first, second = (b64(part if isinstance(part, bytes) else plain_json(part)) for part in (header, payload))
    return sign_segments(first, second, sign)


def sign_segments(header: str, payload: str, sign: Sign) -> str:
    """Sign exactly these two encoded segments, valid or not."""
    signed = f"{header}.{payload}"
    return f"{signed}.{b64(sign(signed.encode()))}"


def with_changes(sound: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with members changed, added, or removed (`ABSENT`)."""
    return {name: value for name, value in {**sound, **changes}.items() if value is not ABSENT}


def key_set(*keys: Any) -> bytes:
    """Return a JWKS document of keys or JWKs."""
    return plain_json({"keys": [dict(key.jwk) if isinstance(key, Key) else key for key in keys]})
