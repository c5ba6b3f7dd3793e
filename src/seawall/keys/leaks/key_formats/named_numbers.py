"""Read keys written as named base64 numbers: .NET's `RSAParameters` as JSON, and BIND's private key files.

BIND: `Private-key-format: v1.3` and lines such as `Modulus: ...`, or for elliptic curves `PrivateKey: ...` (source:
`lib/dns/dst_parse.c` of ISC BIND 9; algorithm numbers are those of the IANA DNSSEC registry).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext, text_anchors
from seawall.keys.leaks.key_formats.members import LONGEST, decode_number, number
from seawall.keys.leaks.key_formats.neighbourhood import around

_MEMBER = re.compile(r'"(modulus|exponent|d|p|q)\s{0,8}"\s{0,64}:\s{0,64}"([A-Za-z0-9+/=_-]+)', re.IGNORECASE)
_LINE = re.compile(
    r"(?:\\+n|^|\n)(Algorithm|Modulus|PublicExponent|PrivateExponent|Prime1|Prime2|PrivateKey): {0,8}([A-Za-z0-9+/=]+)"
)
_CURVES = {"13": ("P-256", 32), "14": ("P-384", 48)}
"""By algorithm number: the curve, and the bytes of a scalar in BIND's files."""
_EDWARDS = {"15": "Ed25519", "16": "Ed448"}
_BIND_AHEAD = 24 << 10


def read_parameters(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the key whose JSON member `Modulus` has its first letter at `anchor`."""
    near = around(data, anchor, LONGEST, LONGEST)
    first = near.text.rfind("{", 0, near.here)
    last = near.text.find("}", near.here)
    text = near.text[max(first, 0) : last if last >= 0 else None]
    if not inside.charge(len(text)):
        return
    values: dict[str, int] = {}
    for name, letters in _MEMBER.findall(text.replace("\\", " ")):
        values.setdefault(name.lower(), number(letters))
    key = numbers.RsaNumbers(*(values.get(name, 0) for name in ("modulus", "exponent", "d", "p", "q")))
    if (key.d or key.p or key.q) and numbers.rsa_belongs(key):
        layer = "escaped:" if "\\" in text else ""
        yield RawHit(
            near.base + max(first, 0),
            f"{layer}rsa-parameters-json",
            numbers.private_thumbprint(key),
            len(text),
        )


def read_bind(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the key whose file begins with `Private-key-format:` at `anchor`."""
    near = around(data, anchor, 0, _BIND_AHEAD)
    following = near.text.find("Private-key-format:", near.here + 1)
    text = near.text[near.here : following if following >= 0 else None]
    if not inside.charge(len(text)):
        return
    lines = {found.group(1): found for found in reversed(list(_LINE.finditer(text)))}
    values = {name: found.group(2) for name, found in lines.items()}
    thumbprint = _bind_rsa(values) or _bind_curve(values)
    if thumbprint is not None:
        length = max(found.end() for found in lines.values())
        layer = "escaped:" if "\\n" in text[:length] else ""
        yield RawHit(anchor, f"{layer}bind", thumbprint, length)


def _bind_rsa(values: dict[str, str]) -> str | None:
    names = ("Modulus", "PublicExponent", "PrivateExponent", "Prime1", "Prime2")
    n, e, d, p, q = (number(values.get(name, "")) for name in names)
    is_key = bool(d or p or q) and numbers.rsa_belongs(numbers.RsaNumbers(n, e, d, p, q))
    return numbers.rsa_thumbprint(n, e) if is_key else None


def _bind_curve(values: dict[str, str]) -> str | None:
    algorithm, private = values.get("Algorithm", ""), decode_number(values.get("PrivateKey", ""))
    name, size = _CURVES.get(algorithm, ("", 0))
    if len(private) == size and numbers.is_random(private) and name:
        public = numbers.ec_public(name, int.from_bytes(private, "big"))
        return numbers.ec_thumbprint(name, *public) if public else None
    curve = _EDWARDS.get(algorithm)
    point = numbers.okp_public(curve, private) if curve else None
    return numbers.okp_thumbprint(curve, point) if curve and point else None


PARAMETERS = FormFamily(
    anchors=text_anchors('Modulus"', 'Modulus\\"', 'modulus"', 'modulus\\"'),
    read=read_parameters,
    forms=(KeyForm("rsa-parameters-json", "`RSAParameters` of .NET as JSON, with its private members"),),
)
"""RSA keys that .NET wrote as JSON."""
BIND = FormFamily(
    anchors=text_anchors("Private-key-format:"),
    read=read_bind,
    forms=(KeyForm("bind", "private key file of BIND (DNSSEC): RSA, ECDSA, Ed25519, Ed448"),),
)
"""BIND's DNSSEC key files."""
