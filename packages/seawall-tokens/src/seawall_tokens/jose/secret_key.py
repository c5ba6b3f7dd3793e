"""Read a shared secret from a JSON Web Key (`kty` oct), for `verify_jws` callers. No policy or key set accepts one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall_tokens.jose import base64url, fitness
from seawall_tokens.jose.key import KeyRefused, member_text, read_operations


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret for one HMAC algorithm. Its `repr` does not show it."""

    kid: str | None
    algorithm: str
    secret: bytes = field(repr=False)


def read_secret_key(jwk: Mapping[str, Any]) -> SecretKey:
    """Return the secret if it may verify MACs; raise `KeyRefused`.

    `alg` defaults to HS256; the secret must be at least as long as the hash.
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
        # Repetitive secrets are reported by the key inventory, but no RFC forbids them, and a published test vector
        # uses one.
        if fault.code != "secret-repetitive":
            raise KeyRefused(f"fitness:{fault.code}", fault.words)
    return SecretKey(member_text(jwk, "kid"), algorithm, secret)
