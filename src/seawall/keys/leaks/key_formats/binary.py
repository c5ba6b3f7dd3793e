"""Find DER keys inside other bytes, by patterns at fixed places of each kind of key."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import der_keys
from seawall.keys.leaks.key_formats.der import SEQUENCE, MalformedDer
from seawall.keys.leaks.key_formats.der_keys import DerKey
from seawall.keys.leaks.key_formats.family import AHEAD, FormFamily, KeyForm, SearchContext

_Reader = Callable[[bytes, int, int], DerKey]


def _hit(key: DerKey) -> RawHit:
    return RawHit(key.start, key.form, key.thumbprint, key.end - key.start)


def _has_header(reader: _Reader, farthest: int) -> Callable[[bytes, int, SearchContext], Iterable[RawHit]]:
    """Return a reader for the key whose outer SEQUENCE begins at most `farthest` bytes before the anchor, nearest first."""

    def read(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
        limit = min(len(data), anchor + AHEAD)
        for start in range(anchor - 2, max(-1, anchor - farthest - 1), -1):
            if data[start] != SEQUENCE:
                continue
            try:
                key = reader(data, start, limit)
            except MalformedDer:
                continue
            yield _hit(der_keys.wrapping(data, key, limit))
            return

    return read


_HEADER = 5
"""Bytes of the longest SEQUENCE header that is read."""
_ENCRYPTED_HEADERS = 12
"""Bytes of two SEQUENCE headers and an object identifier header."""

RSA = FormFamily(
    anchors=("{ 02 01 00 02 82 ?? ?? 00 }", "{ 02 01 00 02 81 ?? 00 }", "{ 02 01 00 02 41 00 }"),
    read=_has_header(der_keys.read_pkcs1, _HEADER),
    forms=(
        KeyForm("pkcs1-der", "DER, RSAPrivateKey"),
        KeyForm("dsa-der", "DER, the DSA key of OpenSSL; JWK knows no DSA, so no thumbprint"),
        KeyForm("pkcs8-der", "DER, PrivateKeyInfo: RSA, EC, Ed25519, Ed448, X25519, X448, DSA"),
    ),
)
"""RSA and DSA keys, alone or in PKCS#8."""
EC = FormFamily(
    anchors=("{ 02 01 01 04 ( 1c | 20 | 30 | 40 | 42 ) }",),
    read=_has_header(der_keys.read_sec1, _HEADER),
    forms=(KeyForm("sec1-der", "DER, ECPrivateKey; without curve and public point the key is not known"),),
)
"""EC keys, alone or in PKCS#8."""
OKP = FormFamily(
    anchors=("{ 30 05 06 03 2b 65 ( 6e | 6f | 70 | 71 ) 04 ?? 04 }", "{ 30 ?? ?? ?? 06 07 2a 86 48 ce 38 04 01 }",
             "{ 30 ?? 06 07 2a 86 48 ce 38 04 01 }"),
    read=_has_header(der_keys.read_pkcs8, _HEADER + 4),
    forms=(),
)  # fmt: skip
"""PKCS#8 keys whose inner key has no form of its own."""
ENCRYPTED = FormFamily(
    anchors=("{ 06 09 2a 86 48 86 f7 0d 01 05 }", "{ 06 0a 2a 86 48 86 f7 0d 01 0c 01 }"),
    read=_has_header(der_keys.read_encrypted, _ENCRYPTED_HEADERS),
    forms=(
        KeyForm(
            "pkcs8-encrypted-der", "DER, EncryptedPrivateKeyInfo: a key is there, which one is not known"
        ),
    ),
)
"""Password-encrypted keys."""
PKCS12 = FormFamily(
    anchors=("{ 02 01 03 30 [1-8] 06 09 2a 86 48 86 f7 0d 01 07 }",),
    read=_has_header(der_keys.read_pkcs12, _HEADER),
    forms=(KeyForm("pkcs12", "PKCS#12 (`.p12`, `.pfx`) with a key in it; usually encrypted"),),
)
"""Key and certificate stores."""
