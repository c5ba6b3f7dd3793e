"""Describe one entry of a key set leniently: its members, its key, and its own faults.

A verifier refuses a bad set as a whole (`seawall_tokens.jose.key_set`); an audit must say which entry is bad and why.
Private and symmetric members are recognised by name and never read, so nothing of them reaches a report or the
inventory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from seawall.keys.inventory.certificates import KeyCertificate, certificate_of
from seawall_tokens.jose import base64url, fitness
from seawall_tokens.jose.key import KeyRefused, read_key

PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
LONGEST_NAME: Final = 256
"""Characters of a kid, issuer or algorithm; a longer one is cut, and the entry is reported as odd."""
_COORDINATE_BYTES: Final = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
_CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1,
}  # fmt: skip
_OTHER_CURVES: Final = frozenset({"X25519", "X448"})


class MalformedEntry(ValueError):
    """The entry is no key. The text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class EntryFault:
    """A finding's code, with a text about this case."""

    code: str
    detail: str = ""


@dataclass(slots=True)
class _Material:
    """The public key itself."""

    thumbprint: str
    identity: str | None
    modulus: int | None = None
    native: fitness.NativeKey | None = None
    faults: list[EntryFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetEntry:
    """One entry of a set.

    `thumbprint` is that of RFC 7638. `identity` is equal for keys with the same private key: it hashes the modulus of
    an RSA key, or curve and x of a point. Both are None without a readable public key; `identity` is also None for a
    key that cannot sign, which the inventory does not keep. Dates are seconds since 1970, of the entry's own
    certificate. `verifier` is empty if Seawall's verifier accepts the key, else its reason.
    """

    place: int
    kid: str | None = None
    kty: str | None = None
    curve: str | None = None
    algorithm: str | None = None
    use: str | None = None
    issuer: str | None = None
    thumbprint: str | None = None
    identity: str | None = None
    modulus: int | None = None
    certificate: KeyCertificate = field(default_factory=KeyCertificate)
    verifier: str = ""
    faults: tuple[EntryFault, ...] = ()


def describe(jwk: object, place: int) -> KeySetEntry:
    """Describe whatever is at position `place` of a set's `keys`. Never raises for content."""
    if not isinstance(jwk, Mapping):
        return KeySetEntry(
            place=place, verifier="malformed", faults=(EntryFault("key-malformed", "it is no object"),)
        )
    faults = list(_is_exposed(jwk))
    names = {name: _text(jwk, name, faults) for name in ("kid", "kty", "crv", "alg", "use", "issuer")}
    symmetric = any(fault.code == "symmetric-key-published" for fault in faults)
    material = None
    if not symmetric:
        try:
            material = _material(jwk, names["kty"], names["crv"])
            faults += material.faults
        except MalformedEntry as error:
            faults.append(EntryFault("key-malformed", str(error)))
    certificate = certificate_of(jwk, material.native if material else None)
    faults += [EntryFault(code) for code in certificate.faults]
    if not symmetric:
        faults += _missing(jwk, names, material)
    return KeySetEntry(
        place=place,
        kid=names["kid"],
        kty=names["kty"],
        curve=names["crv"],
        algorithm=names["alg"],
        use=names["use"],
        issuer=names["issuer"],
        thumbprint=material.thumbprint if material else None,
        identity=material.identity if material else None,
        modulus=material.modulus if material else None,
        certificate=certificate,
        verifier=_verdict(jwk),
        faults=tuple(dict.fromkeys(faults)),
    )


def _is_exposed(jwk: Mapping[str, Any]) -> Iterator[EntryFault]:
    if jwk.get("kty") == "oct" or "k" in jwk:
        yield EntryFault("symmetric-key-published")
    elif PRIVATE_MEMBERS & jwk.keys():
        yield EntryFault("private-key-published", "it has " + ", ".join(sorted(PRIVATE_MEMBERS & jwk.keys())))


def _text(jwk: Mapping[str, Any], name: str, faults: list[EntryFault]) -> str | None:
    value = jwk.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(EntryFault("key-malformed", f"{name} is no text"))
        return None
    if len(value) > LONGEST_NAME or not value.isprintable():
        faults.append(EntryFault("kid-odd", name))
    return value[:LONGEST_NAME]


def _material(jwk: Mapping[str, Any], kty: str | None, curve: str | None) -> _Material:
    if kty == "RSA":
        return _rsa(_integer(jwk, "n"), _integer(jwk, "e"))
    if kty == "EC" and curve in _CURVES:
        return _point(jwk, curve)
    if kty == "OKP" and curve in {"Ed25519", "Ed448"} | _OTHER_CURVES:
        return _edwards(curve, _bytes(jwk, "x"))
    if kty in {"EC", "OKP"} and curve is not None:
        digest = _digest(sorted((name, str(jwk.get(name))) for name in ("x", "y")), kty, curve)
        return _Material(digest, None, faults=[EntryFault("curve-unknown")])
    if kty is None or kty in {"EC", "OKP"}:
        raise MalformedEntry("kty or crv is missing")
    digest = _digest(sorted((name, str(value)) for name, value in jwk.items() if len(name) < 9), kty)
    return _Material(digest, None, faults=[EntryFault("key-type-unknown")])


def _rsa(modulus: int, exponent: int) -> _Material:
    found = [
        EntryFault(fault.code, _size_of(fault.code, modulus, exponent))
        for fault in fitness.rsa_faults(modulus, exponent)
    ]
    native = None
    if not any(fault.code == "rsa-large" for fault in found):
        try:
            native = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        except ValueError:
            native = None  # the faults found above give the reason
    members = {"e": _encode(exponent), "kty": "RSA", "n": _encode(modulus)}
    return _Material(_thumbprint(members), _digest("RSA", members["n"]), modulus, native, found)


def _size_of(code: str, modulus: int, exponent: int) -> str:
    if code in {"rsa-small", "rsa-large"}:
        return f"{modulus.bit_length():,} bits"
    if code == "rsa-exponent":
        return f"{exponent}" if exponent.bit_length() <= 64 else f"{exponent.bit_length():,} bits"
    return ""


def _point(jwk: Mapping[str, Any], curve: str) -> _Material:
    x, y = _bytes(jwk, "x"), _bytes(jwk, "y")
    if {len(x), len(y)} != {_COORDINATE_BYTES[curve]}:
        raise MalformedEntry("a coordinate has the wrong length")
    members = {"crv": curve, "kty": "EC", "x": base64url.encode(x), "y": base64url.encode(y)}
    # The point with the negated y has the negated private key, so both keys have one owner.
    material = _Material(_thumbprint(members), _digest("EC", curve, members["x"]))
    try:
        material.native = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), _CURVES[curve]()
        ).public_key()
    except ValueError:
        material.faults.append(EntryFault("point-invalid"))
    else:
        material.faults += [EntryFault(fault.code, curve) for fault in fitness.faults(material.native)]
    return material


