"""Read key blobs of Windows (BCRYPT, CAPI, PVK), Java (JKS, JCEKS) and PuTTY."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from itertools import pairwise

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats import openssh
from seawall.keys.leaks.key_formats.der import MalformedDer
from seawall.keys.leaks.key_formats.family import AHEAD, FormFamily, KeyForm, SearchContext, text_anchors
from seawall.keys.leaks.key_formats.members import decode_number
from seawall.keys.leaks.key_formats.neighbourhood import around

_PVK = b"\x1e\xf1\xb5\xb0"
_PVK_HEADER = 24
_CAPI_HEADER = 8
_MOST_ENTRIES = 64


def read_rsa(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
    """Read a BCRYPT_RSAKEY_BLOB with private numbers, or the RSAPUBKEY of a CAPI PRIVATEKEYBLOB, at its magic."""
    found = _bcrypt_rsa(data, anchor) or _capi(data, anchor)
    if found is not None:
        yield found


def _bcrypt_rsa(data: bytes, start: int) -> RawHit | None:
    if start + 24 > len(data):
        return None
    bits, size_e, size_n, size_p, size_q = struct.unpack_from("<5I", data, start + 4)
    size = (bits + 7) // 8
    if not numbers.SMALLEST_RSA <= bits <= numbers.LARGEST_RSA or size_n != size or not 1 <= size_e <= 8:
        return None
    if not (0 < size_p <= size and 0 < size_q <= size):
        return None
    values, position = [], start + 24
    for length in (size_e, size_n, size_p, size_q):
        values.append(int.from_bytes(data[position : position + length], "big"))
        position += length
    e, n, p, q = values
    if not numbers.rsa_belongs(numbers.RsaNumbers(n, e, p=p, q=q)):
        return None
    if data[start + 3 : start + 4] == b"3":
        position += size_p + size_q + size_p + size_n
    form = "bcrypt-rsa" if position <= len(data) else "bcrypt-rsa-fragment"
    return RawHit(start, form, numbers.rsa_thumbprint(n, e), min(position, len(data)) - start)


def _capi(data: bytes, magic: int) -> RawHit | None:
    if magic + 12 > len(data):
        return None
    bits, e = struct.unpack_from("<2I", data, magic + 4)
    size, half = bits // 8, bits // 16
    if not numbers.SMALLEST_RSA <= bits <= numbers.LARGEST_RSA or bits % 16:
        return None
    values, position = [], magic + 12
    for length in (size, half, half):
        values.append(int.from_bytes(data[position : position + length], "little"))
        position += length
    n, p, q = values
    if not numbers.rsa_belongs(numbers.RsaNumbers(n, e, p=p, q=q)):
        return None
    start, form = _capi_start(data, magic)
    end = min(position + 3 * half + size, len(data))
    return RawHit(start, form, numbers.rsa_thumbprint(n, e), end - start)


def _capi_start(data: bytes, magic: int) -> tuple[int, str]:
    """Return where the blob's headers begin, and their kind."""
    blob = magic - _CAPI_HEADER
    if blob < 0 or data[blob] != 7:
        return magic, "capi"
    pvk = blob - _PVK_HEADER
    return (pvk, "pvk") if pvk >= 0 and data[pvk : pvk + 4] == _PVK else (blob, "capi")


_EC_MAGICS = {
    kind + size: curve
    for kind in (b"ECS", b"ECK")
    for size, curve in ((b"2", "P-256"), (b"4", "P-384"), (b"6", "P-521"))
}


