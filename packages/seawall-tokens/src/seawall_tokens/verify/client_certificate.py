"""Read a client certificate as TLS proxies forward it, and compute its thumbprint (RFC 8705 section 3.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from seawall_tokens.jose import base64url
from seawall_tokens.refusals import sender

LARGEST = 64 * 1024
"""Octets of a certificate in any form."""

_PEM = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def thumbprint_of(certificate: bytes) -> str:
    """Return the `x5t#S256` of exactly one certificate; raise `MtlsMalformed` for none or several.

    Accepted: DER; PEM; PEM with percent escapes (nginx, `$ssl_client_escaped_cert`); PEM with blanks or tabs for line
    feeds; base64 of the DER, bare (Caddy, Traefik) or between colons (RFC 9440).
    """
    der = _der(certificate)
    try:
        # Trailing octets would give one certificate many thumbprints, so the parsed part must be all of it.
        if x509.load_der_x509_certificate(der).public_bytes(Encoding.DER) != der:
            raise sender.MtlsMalformed
    except ValueError:
        raise sender.MtlsMalformed from None
    return base64url.encode(hashlib.sha256(der).digest())


def _der(certificate: bytes) -> bytes:
    if not 0 < len(certificate) <= LARGEST:
        raise sender.MtlsMalformed
    if certificate[0] == 0x30 and certificate[1:2] >= b"\x80":  # a DER sequence; no text continues like this
        return certificate
    text = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), certificate)
    found = _PEM.fullmatch(text)
    body = found[1] if found else text.strip()
    if found is None and len(body) > 2 and body[:1] == body[-1:] == b":":
        body = body[1:-1]
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        raise sender.MtlsMalformed from None
