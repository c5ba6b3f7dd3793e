"""Read a public key from a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037), validating every member.

`parse_key` reads; `read_key` also refuses keys that are unfit or not for verifying signatures.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from seawall_tokens.jose import base64url, fitness
from seawall_tokens.jose.certificate import CertificateFault, certificate_of

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_LONGEST_NAME = 1024

_CURVES: Mapping[str, tuple[type[ec.EllipticCurve], int]] = {
    "P-256": (ec.SECP256R1, 32),
    "P-384": (ec.SECP384R1, 48),
    "P-521": (ec.SECP521R1, 66),
}
_EDWARDS: Mapping[str, tuple[type[Ed25519PublicKey | Ed448PublicKey], int]] = {
    "Ed25519": (Ed25519PublicKey, 32),
    "Ed448": (Ed448PublicKey, 57),
}


class KeyRefused(ValueError):
    """The key is refused. `code` is stable; neither code nor text contains key material.

    Codes: malformed, symmetric, private, unknown-type, use, operations, certificate-malformed, certificate-mismatch,
    and fitness:FAULT with the codes of `seawall_tokens.jose.fitness`.
    """

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One public key. Dates and certificate thumbprint are those of `x5c[0]`, which was checked to contain this key.

    Times are seconds since 1970; thumbprints are SHA-256 in base64url (RFC 7638, RFC 7515 section 4.1.8).
    """

    kid: str | None
    kty: str
    curve: str | None
    algorithm: str | None
    use: str | None
    operations: tuple[str, ...] | None
    issuer: str | None
    thumbprint: str
    not_before: int | None
    not_after: int | None
    certificate_thumbprint: str | None
    native: fitness.NativeKey = field(repr=False)
    members: Mapping[str, Any] = field(repr=False, hash=False, compare=False)


def read_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Return the key if it may verify signatures; raise `KeyRefused` otherwise."""
    key = parse_key(jwk)
    if key.use is not None and key.use != "sig":
        raise KeyRefused("use", "the key is not for signatures (use)")
    if key.operations is not None and "verify" not in key.operations:
        raise KeyRefused("operations", "the key is not for verifying (key_ops)")
    for fault in fitness.faults(key.native, key.algorithm):
        raise KeyRefused(f"fitness:{fault.code}", fault.words)
    return key


def parse_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Return any well-formed public key, whatever its use; raise `KeyRefused` otherwise."""
    if not isinstance(jwk, Mapping):
        raise KeyRefused("malformed", "a key is a JSON object")
    kty = member_text(jwk, "kty")
    if kty is None:
        raise KeyRefused("malformed", "kty is missing")
    if kty == "oct" or "k" in jwk:
        raise KeyRefused("symmetric", "a secret key where only public ones may be")
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise KeyRefused("private", "a private key where only public ones may be")
    curve: str | None = None
    native: fitness.NativeKey
    if kty == "RSA":
        native, required = _rsa(jwk)
    elif kty == "EC":
        curve, native, required = _elliptic(jwk)
    elif kty == "OKP":
        curve, native, required = _edwards(jwk)
    else:
        raise KeyRefused("unknown-type", "kty is none of RSA, EC, OKP")
    try:
        certificate = certificate_of(jwk, native)
    except CertificateFault as fault:
        raise KeyRefused(fault.code, fault.words) from None
    return PublicKey(
        kid=member_text(jwk, "kid"),
        kty=kty,
        curve=curve,
        algorithm=member_text(jwk, "alg"),
        use=member_text(jwk, "use"),
        operations=read_operations(jwk),
        issuer=member_text(jwk, "issuer"),
        thumbprint=_thumbprint(required),
        not_before=certificate.not_before if certificate else None,
        not_after=certificate.not_after if certificate else None,
        certificate_thumbprint=certificate.thumbprint if certificate else None,
        native=native,
        members=MappingProxyType(dict(jwk)),
    )


