"""Read the certificate in a JSON Web Key (`x5c`), used only if it certifies that key."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from seawall_tokens.jose import base64url

_LONGEST_CHAIN = 16
_LONGEST_CERTIFICATE = 64 * 1024


class CertificateFault(ValueError):
    """`x5c` is no certificate ("certificate-malformed") or another key's ("certificate-mismatch")."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class X5cCertificate:
    """A key's certificate: dates in seconds since 1970, and the SHA-256 of its DER in base64url."""

    not_before: int
    not_after: int
    thumbprint: str


def certificate_of(jwk: Mapping[str, Any], key: PublicKeyTypes) -> X5cCertificate | None:
    """Return the dates and thumbprint of `x5c[0]`, `None` without `x5c`; raise `CertificateFault`.

    `x5t` and `x5t#S256`, if present, must match. The chain is not validated: trust comes from the URL of the key set,
    and the certificate only dates the key.
    """
    if "x5c" not in jwk:
        return None
    der = _first(jwk["x5c"])
    try:
        certificate = x509.load_der_x509_certificate(der)
        certified = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        not_before = int(certificate.not_valid_before_utc.timestamp())
        not_after = int(certificate.not_valid_after_utc.timestamp())
    except Exception:  # noqa: BLE001 - whatever is wrong with it (key types unknown to the library too), it dates nothing
        raise CertificateFault("certificate-malformed", "x5c is not a certificate that can be read") from None
    if certified != key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise CertificateFault("certificate-mismatch", "x5c certifies another key")
    thumbprint = base64url.encode(hashlib.sha256(der).digest())
    if jwk.get("x5t#S256", thumbprint) != thumbprint:
        raise CertificateFault("certificate-mismatch", "x5t#S256 is not of the certificate in x5c")
    if _names_another(jwk.get("x5t"), hashlib.sha1(der, usedforsecurity=False).digest()):
        raise CertificateFault("certificate-mismatch", "x5t is not of the certificate in x5c")
    return X5cCertificate(not_before, not_after, thumbprint)


def _names_another(thumbprint: Any, own: bytes) -> bool:
    """Return whether `x5t` is the SHA-1 of another certificate, as octets or as Auth0's hexadecimal digits.

    Any other value is ignored: the certificate itself contains the key, and `x5t` is used for nothing else.
    """
    if not isinstance(thumbprint, str):
        return thumbprint is not None
    try:
        named = base64url.decode(thumbprint)
        if len(named) == 2 * len(own):
            named = bytes.fromhex(named.decode("ascii"))
    except ValueError:
        return False
    return len(named) == len(own) and named != own


def _first(chain: Any) -> bytes:
    if not isinstance(chain, list) or not 0 < len(chain) <= _LONGEST_CHAIN or not isinstance(chain[0], str):
        raise CertificateFault("certificate-malformed", "x5c is not an array of certificates")
    if len(chain[0]) > _LONGEST_CERTIFICATE:
        raise CertificateFault(
            "certificate-malformed", f"x5c[0] is longer than {_LONGEST_CERTIFICATE} letters"
        )
    try:
        return base64.b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError):
        raise CertificateFault("certificate-malformed", "x5c[0] is not base64") from None
