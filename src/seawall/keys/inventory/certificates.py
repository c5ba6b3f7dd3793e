"""Read the certificate beside a key (`x5c`): its dates, and whether it certifies this key.

`seawall_tokens.jose.certificate` refuses at the first fault, as a verifier must; this module lists every fault.
"""

from __future__ import annotations

import hashlib
import warnings
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from seawall_tokens.jose import base64url
from seawall_tokens.jose.fitness import NativeKey

LONGEST: Final = 64 * 1024
"""Characters of one certificate in base64."""


@dataclass(frozen=True, slots=True)
class KeyCertificate:
    """The first certificate of `x5c`. Dates (seconds since 1970) are set only if it certifies this key.

    `faults` are codes of findings.
    """

    not_before: int | None = None
    not_after: int | None = None
    thumbprint: str | None = None
    faults: tuple[str, ...] = ()


def certificate_of(jwk: Mapping[str, Any], key: NativeKey | None) -> KeyCertificate:
    """Read the certificate of an entry whose public key is `key`.

    None: no library loads the key, so nothing can be compared.
    """
    chain = jwk.get("x5c")
    if chain is None:
        return KeyCertificate()
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str) or len(chain[0]) > LONGEST:
        return KeyCertificate(faults=("certificate-malformed",))
    try:
        der = b64decode(chain[0], validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of unusual but readable certificates
            certificate = x509.load_der_x509_certificate(der)
            certified = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            dates = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception:  # noqa: BLE001 - whatever is wrong with it (key types unknown to the library too), it dates nothing
        return KeyCertificate(faults=("certificate-malformed",))
    faults = () if _thumbprints_fit(jwk, der) else ("certificate-thumbprint-wrong",)
    if key is None:
        return KeyCertificate(faults=faults)
    if certified != key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        return KeyCertificate(faults=("certificate-of-another-key", *faults))
    thumbprint = base64url.encode(hashlib.sha256(der).digest())
    return KeyCertificate(int(dates[0].timestamp()), int(dates[1].timestamp()), thumbprint, faults)


def _thumbprints_fit(jwk: Mapping[str, Any], der: bytes) -> bool:
    """Return whether `x5t` and `x5t#S256`, if present, match the certificate."""
    expected = {
        # RFC 7517 section 4.8 prescribes SHA-1; nothing is trusted because of it.
        "x5t": hashlib.sha1(der, usedforsecurity=False).digest(),
        "x5t#S256": hashlib.sha256(der).digest(),
    }
    return all(name not in jwk or jwk[name] == base64url.encode(value) for name, value in expected.items())
