"""Load and create the operator's private key that signs event tokens. It is never shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from seawall.response.errors import SignalsInvalid
from seawall_base.secret_file import read_key_file
from seawall_tokens.jose import base64url
from seawall_tokens.jose.key import KeyRefused, read_key

_WIDTH: Final = 32
_SHA256: Final = hashes.SHA256()

Sign = Callable[[bytes], bytes]


class SigningKey:
    """A private key that signs event tokens. `kid` is its thumbprint (RFC 7638); its type determines `algorithm`.

    RSA signs RS256, P-256 signs ES256, which every receiver supports. `str` and `repr` show nothing of the key.
    """

    def __init__(self, members: Mapping[str, str], algorithm: str, sign: Sign) -> None:
        """Raise `SignalsInvalid` for a key that verifiers would refuse."""
        try:
            self.kid = read_key({**members, "alg": algorithm}).thumbprint
        except KeyRefused as refused:
            raise SignalsInvalid(
                f"the signing key is not fit: {refused.words}",
                fix="create one: seawall respond signals key FILE",
            ) from None
        self.algorithm = algorithm
        self._members = dict(members)
        self._sign = sign

    def jwk(self) -> dict[str, str]:
        """Return the public key for the published JWKS."""
        return {**self._members, "alg": self.algorithm, "use": "sig", "kid": self.kid}

    def token(self, claims: Mapping[str, Any]) -> str:
        """Sign claims as an event token (RFC 8417) in compact form."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "secevent+jwt"}
        signed = ".".join(base64url.encode(_json(part)) for part in (header, claims))
        return f"{signed}.{base64url.encode(self._sign(signed.encode('ascii')))}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "replace"
    )


def load_signing_key(path: Path) -> SigningKey:
    """Load an unencrypted PEM private key from a file that only its owner can read. Raises `SignalsInvalid`."""
    try:
        native = serialization.load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SignalsInvalid(
            f"{path}: not a private key in PEM without a password",
            fix="create one: seawall respond signals key FILE",
        ) from None
    if isinstance(native, rsa.RSAPrivateKey):
        return _rsa(native)
    if isinstance(native, ec.EllipticCurvePrivateKey) and native.curve.name == "secp256r1":
        return _elliptic(native)
    raise SignalsInvalid(
        f"{path}: the key is neither RSA nor P-256", fix="create one: seawall respond signals key FILE"
    )


def make_signing_key(path: Path) -> SigningKey:
    """Create a P-256 key in a new file that only its owner can read. Raises `SignalsInvalid`."""
    native = ec.generate_private_key(ec.SECP256R1())
    pem = native.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SignalsInvalid(f"{path}: {error.strerror}", fix="choose a new file") from None
    return _elliptic(native)


def _read(path: Path) -> bytes:
    return read_key_file(
        path, SignalsInvalid, what="the signing key", fix=f"make a key: seawall respond signals key {path}"
    )


def _rsa(native: rsa.RSAPrivateKey) -> SigningKey:
    numbers = native.public_key().public_numbers()
    size = (native.key_size + 7) // 8
    members = {
        "kty": "RSA",
        "n": base64url.encode(numbers.n.to_bytes(size)),
        "e": base64url.encode(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)),
    }
    return SigningKey(members, "RS256", lambda data: native.sign(data, padding.PKCS1v15(), _SHA256))


def _elliptic(native: ec.EllipticCurvePrivateKey) -> SigningKey:
    numbers = native.public_key().public_numbers()
    members = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url.encode(numbers.x.to_bytes(_WIDTH)),
        "y": base64url.encode(numbers.y.to_bytes(_WIDTH)),
    }

    def sign(data: bytes) -> bytes:
        # RFC 7518 section 3.4: r and s in full length, concatenated
        r, s = decode_dss_signature(native.sign(data, ec.ECDSA(_SHA256)))
        return r.to_bytes(_WIDTH) + s.to_bytes(_WIDTH)

    return SigningKey(members, "ES256", sign)
