"""Read keys written as named members: JWK (RFC 7517, 8037) and .NET's XML."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext, text_anchors
from seawall.keys.leaks.key_formats.neighbourhood import Neighbourhood, around

LONGEST = 15 << 10
"""Letters of one key on either side of its anchor: 16,384 bits take 13,000."""
_MOST_CLOSED = 64
"""Closed objects that are skipped before `kty`."""
_MEMBER = re.compile(
    r"""(?<![A-Za-z0-9_])(kty|crv|n|e|d|p|q|x|y|k)\s{0,8}["']?\s{0,64}[:=]\s{0,64}["']?([A-Za-z0-9_+/-]+)={0,2}"""
)
_BRACE = re.compile("[{}]")
_SMALLEST_SECRET = 16
"""Octets: a shorter `k` is an example, not a key."""
_SHORTEST_FRAGMENT = 22
"""Letters of `d` that must be present: 16 bytes."""


def read_jwk(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the JWK whose member `kty` has its first letter just after `anchor`."""
    near = around(data, anchor, LONGEST, LONGEST)
    first, last = _object(near)
    if inside.charge(last - first):
        # replace backslashes by spaces: offsets stay, and no name or value contains one
        text = near.text[first : last + 1]
        members = _members(text.replace("\\", " "))
        found = _judge(members, is_cut=last + 1 == len(near.text) and text[-1:] != "}")
        if found is not None:
            form, thumbprint = found
            layer = "escaped:" if "\\" in text else ""
            yield RawHit(near.base + first, layer + form, thumbprint, len(text))


def _object(near: Neighbourhood) -> tuple[int, int]:
    """Return the first and last letter of the innermost object around the place.

    Without one (YAML, or a missing opening brace): from the first member after the last brace to the next brace.
    """
    before, opening = near.text[: near.here], near.here
    while (opening := near.text.rfind("{", 0, opening)) >= 0:
        closing = _closing(near.text, opening)
        if closing > near.here:
            return opening, closing
        if before.count("{", opening) > _MOST_CLOSED:
            break
    first = before.rfind("}") + 1
    end = near.text.find("{", near.here)
    member = _MEMBER.search(before[max(first, near.here - LONGEST) :].replace("\\", " "))
    return first + (member.start() if member else 0), (end if end >= 0 else len(near.text)) - 1


def _closing(text: str, opening: int) -> int:
    """Return the closing brace (values of keys contain none), or the last letter if it is missing."""
    depth = 0
    for brace in _BRACE.finditer(text, opening):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.start()
    return len(text) - 1


def _members(text: str) -> dict[str, str]:
    """Return the members of a key; of duplicates the first."""
    members: dict[str, str] = {}
    for name, value in _MEMBER.findall(text):
        members.setdefault(name, value)
    return members


def _judge(members: Mapping[str, str], *, is_cut: bool) -> tuple[str, str | None] | None:
    """Return form and thumbprint, None if there is no private key."""
    kind = members.get("kty")
    if kind == "RSA":
        return _rsa(members, is_cut=is_cut)
    if kind == "EC":
        return _ec(members)
    if kind == "OKP":
        return _okp(members)
    if kind == "oct":
        secret = decode_number(members.get("k", ""))
        is_secret = len(secret) >= _SMALLEST_SECRET and numbers.is_random(secret)
        return ("jwk-oct", None) if is_secret else None
    return None


def _rsa(members: Mapping[str, str], *, is_cut: bool) -> tuple[str, str | None] | None:
    n, e, d, p, q = (number(members.get(name, "")) for name in ("n", "e", "d", "p", "q"))
    if not (d or p or q) or not numbers.is_rsa_modulus(n, e):
        return None
    thumbprint = numbers.rsa_thumbprint(n, e)
    if numbers.rsa_belongs(numbers.RsaNumbers(n, e, d, p, q)):
        return "jwk", thumbprint
    rest = members.get("d", "")
    if is_cut and len(rest) >= _SHORTEST_FRAGMENT and numbers.is_random(decode_number(rest)):
        return "jwk-fragment", thumbprint
    return None


def _ec(members: Mapping[str, str]) -> tuple[str, str | None] | None:
    curve, d = members.get("crv", ""), number(members.get("d", ""))
    if curve not in numbers.CURVES or not d:
        return None
    public = numbers.ec_public(curve, d)
    stated = tuple(number(members.get(name, "")) for name in ("x", "y"))
    if public is None or any(value and value != real for value, real in zip(stated, public, strict=True)):
        return None
    return "jwk", numbers.ec_thumbprint(curve, *public)


def _okp(members: Mapping[str, str]) -> tuple[str, str | None] | None:
    curve = members.get("crv", "")
    public = numbers.okp_public(curve, decode_number(members.get("d", ""))) if curve in numbers.OKP else None
    if public is None or decode_number(members.get("x", "")) not in (b"", public):
        return None
    return "jwk", numbers.okp_thumbprint(curve, public)


def decode_number(letters: str) -> bytes:
    """Decode base64 of either alphabet, padded or not; empty if invalid."""
    letters = letters.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return b""


def number(letters: str) -> int:
    """Decode a big-endian base64 number."""
    return int.from_bytes(decode_number(letters), "big")


_TAG = re.compile(
    r"(?:<|&lt;|\\+u003[cC])(Modulus|Exponent|D|P|Q)(?:>|&gt;|\\+u003[eE])([A-Za-z0-9+/=\s\\]+)"
)
_XML_AHEAD = 24 << 10


def read_xml(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the RSA key in XML whose element name is at `anchor`."""
    near = around(data, anchor, 16, _XML_AHEAD)
    text = near.text[near.here :]
    if not inside.charge(len(text)):
        return
    end = re.search(r"(?:</|&lt;/|\\+u003[cC]/)RSA(?:KeyValue|Parameters)", text)
    values: dict[str, int] = {}
    for name, value in _TAG.findall(text[: end.start() if end else None]):
        values.setdefault(
            name, number("".join(re.findall(r"[A-Za-z0-9+/]+", re.sub(r"\\+[nrt]", " ", value))))
        )
    key = numbers.RsaNumbers(*(values.get(name, 0) for name in ("Modulus", "Exponent", "D", "P", "Q")))
    if not (key.d or key.p or key.q) or not numbers.rsa_belongs(key):
        return
    opening = near.text.rfind("<", 0, near.here)
    first, last = max(opening, 0), near.here + (end.end() if end else len(text))
    yield RawHit(near.base + first, "xml", numbers.private_thumbprint(key), last - first)


JWK = FormFamily(
    anchors=text_anchors('"kty', "'kty", "kty:"),
    read=read_jwk,
    forms=(
        KeyForm("jwk", "JSON Web Key with its private members: RSA, EC, OKP"),
        KeyForm("jwk-oct", "JSON Web Key, symmetric; a thumbprint would help to guess it, so there is none"),
    ),
)
"""JSON Web Keys."""
XML = FormFamily(
    anchors=text_anchors("RSAKeyValue", "RSAParameters"),
    read=read_xml,
    forms=(KeyForm("xml", "`RSAKeyValue` of .NET and XML signatures, with its private members"),),
)
"""RSA keys in .NET's XML."""
