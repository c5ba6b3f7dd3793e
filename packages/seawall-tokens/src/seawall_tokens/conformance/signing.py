"""Make valid and invalid signatures with `cryptography` and plain arithmetic."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Sign = Callable[[bytes], bytes]
"""Function from a signing input to a signature."""

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "1": hashes.SHA1,
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
}


def signer(algorithm: str, private: Any) -> Sign:
    """Return a function that signs by `algorithm` (a JWS name, or `RS1`) with a private key of any curve."""
    digits = "".join(letter for letter in algorithm if letter.isdigit())
    if isinstance(private, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        return private.sign
    if isinstance(private, bytes):
        return lambda data: hmac.new(private, data, f"sha{digits}").digest()
    digest = _HASHES[digits]()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return lambda data: join_segments(*numbers(private, digest, data), private.curve)
    if algorithm.startswith("PS"):
        return pss(private, digest, digest, digest.digest_size)
    return lambda data: bytes(private.sign(data, padding.PKCS1v15(), digest))


def pss(
    private: rsa.RSAPrivateKey, digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm, salt: int
) -> Sign:
    """Return a function that signs by RSASSA-PSS with any hash, mask hash and salt length."""
    return lambda data: private.sign(data, padding.PSS(padding.MGF1(mask), salt), digest)


def numbers(
    private: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm, data: bytes
) -> tuple[int, int]:
    """Return an ECDSA signature as its two integers."""
    return decode_dss_signature(private.sign(data, ec.ECDSA(digest)))


def join_segments(r: int, s: int, curve: ec.EllipticCurve) -> bytes:
    """Encode two integers as JWS does: fixed length, concatenated (RFC 7518 section 3.4)."""
    length = (curve.key_size + 7) // 8
    return r.to_bytes(length) + s.to_bytes(length)


def encode_message(data: bytes, length: int, name: str = "sha256", *, bare: bool = False) -> int:
    """Encode a message by EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), as an integer.

    `bare` omits the hash's DigestInfo prefix.
    """
    digest = hashlib.new(name, data).digest()
    content = digest if bare else _DIGEST_INFO[name] + digest
    return int.from_bytes(b"\x00\x01" + b"\xff" * (length - len(content) - 3) + b"\x00" + content)


def textbook(modulus: int, exponent: int, *, name: str = "sha256", bare: bool = False) -> Sign:
    """Return a function that signs by plain RSA arithmetic, for keys that no library accepts.

    `exponent` is the private one.
    """
    length = (modulus.bit_length() + 7) // 8
    return lambda data: pow(
        encode_message(data, length, name, bare=bare) % modulus, exponent, modulus
    ).to_bytes(length)


def cube_root_forgery(length: int) -> Sign:
    """Return a function for Bleichenbacher's forgery of 2006 with e = 3: a cube that begins like padding and hash.

    It deceives verifiers that do not check that the hash ends the block.
    """

    def forge(data: bytes) -> bytes:
        start = b"\x00\x01" + b"\xff" * 8 + b"\x00" + _DIGEST_INFO["sha256"] + hashlib.sha256(data).digest()
        lowest = int.from_bytes(start + bytes(length - len(start)))
        return _cube_root(lowest).to_bytes(length)

    return forge


def _cube_root(value: int) -> int:
    """Return the smallest integer whose cube is at least `value`."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**3 < value:
            low = middle + 1
        else:
            high = middle
    return low
