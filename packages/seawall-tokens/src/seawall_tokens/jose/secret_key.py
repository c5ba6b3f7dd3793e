"""A shared secret out of a JSON Web Key (`kty` oct), for callers who hold one knowingly: no policy and no key set takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall_tokens.jose import base64url, fitness
from seawall_tokens.jose.key import KeyRefused, member_text, read_operations


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One secret for one HMAC algorithm. Its representation does not show it."""

    kid: str | None
    algorithm: str
    secret: bytes = field(repr=False)


def read_secret_key(jwk: Mapping[str, Any]) -> SecretKey:
    """Return the secret if it may verify MACs; raise `KeyRefused`.

    `alg` is HS256 where the key names none (one key, one algorithm); the secret is at least as long as the hash.
    """
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "oct":
        raise KeyRefused("malformed", "not a secret key")
    value = jwk.get("k")
    try:
        secret = base64url.decode(value) if isinstance(value, str) else b""
    except ValueError:
        raise KeyRefused("malformed", "k is not base64url") from None
    operations = read_operations(jwk)
    if member_text(jwk, "use") not in {None, "sig"}:
        raise KeyRefused("use", "the key is not for signatures (use)")
    if operations is not None and "verify" not in operations:
        raise KeyRefused("operations", "the key is not for verifying (key_ops)")
    algorithm = member_text(jwk, "alg") or "HS256"
    for fault in fitness.secret_faults(secret, algorithm):
        # A secret that repeats itself is named by the ledger, but no RFC forbids it, and published vectors use one.
        if fault.code != "secret-repetitive":
            raise KeyRefused(f"fitness:{fault.code}", fault.words)
    return SecretKey(member_text(jwk, "kid"), algorithm, secret)
