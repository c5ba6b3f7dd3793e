"""Read private keys as `openssl pkey -text` prints them: named hexadecimal numbers with colons, over several lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats.der_keys import is_point
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext, text_anchors
from seawall.keys.leaks.key_formats.neighbourhood import around

_AHEAD = 32 << 10
_NUMBER = re.compile(
    r"\b(modulus|privateExponent|prime1|prime2|priv|pub):((?:\s*[0-9a-f]{2}(?::|(?=\s|$)))+)"
)
_EXPONENT = re.compile(r"publicExponent: ([0-9]{1,10}) ")
_CURVE = re.compile(r"ASN1 OID: ([A-Za-z0-9-]{1,40})")
_KIND = re.compile(r"([A-Z0-9]{2,8}) $")
_NAMES = {
    "secp224r1": "P-224",
    "prime256v1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
} | {name: name for name in ("secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1")}
_OKP = {name.upper(): name for name in numbers.OKP}


def read(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the key whose heading has `Private-Key:` at `anchor`."""
    near = around(data, anchor, 16, _AHEAD)
    following = near.text.find("Private-Key:", near.here + 1)
    text = near.text[near.here : following if following >= 0 else None]
    if not inside.charge(len(text)):
        return
    parts = {found.group(1): found for found in reversed(list(_NUMBER.finditer(text)))}
    values = {name: bytes.fromhex(re.sub(r"[\s:]", "", found.group(2))) for name, found in parts.items()}
    kind = _KIND.search(near.text[: near.here])
    thumbprint = _rsa(values, text) or _ec(values, text) or _okp(values, kind.group(1) if kind else "")
    if thumbprint is not None:
        end = max(found.end() for found in parts.values())
        yield RawHit(anchor, "openssl-text", thumbprint, len(text[:end].rstrip()))


def _rsa(values: Mapping[str, bytes], text: str) -> str | None:
    exponent = _EXPONENT.search(text)
    n, d, p, q = (
        int.from_bytes(values.get(name, b""), "big")
        for name in ("modulus", "privateExponent", "prime1", "prime2")
    )
    key = numbers.RsaNumbers(n, int(exponent.group(1)) if exponent else 0, d, p, q)
    is_private = bool(d or p or q)
    return numbers.rsa_thumbprint(key.n, key.e) if is_private and numbers.rsa_belongs(key) else None


def _ec(values: Mapping[str, bytes], text: str) -> str | None:
    named = _CURVE.search(text)
    curve = _NAMES.get(named.group(1)) if named else None
    if curve is None or not values.get("priv"):
        return None
    public = numbers.ec_public(curve, int.from_bytes(values["priv"], "big"))
    if public is None or (values.get("pub") and not is_point(values["pub"], public)):
        return None
    return numbers.ec_thumbprint(curve, *public)


def _okp(values: Mapping[str, bytes], kind: str) -> str | None:
    curve, private = _OKP.get(kind), values.get("priv")
    public = numbers.okp_public(curve, private) if curve and private else None
    if curve is None or public is None or values.get("pub", public) != public:
        return None
    return numbers.okp_thumbprint(curve, public)


FAMILY = FormFamily(
    anchors=text_anchors("Private-Key:"),
    read=read,
    forms=(
        KeyForm("openssl-text", "what `openssl pkey -text` prints: RSA, EC, Ed25519, Ed448, X25519, X448"),
    ),
)
"""Keys in OpenSSL's text output."""
