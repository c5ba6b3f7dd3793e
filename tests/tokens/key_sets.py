"""Throw-away public keys as JWKs, made anew in every run."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa


def _text(number: int, size: int = 32) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()


def jwk(kid: str | None, **members: Any) -> dict[str, Any]:
    """A new P-256 key."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": _text(numbers.x),
        "y": _text(numbers.y),
        "use": "sig",
        "alg": "ES256",
    }
    return key | ({} if kid is None else {"kid": kid}) | members


def weak_jwk(kid: str) -> dict[str, Any]:
    """A new RSA key of 1024 bits, which no verifier may use."""
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "n": _text(numbers.n, 128), "e": "AQAB"}


def jwks(*keys: dict[str, Any]) -> bytes:
    """A key set document."""
    return json.dumps({"keys": list(keys)}).encode()
