"""Throw-away issuers: policies, key sources and tokens, made when a test runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from seawall_tokens.jose.key import PublicKey, parse_key
from seawall_tokens.policy.issuer_policy import IssuerKey, IssuerPolicy, KeyState, Policy
from seawall_tokens.refusals.signing_key import KeyUnknown
from tests.tokens.jose import keys

NOW = 1_790_000_000
ISSUER = "https://issuer.example/"
AUDIENCE = "https://api.example/"


@dataclass
class Keys:
    """A key source that holds what it is given."""

    held: dict[str, IssuerKey] = field(default_factory=dict)

    def add(
        self,
        key: PublicKey,
        state: KeyState = "active",
        first_seen: float = NOW - 86400,
        held_until: float = 0,
    ) -> None:
        """Hold one more key."""
        assert key.kid is not None
        self.held[key.kid] = IssuerKey(key, first_seen, state, held_until)

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        """As a key source must."""
        if kid not in self.held:
            raise KeyUnknown
        return self.held[kid]


def source(*jwks: dict[str, Any]) -> Keys:
    """A source that holds these keys, without asking whether they are fit."""
    found = Keys()
    for jwk in jwks:
        found.add(parse_key(jwk))
    return found


def rsa_source(rsa: int = 0, /, **members: Any) -> Keys:
    """A source with one RSA key called `one`."""
    return source(keys.jwk(keys.rsa_key(rsa), kid="one", **members))


def entry(**changes: Any) -> IssuerPolicy:
    """A policy of one RFC 9068 issuer."""
    values: dict[str, Any] = {"name": "one", "issuer": ISSUER, "audiences": frozenset({AUDIENCE})}
    if "keys" not in changes:
        values["keys"] = rsa_source()
    return IssuerPolicy(**(values | changes))


def policy(**changes: Any) -> Policy:
    """A policy with that issuer alone."""
    return Policy((entry(**changes),))


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that the policy accepts; a change to `...` leaves the claim out."""
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "person",
        "client_id": "application",
        "iat": NOW - 10,
        "exp": NOW + 3590,
        "jti": "token-1",
    } | changes
    return {name: value for name, value in said.items() if value is not ...}


def header(**changes: Any) -> dict[str, Any]:
    """A header that the policy accepts; a change to `...` leaves the member out."""
    said = {"alg": "RS256", "kid": "one", "typ": "at+jwt"} | changes
    return {name: value for name, value in said.items() if value is not ...}


def sign(key: keys.Private | bytes, algorithm: str, data: bytes) -> bytes:
    """The raw JWS signature."""
    by_name: dict[str, hashes.HashAlgorithm] = {"384": hashes.SHA384(), "512": hashes.SHA512()}
    hashing = by_name.get(algorithm[2:], hashes.SHA256())
    if isinstance(key, bytes):
        mac = hmac.HMAC(key, hashing)
        mac.update(data)
        return mac.finalize()
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm.startswith("PS"):
            pss = padding.PSS(padding.MGF1(hashing), salt_length=hashing.digest_size)
            return key.sign(data, pss, hashing)
        return key.sign(data, padding.PKCS1v15(), hashing)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashing)))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(data)


def token(
    said: Mapping[str, Any] | bytes | None = None,
    head: Mapping[str, Any] | bytes | None = None,
    key: keys.Private | bytes | None = None,
    algorithm: str | None = None,
) -> str:
    """A signed token. Bytes are taken as the segment's octets; `algorithm` is what really signs."""
    head = header() if head is None else head
    said = claims() if said is None else said
    first = keys.text(head if isinstance(head, bytes) else json.dumps(head).encode())
    second = keys.text(said if isinstance(said, bytes) else json.dumps(said).encode())
    if algorithm is None:
        algorithm = str(head.get("alg", "RS256")) if isinstance(head, Mapping) else "RS256"
    signature = sign(keys.rsa_key() if key is None else key, algorithm, f"{first}.{second}".encode())
    return f"{first}.{second}.{keys.text(signature)}"
