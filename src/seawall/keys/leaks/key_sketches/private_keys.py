"""Read private keys from files: PEM (several, or encrypted), OpenSSH, DER, JWK and JWK sets.

No exception quotes the input. Python cannot wipe copies made by libraries. A caller that wants little of the key to
remain reads into a `bytearray`, wipes it, and soon ends its process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    load_ssh_private_key,
)

from seawall.keys.leaks.key_sketches.sketches import LONGEST, PrivateKey
from seawall_tokens.jose import base64url, strict_json

LARGEST = 4 << 20
"""Bytes of a file of private keys."""
MOST_KEYS = 1000
_BEGIN = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY)-----")
_KINDS = (
    rsa.RSAPrivateKey,
    ec.EllipticCurvePrivateKey,
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
    x25519.X25519PrivateKey,
    x448.X448PrivateKey,
)
_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_OCTET_KINDS: dict[str, Callable[[bytes], PrivateKey]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.from_private_bytes,
    "Ed448": ed448.Ed448PrivateKey.from_private_bytes,
    "X25519": x25519.X25519PrivateKey.from_private_bytes,
    "X448": x448.X448PrivateKey.from_private_bytes,
}

Passphrase = Callable[[], bytes | None]
"""Function called once for each encrypted key; returns None if nobody knows the passphrase."""


class PrivateKeysUnreadable(ValueError):
    """The document contains no readable private key. The text says why and quotes nothing of it."""


def read_private_keys(document: bytes | bytearray, passphrase: Passphrase) -> list[PrivateKey]:
    """Return all private keys of a document.

    Raises `PrivateKeysUnreadable` if there is none or one cannot be read.
    """
    if len(document) > LARGEST:
        raise PrivateKeysUnreadable(f"larger than {LARGEST >> 20} MiB")
    stripped = bytes(document).strip()
    if b"-----BEGIN " in stripped:
        keys = [_pem(block, passphrase) for block in _blocks(stripped)]
    elif stripped.startswith(b"{"):
        keys = list(_jwks(stripped))
    else:
        keys = [_load(load_der_private_key, bytes(document), passphrase)]
    if not keys:
        raise PrivateKeysUnreadable("no private key in it")
    return keys


def _blocks(document: bytes) -> Iterator[bytes]:
    place = 0
    for count in range(MOST_KEYS + 1):
        begin = _BEGIN.search(document, place)
        if begin is None:
            return
        if count == MOST_KEYS:
            raise PrivateKeysUnreadable(f"more than {MOST_KEYS:,} keys")
        last = b"-----END " + begin.group(1) + b"-----"
        place = document.find(last, begin.end())
        if place < 0:
            raise PrivateKeysUnreadable("a PEM block in it does not end")
        place += len(last)
        yield document[begin.start() : place]


def _pem(block: bytes, passphrase: Passphrase) -> PrivateKey:
    load = load_ssh_private_key if b"BEGIN OPENSSH" in block else load_pem_private_key
    return _load(load, block, passphrase)


def _load(load: Callable[..., Any], data: bytes, passphrase: Passphrase) -> PrivateKey:
    """Load a key without passphrase; if it is encrypted, ask for one."""
    try:
        key = load(data, None)
    except TypeError:  # the library raises TypeError for an encrypted key without passphrase
        key = _decrypt(load, data, passphrase())
    except (ValueError, UnsupportedAlgorithm):
        raise PrivateKeysUnreadable("it holds no private key in a known form, or a damaged one") from None
    if not isinstance(key, _KINDS):
        raise PrivateKeysUnreadable("keys of this kind are not searched for")
    return key


def _decrypt(load: Callable[..., Any], data: bytes, passphrase: bytes | None) -> Any:
    if not passphrase:
        raise PrivateKeysUnreadable("the key is encrypted, and no passphrase was given")
    try:
        return load(data, passphrase)
    except UnsupportedAlgorithm:
        raise PrivateKeysUnreadable("the key is encrypted in a way that is not supported here") from None
    except (ValueError, TypeError):
        raise PrivateKeysUnreadable("the key is encrypted, and the passphrase does not open it") from None


def _jwks(document: bytes) -> Iterator[PrivateKey]:
    try:
        value = strict_json.loads(document, max_bytes=LARGEST)
    except strict_json.JsonRefused as error:
        raise PrivateKeysUnreadable(f"no JSON: {error.reason}") from None
    members = value.get("keys", [value])
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise PrivateKeysUnreadable("neither a JWK nor a set of JWKs")
    if len(members) > MOST_KEYS:
        raise PrivateKeysUnreadable(f"more than {MOST_KEYS:,} keys")
    for member in members:
        if "d" not in member:
            raise PrivateKeysUnreadable("a JWK in it has no private member")
        try:
            yield _jwk(member)
        except (ValueError, KeyError, TypeError, UnsupportedAlgorithm):
            raise PrivateKeysUnreadable("a JWK in it is malformed") from None


def _jwk(member: dict[str, Any]) -> PrivateKey:
    kind = member["kty"]
    if kind == "RSA":
        return _rsa(member)
    if kind == "EC":
        public = ec.EllipticCurvePublicNumbers(
            _whole(member, "x"), _whole(member, "y"), _CURVES[member["crv"]]
        )
        return ec.EllipticCurvePrivateNumbers(_whole(member, "d"), public).private_key()
    if kind == "OKP":
        return _OCTET_KINDS[member["crv"]](base64url.decode(member["d"]))
    raise ValueError("kty")


def _rsa(member: dict[str, Any]) -> PrivateKey:
    n, e, d = (_whole(member, name) for name in "ned")
    p, q = (_whole(member, name) if name in member else 0 for name in "pq")
    if not (p and q):
        p, q = rsa.rsa_recover_prime_factors(n, e, d)
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, n),
    )
    return numbers.private_key()


def _whole(member: dict[str, Any], name: str) -> int:
    octets = base64url.decode(member[name])
    if len(octets) > LONGEST:
        raise ValueError(name)
    return int.from_bytes(octets, "big")