def _edwards(curve: str, x: bytes) -> _Material:
    members = {"crv": curve, "kty": "OKP", "x": base64url.encode(x)}
    material = _Material(_thumbprint(members), _digest("OKP", curve, members["x"]))
    if curve in _OTHER_CURVES:
        material.identity = None
        material.faults.append(EntryFault("key-type-unknown", curve))
        return material
    material.faults += [EntryFault(fault.code) for fault in fitness.edwards_faults(curve, x)]
    if len(x) == (32 if curve == "Ed25519" else 57):
        material.native = (Ed25519PublicKey if curve == "Ed25519" else Ed448PublicKey).from_public_bytes(x)
    return material


def _missing(
    jwk: Mapping[str, Any], names: Mapping[str, str | None], material: _Material | None
) -> Iterator[EntryFault]:
    """Yield faults for missing members of a signing key, and for an algorithm that does not fit."""
    if not names["kid"]:
        yield EntryFault("no-kid")
    operations = jwk.get("key_ops")
    if operations is not None and not (
        isinstance(operations, list) and all(isinstance(name, str) for name in operations)
    ):
        yield EntryFault("key-malformed", "key_ops is no list of texts")
    elif names["use"] is None and operations is None:
        yield EntryFault("no-use")
    if names["use"] not in {None, "sig"} or (isinstance(operations, list) and "verify" not in operations):
        return  # an encryption key: signature algorithms do not apply
    if names["alg"] is None:
        yield EntryFault("no-alg")
    elif material is not None and material.native is not None:
        fitting = fitness.algorithms_of(material.native)
        if fitting and names["alg"] not in fitting:
            yield EntryFault("algorithm-mismatch", names["alg"])


def _verdict(jwk: Mapping[str, Any]) -> str:
    try:
        read_key(jwk)
    except KeyRefused as error:
        return error.code
    return ""


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise MalformedEntry(f"{name} is missing or no text")
    try:
        return base64url.decode(value)
    except ValueError:
        raise MalformedEntry(f"{name} is not strict base64url") from None


def _integer(jwk: Mapping[str, Any], name: str) -> int:
    # Leading zero octets are accepted as the verifier does: the thumbprint uses the number.
    return int.from_bytes(_bytes(jwk, name))


def _encode(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8))


def _thumbprint(members: Mapping[str, str]) -> str:
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(canonical.encode()).digest())


def _digest(*parts: object) -> str:
    return base64url.encode(hashlib.sha256(repr(parts).encode()).digest())
