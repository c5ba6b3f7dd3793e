"""Throw-away keys, DPoP proofs and certificates for tests."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from seawall_tokens.jose import base64url

AnyKey = ECKey | OKPKey | RSAKey | OctKey


def segment(value: object) -> str:
    return base64url.encode(json.dumps(value).encode())


def compact(key: AnyKey, header: Any, claims: Any, algorithm: str | None = None) -> str:
    """A JWS with any header and any claims, signed as its `alg` says."""
    signed = f"{segment(header)}.{segment(claims)}"
    signature = JWSRegistry.algorithms[algorithm or header["alg"]].sign(signed.encode(), key)
    return f"{signed}.{base64url.encode(signature)}"


def public(key: AnyKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def hash_of(token: str) -> str:
    return base64url.encode(hashlib.sha256(token.encode()).digest())


def proof(
    key: AnyKey, token: str, *, header: dict[str, Any] | None = None, without: str = "", **claims: Any
) -> str:
    """A good proof for `GET https://api.example/mail` at second 1,000 unless told otherwise."""
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(key), **(header or {})}
    body = {
        "jti": "one",
        "htm": "GET",
        "htu": "https://api.example/mail",
        "iat": 1_000,
        "ath": hash_of(token),
        **claims,
    }
    head.pop(without, None)
    body.pop(without, None)
    return compact(key, head, body)


def certificate() -> bytes:
    """A self-signed certificate, DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)