def list_supported_algorithms(key: PublicKey) -> frozenset[str]:
    """Return the JWS algorithms for this key: its own `alg` if stated, else those of its type."""
    fitting = fitness.algorithms_of(key.native)
    return fitting if key.algorithm is None else fitting & {key.algorithm}


def member_text(jwk: Mapping[str, Any], name: str) -> str | None:
    """Return a member's text, None if it is absent; raise `KeyRefused` for another type."""
    if name not in jwk:
        return None
    value = jwk[name]
    if not isinstance(value, str) or not value or len(value) > _LONGEST_NAME:
        raise KeyRefused("malformed", f"{name} is not a text of sensible length")
    return value


def read_operations(jwk: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the `key_ops`, None if absent; raise `KeyRefused` unless they are distinct texts."""
    if "key_ops" not in jwk:
        return None
    values = jwk["key_ops"]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise KeyRefused("malformed", "key_ops is not an array of texts")
    if len(set(values)) != len(values):
        raise KeyRefused("malformed", "key_ops names an operation twice")
    return tuple(values)


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyRefused("malformed", f"{name} is missing or no text")
    try:
        return base64url.decode(value)
    except ValueError:
        raise KeyRefused("malformed", f"{name} is not base64url") from None


def _rsa(jwk: Mapping[str, Any]) -> tuple[rsa.RSAPublicKey, dict[str, str]]:
    # Accept leading zero octets: RFC 7518 section 6.3.1.1 knows issuers that write them. The thumbprint uses the
    # number.
    modulus = int.from_bytes(_octets(jwk, "n"))
    exponent = int.from_bytes(_octets(jwk, "e"))
    if modulus.bit_length() > fitness.RSA_BITS_MAXIMUM:
        raise KeyRefused("fitness:rsa-large", fitness.WORDS["rsa-large"])
    try:
        native = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        for fault in fitness.rsa_faults(modulus, exponent):
            raise KeyRefused(f"fitness:{fault.code}", fault.words) from None
        raise KeyRefused("malformed", "not an RSA public key") from None
    return native, {"e": _integer_text(exponent), "kty": "RSA", "n": _integer_text(modulus)}


def _elliptic(jwk: Mapping[str, Any]) -> tuple[str, ec.EllipticCurvePublicKey, dict[str, str]]:
    name = member_text(jwk, "crv")
    if name is None:
        raise KeyRefused("malformed", "crv is missing")
    if name not in _CURVES:
        raise KeyRefused("unknown-type", "crv is none of P-256, P-384, P-521")
    curve, size = _CURVES[name]
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    if len(x) != size or len(y) != size:
        raise KeyRefused("malformed", f"a coordinate of {name} has {size} octets")
    try:
        native = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve()).public_key()
    except ValueError:
        raise KeyRefused("fitness:point-invalid", f"the point is not on {name}") from None
    return name, native, {"crv": name, "kty": "EC", "x": base64url.encode(x), "y": base64url.encode(y)}


def _edwards(jwk: Mapping[str, Any]) -> tuple[str, Ed25519PublicKey | Ed448PublicKey, dict[str, str]]:
    name = member_text(jwk, "crv")
    if name is None:
        raise KeyRefused("malformed", "crv is missing")
    if name not in _EDWARDS:
        raise KeyRefused("unknown-type", "crv is none of Ed25519, Ed448")
    make, size = _EDWARDS[name]
    x = _octets(jwk, "x")
    if len(x) != size:
        raise KeyRefused("malformed", f"a public key of {name} has {size} octets")
    try:
        native = make.from_public_bytes(x)
    except ValueError:
        raise KeyRefused("fitness:point-invalid", f"the point is not on {name}") from None
    return name, native, {"crv": name, "kty": "OKP", "x": base64url.encode(x)}


def _integer_text(value: int) -> str:
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8))


def _thumbprint(required: Mapping[str, str]) -> str:
    text = json.dumps(required, sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode("utf-8")).digest())
