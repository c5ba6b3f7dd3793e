"""Check whether a private key's numbers are consistent, and compute the public key's thumbprint.

Thumbprints are those of RFC 7638 (RSA, EC) and RFC 8037 (OKP): SHA-256, base64url.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import gmpy2
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SMALLEST_RSA = 512
LARGEST_RSA = 16_384

CURVES: dict[str, ec.EllipticCurve] = {
    "P-224": ec.SECP224R1(),
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}
CURVE_OBJECTS = {
    bytes.fromhex("2b81040021"): "P-224",
    bytes.fromhex("2a8648ce3d030107"): "P-256",
    bytes.fromhex("2b81040022"): "P-384",
    bytes.fromhex("2b81040023"): "P-521",
    bytes.fromhex("2b8104000a"): "secp256k1",
    bytes.fromhex("2b2403030208010107"): "brainpoolP256r1",
    bytes.fromhex("2b240303020801010b"): "brainpoolP384r1",
    bytes.fromhex("2b240303020801010d"): "brainpoolP512r1",
}
"""Content of each curve's OBJECT IDENTIFIER."""

OKP = {"Ed25519": 32, "Ed448": 57, "X25519": 32, "X448": 56}
"""Octets of the private key (RFC 8032, RFC 7748)."""
OKP_OBJECTS = {
    b"\x2b\x65\x6e": "X25519",
    b"\x2b\x65\x6f": "X448",
    b"\x2b\x65\x70": "Ed25519",
    b"\x2b\x65\x71": "Ed448",
}
_OKP_KINDS: dict[str, Any] = {
    "Ed25519": ed25519.Ed25519PrivateKey,
    "Ed448": ed448.Ed448PrivateKey,
    "X25519": x25519.X25519PrivateKey,
    "X448": x448.X448PrivateKey,
}


_EXPONENT_BITS = 33
"""Public exponents in use are shorter than this."""


@dataclass(frozen=True, slots=True)
class RsaNumbers:
    """The numbers of an RSA key as found; 0 for a missing one."""

    n: int
    e: int
    d: int = 0
    p: int = 0
    q: int = 0


def is_rsa_modulus(n: int, e: int) -> bool:
    """Return whether n and e could be a real public key."""
    return bool(SMALLEST_RSA - 8 <= n.bit_length() <= LARGEST_RSA and n & 1 and 3 <= e < n and e & 1)


def rsa_belongs(key: RsaNumbers) -> bool:
    """Return whether the private numbers belong to n: p·q = n, or d alone inverts e."""
    if not is_rsa_modulus(key.n, key.e):
        return False
    if key.p and key.q:
        return key.p > 1 and key.q > 1 and key.p * key.q == key.n
    if 1 < key.p < key.n or 1 < key.q < key.n:
        return key.n % (key.p or key.q) == 0
    if not 1 < key.d < key.n:
        return False
    return bool(gmpy2.powmod(gmpy2.powmod(5, key.e, key.n), key.d, key.n) == 5)


def find_public_exponent(key: RsaNumbers) -> int:
    """Return the exponent that d inverts if it is one that keys have, else the stated one: what is damaged is not trusted."""
    if key.p < 2 or key.q < 2 or key.d < 2:
        return key.e
    order = gmpy2.lcm(key.p - 1, key.q - 1)
    if gmpy2.gcd(key.d, order) != 1:
        return key.e
    found = int(gmpy2.invert(key.d, order))
    return found if found >> _EXPONENT_BITS == 0 and is_rsa_modulus(key.n, found) else key.e


def private_thumbprint(key: RsaNumbers) -> str:
    """Return the thumbprint of the public key of a private key whose numbers belong together."""
    return rsa_thumbprint(key.n, find_public_exponent(key))


def rsa_thumbprint(n: int, e: int) -> str:
    """Return the thumbprint of an RSA public key."""
    return _digest(f'{{"e":"{_number(e)}","kty":"RSA","n":"{_number(n)}"}}')


def ec_thumbprint(curve: str, x: int, y: int) -> str:
    """Return the thumbprint of a point."""
    size = (CURVES[curve].key_size + 7) // 8
    names = (_encode(value.to_bytes(size, "big")) for value in (x, y))
    return _digest('{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}'.format(curve, *names))


def okp_thumbprint(curve: str, public: bytes) -> str:
    """Return the thumbprint of an Edwards or Montgomery public key."""
    return _digest(f'{{"crv":"{curve}","kty":"OKP","x":"{_encode(public)}"}}')


def ec_public(curve: str, scalar: int) -> tuple[int, int] | None:
    """Return the point of a scalar, None if the scalar is out of range."""
    try:
        numbers = ec.derive_private_key(scalar, CURVES[curve]).public_key().public_numbers()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return numbers.x, numbers.y


def okp_public(curve: str, private: bytes) -> bytes | None:
    """Return the public key of an Edwards or Montgomery private key, None if the length is wrong or it is invalid."""
    if len(private) != OKP[curve] or not is_random(private):
        return None
    try:
        key = _OKP_KINDS[curve].from_private_bytes(private)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return bytes(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def is_random(secret: bytes) -> bool:
    """Return whether bytes could be a secret: at least a third of them differ (of 32 random bytes, 26 or more do)."""
    return len(set(secret)) * 3 >= min(len(secret), 96)


def _number(value: int) -> str:
    return _encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _digest(text: str) -> str:
    return _encode(hashlib.sha256(text.encode()).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def dsa_belongs(p: int, q: int, g: int, y: int, x: int) -> bool:
    """Return whether y is g to the power of x, in a group of a usual size."""
    if not (
        512 <= p.bit_length() <= 4_096 and 128 <= q.bit_length() <= 512 and 1 < x < q and 1 < g < p and p & 1
    ):
        return False
    return bool((p - 1) % q == 0 and gmpy2.powmod(g, x, p) == y)