def read_ec(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
    """Read a BCRYPT_ECCKEY_BLOB with a private number.

    Without a named curve, the curve of matching size is tried.
    """
    if anchor + 8 > len(data):
        return
    magic, (size,) = data[anchor : anchor + 4], struct.unpack_from("<I", data, anchor + 4)
    named = _EC_MAGICS.get(magic)
    for curve in [named] if named else numbers.CURVES:
        if size != (numbers.CURVES[curve].key_size + 7) // 8:
            continue
        places = [anchor + 8 + size * index for index in range(4)]
        x, y, d = (int.from_bytes(data[start:end], "big") for start, end in pairwise(places))
        if places[3] <= len(data) and d and numbers.ec_public(curve, d) == (x, y):
            yield RawHit(anchor, "bcrypt-ec", numbers.ec_thumbprint(curve, x, y), 8 + 3 * size)
            return


def read_pvk(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
    """Read an encrypted PVK file; plain ones are found by the blob inside."""
    if anchor + _PVK_HEADER > len(data):
        return
    _reserved, kind, is_encrypted, salt, length = struct.unpack_from("<5I", data, anchor + 4)
    if kind not in (1, 2) or is_encrypted != 1 or not 1 <= salt <= 64 or not 64 <= length <= 1 << 14:
        return
    start = anchor + _PVK_HEADER + salt
    secret = data[start + _CAPI_HEADER : start + length]
    if (
        data[start : start + 2] == b"\x07\x02"
        and len(secret) == length - _CAPI_HEADER
        and numbers.is_random(secret)
    ):
        yield RawHit(anchor, "pvk-encrypted", None, _PVK_HEADER + salt + length)


def read_java(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
    """Read a JKS or JCEKS store with a private or secret key among its first entries."""
    fields = openssh.OpensshFields(data, anchor + 4, min(len(data), anchor + AHEAD))
    try:
        version, count = fields.number(), fields.number()
        if version not in (1, 2) or not 1 <= count <= 1 << 16:
            return
        for _ in range(min(count, _MOST_ENTRIES)):
            kind = fields.number()
            fields.skip(fields.short())
            fields.skip(8)
            if kind == 1 and 48 <= fields.number() <= 1 << 16:
                yield RawHit(anchor, "jks")
                return
            if kind == 3 and data[fields.position : fields.position + 4] == b"\xac\xed\x00\x05":
                yield RawHit(anchor, "jks")
                return
            if kind != 2:
                return
            if version == 2:
                fields.skip(fields.short())
            fields.skip(fields.number())
    except MalformedDer:
        return


_LINE = re.compile(r"^(Encryption|Public-Lines|Private-Lines): *([^\r\n]*)\r?$", re.MULTILINE)
_PPK_AHEAD = 32 << 10


def read_putty(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read a PuTTY key file of version 2 or 3."""
    near = around(data, anchor, 4, _PPK_AHEAD)
    if not inside.charge(len(near.text)):
        return
    text = re.sub(r"\\+r?\\*n", "\n", near.text[near.here :]) if "\\" in near.text else near.text[near.here :]
    values = {
        name: (value, found.end()) for found in _LINE.finditer(text) for name, value in [found.groups()]
    }
    if len(values) != 3 or not re.match(r"PuTTY-User-Key-File-[23]: [a-z0-9@.-]+\r?\n", text):
        return
    public, secret = (_lines(text, *values[name]) for name in ("Public-Lines", "Private-Lines"))
    try:
        thumbprint = openssh.public_thumbprint(public)
    except MalformedDer:
        return
    is_plain = values["Encryption"][0].strip() == "none"
    if (
        len(secret) < 32
        or not numbers.is_random(secret)
        or (is_plain and not _is_putty_secret(public, secret))
    ):
        return
    end = re.search(r"^Private-MAC: *[0-9a-f]+", text, re.MULTILINE)
    length = end.end() if end and len(text) == len(near.text) - near.here else 64
    yield RawHit(anchor, "ppk" if is_plain else "ppk-encrypted", thumbprint, length)


def _lines(text: str, count: str, start: int) -> bytes:
    lines = text[start:].lstrip("\n").splitlines()[: int(count) if count.strip().isdecimal() else 0]
    return decode_number("".join(line.strip() for line in lines))


def _is_putty_secret(public: bytes, secret: bytes) -> bool:
    """Return whether the private part belongs to the public one."""
    known, hidden = (
        openssh.OpensshFields(public, 0, len(public)),
        openssh.OpensshFields(secret, 0, len(secret)),
    )
    try:
        kind = known.field()
        if kind == b"ssh-rsa":
            e, n = known.integer(), known.integer()
            d, p, q = (hidden.integer() for _ in range(3))
            return numbers.rsa_belongs(numbers.RsaNumbers(n, e, d, p, q))
        if kind.startswith(b"ecdsa-sha2-"):
            curve = openssh.CURVES.get(known.field())
            found = numbers.ec_public(curve, hidden.integer()) if curve else None
            return curve is not None and found is not None and (
                numbers.ec_thumbprint(curve, *found) == openssh.public_thumbprint(public)
            )  # fmt: skip
        if kind == b"ssh-ed25519":
            return numbers.okp_public("Ed25519", hidden.field()) == known.field()
    except MalformedDer:
        return False
    return kind == b"ssh-dss"


RSA = FormFamily(
    anchors=('"RSA2"', '"RSA3"'),
    read=read_rsa,
    forms=(
        KeyForm(
            "bcrypt-rsa",
            "`BCRYPT_RSAPRIVATE_BLOB` (`RSA2`) or `BCRYPT_RSAFULLPRIVATE_BLOB` (`RSA3`) of Windows",
        ),
        KeyForm("capi", "`PRIVATEKEYBLOB` of the older Windows interface"),
        KeyForm("pvk", "PVK file, not encrypted"),
    ),
)
"""RSA keys of Windows."""
EC = FormFamily(
    anchors=(*(f'"{magic.decode()}"' for magic in _EC_MAGICS), '"ECDV"', '"ECKV"'),
    read=read_ec,
    forms=(
        KeyForm("bcrypt-ec", "`BCRYPT_ECCPRIVATE_BLOB` of Windows (`ECS2`, `ECS4`, `ECS6`, `ECK2`, ...)"),
    ),
)
"""EC keys of Windows."""
PVK = FormFamily(
    anchors=("{ 1e f1 b5 b0 00 00 00 00 }",),
    read=read_pvk,
    forms=(KeyForm("pvk-encrypted", "PVK file under a password: a key is there, which one is not known"),),
)
"""Encrypted PVK files."""
JAVA = FormFamily(
    anchors=("{ fe ed fe ed 00 00 00 ( 01 | 02 ) }", "{ ce ce ce ce 00 00 00 ( 01 | 02 ) }"),
    read=read_java,
    forms=(KeyForm("jks", "Java key store (JKS, JCEKS) with a private or secret key in it; encrypted"),),
)
"""Key stores of Java."""
PUTTY = FormFamily(
    anchors=text_anchors("PuTTY-User-Key-File-"),
    read=read_putty,
    forms=(
        KeyForm("ppk", "PuTTY key file"),
        KeyForm("ppk-encrypted", "PuTTY key file with a passphrase; its public key is known"),
    ),
)
"""Key files of PuTTY."""
