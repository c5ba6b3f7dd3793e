"""Does a signature fit a key? joserfc's algorithms (RFC 7518, RFC 8037) on keys that were read strictly."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from seawall.jose.key import PublicKey, supported_algorithms


def verifies(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Whether `signature` (as in a JWS, decoded) is the key's over `signed`, by an algorithm that fits the key."""
    if algorithm not in supported_algorithms(key):
        return False
    return bool(JWSRegistry.algorithms[algorithm].verify(signed, signature, _library_key(key)))


def _library_key(key: PublicKey) -> Any:
    native = key.native
    if isinstance(native, rsa.RSAPublicKey):
        return RSAKey(native, native)
    if isinstance(native, ec.EllipticCurvePublicKey):
        return ECKey(native, native)
    return OKPKey(native, native)
