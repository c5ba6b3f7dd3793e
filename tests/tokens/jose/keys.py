"""Throw-away keys and their JSON Web Keys, made when a test runs."""

from __future__ import annotations

import base64
import datetime
import functools
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


_MADE: dict[tuple[Any, ...], Any] = {}


def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The `number`-th RSA key of this run."""
    key: rsa.RSAPrivateKey = _once(("RSA", number, bits), lambda: rsa.generate_private_key(65537, bits))
    return key


def ec_key(number: int = 0, curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """The `number`-th key on this curve."""
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    key: ec.EllipticCurvePrivateKey = _once((curve, number), lambda: ec.generate_private_key(curves[curve]))
    return key


def ed25519_key(number: int = 0) -> ed25519.Ed25519PrivateKey:
    """The `number`-th Ed25519 key."""
    key: ed25519.Ed25519PrivateKey = _once(("Ed25519", number), ed25519.Ed25519PrivateKey.generate)
    return key


def ed448_key(number: int = 0) -> ed448.Ed448PrivateKey:
    """The `number`-th Ed448 key."""
    key: ed448.Ed448PrivateKey = _once(("Ed448", number), ed448.Ed448PrivateKey.generate)
    return key


def _once(name: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    if name not in _MADE:
        _MADE[name] = make()
    return _MADE[name]


def text(data: bytes) -> str:
    """base64url, written here once more so that the tests do not lean on what they test."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number_text(value: int) -> str:
    """A number as JSON Web Keys write it."""
    return text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(key: Private, **members: Any) -> dict[str, Any]:
    """The public key as a JWK, with `members` beside it."""
    public: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        public = {"kty": "RSA", "n": number_text(numbers.n), "e": number_text(numbers.e)}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        size = (key.curve.key_size + 7) // 8
        name = {256: "P-256", 384: "P-384", 521: "P-521"}[key.curve.key_size]
        x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
        public = {"kty": "EC", "crv": name, "x": text(x), "y": text(y)}
    else:
        name = "Ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "Ed448"
        public = {
            "kty": "OKP",
            "crv": name,
            "x": text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
        }
    return public | members


def certificate(key: rsa.RSAPrivateKey, begins: int, ends: int) -> bytes:
    """A self-signed certificate in DER, valid between the two times."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
    moment = functools.partial(datetime.datetime.fromtimestamp, tz=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment(begins))
        .not_valid_after(moment(ends))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
