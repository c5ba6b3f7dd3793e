"""Verify JWS signatures with `cryptography` (RFC 7518 section 3, RFC 8037, RFC 9864), each algorithm exactly as registered."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from seawall_tokens.jose.fitness import NativeKey
from seawall_tokens.jose.key import PublicKey, list_supported_algorithms

Verify = Callable[[bytes, bytes], None]
"""Function from (signature, data) that raises `InvalidSignature`."""

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_COORDINATES = {"ES256": ("secp256r1", 32), "ES384": ("secp384r1", 48), "ES512": ("secp521r1", 66)}
HMAC_ALGORITHMS: Mapping[str, str] = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def verifier(key: NativeKey, algorithm: str) -> Verify:
    """Return the verifying function for `key` and exactly this `algorithm`; raise `ValueError` if they do not fit."""
    if isinstance(key, rsa.RSAPublicKey):
        return _rsa_verifier(key, algorithm)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _ecdsa_verifier(key, algorithm)
    fitting = {"EdDSA", "Ed25519"} if isinstance(key, Ed25519PublicKey) else {"EdDSA", "Ed448"}
    if not isinstance(key, (Ed25519PublicKey, Ed448PublicKey)) or algorithm not in fitting:
        raise ValueError("the algorithm does not fit the key")
    return key.verify


def verifies(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Return whether `signature` (decoded) is the key's over `signed`, by an algorithm that fits the key."""
    if algorithm not in list_supported_algorithms(key):
        return False
    try:
        verifier(key.native, algorithm)(signature, signed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def mac_is_valid(secret: bytes, algorithm: str, data: bytes, mac: bytes) -> bool:
    """Return whether `mac` is the full HMAC of `data` (HS256, HS384, HS512), compared in constant time."""
    digest = HMAC_ALGORITHMS.get(algorithm)
    return digest is not None and hmac.compare_digest(
        hmac.digest(secret, data, getattr(hashlib, digest)), mac
    )


def _rsa_verifier(key: rsa.RSAPublicKey, algorithm: str) -> Verify:
    hashing = _HASHES.get(algorithm[2:])
    if hashing is None or algorithm[:2] not in {"RS", "PS"}:
        raise ValueError("the algorithm does not fit the key")
    # RFC 7518 section 3.5: the salt is as long as the hash, MGF1 uses the same hash.
    padded: padding.AsymmetricPadding = (
        padding.PKCS1v15()
        if algorithm[:2] == "RS"
        else padding.PSS(padding.MGF1(hashing), salt_length=hashing.digest_size)
    )
    octets = (key.key_size + 7) // 8
    native = key.verify

    def verify(signature: bytes, data: bytes) -> None:
        if len(signature) != octets:
            raise InvalidSignature
        native(signature, data, padded, hashing)

    return verify


def _ecdsa_verifier(key: ec.EllipticCurvePublicKey, algorithm: str) -> Verify:
    curve, size = _COORDINATES.get(algorithm, ("", 0))
    if key.curve.name != curve:
        raise ValueError("the algorithm does not fit the key")
    scheme = ec.ECDSA(_HASHES[algorithm[2:]])
    native = key.verify

    def verify(signature: bytes, data: bytes) -> None:
        # RFC 7518 section 3.4: r and s in full length, concatenated; DER would be a second encoding of the same
        # signature.
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        native(encode_dss_signature(r, s), data, scheme)

    return verify
