"""Read DER private keys: PKCS#1 (RFC 8017), SEC 1 (RFC 5915), PKCS#8 (RFC 5208, 5958, 8410), DSA, PKCS#12 (RFC 7292).

Each reader takes the offset of the outer SEQUENCE. It returns a key with consistent numbers, or raises
`MalformedDer`. A key that is truncated or damaged after its private part began is returned as a fragment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats.der import (
    BIT_STRING,
    INTEGER,
    OBJECT,
    OCTETS,
    SEQUENCE,
    DerElement,
    MalformedDer,
    TruncatedDer,
    content,
    element,
    integer,
)

RSA_OBJECTS = {bytes.fromhex("2a864886f70d0101" + last) for last in ("01", "0a", "07")}
"""Object identifiers rsaEncryption, RSASSA-PSS, RSAES-OAEP."""
EC_OBJECT = bytes.fromhex("2a8648ce3d0201")
DSA_OBJECT = bytes.fromhex("2a8648ce380401")
ENCRYPTIONS = (bytes.fromhex("2a864886f70d0105"), bytes.fromhex("2a864886f70d010c01"))
"""Prefixes of the password-based encryption identifiers of PKCS#5 and PKCS#12."""
KEY_BAGS = (bytes.fromhex("060b2a864886f70d010c0a0101"), bytes.fromhex("060b2a864886f70d010c0a0102"))
"""keyBag and pkcs8ShroudedKeyBag of PKCS#12."""
FURTHEST_WRAPPING = 48
"""Maximum bytes from the start of a PKCS#8 key to its inner key."""


@dataclass(frozen=True, slots=True)
class DerKey:
    """A private key at `start`..`end`; `kind` is pkcs1, sec1, pkcs8, dsa, pkcs8-encrypted or pkcs12."""

    kind: str
    start: int
    end: int
    thumbprint: str | None = None
    is_whole: bool = True
    curve: str | None = None

    @property
    def form(self) -> str:
        """Return the name of the form."""
        name = self.kind if self.kind == "pkcs12" else f"{self.kind}-der"
        return name if self.is_whole else f"{name}-fragment"


def read_any(data: bytes, start: int, limit: int) -> DerKey:
    """Read a private key of any kind at `start`."""
    for reader in (read_pkcs8, read_pkcs1, read_sec1, read_encrypted, read_pkcs12):
        try:
            return reader(data, start, limit)
        except MalformedDer:
            continue
    raise MalformedDer


def read_pkcs1(data: bytes, start: int, limit: int) -> DerKey:
    """Read an RSAPrivateKey, or a DSA key in OpenSSL's equal structure."""
    body, end = _open(data, start, limit)
    values: list[int] = []
    position, is_whole = body, True
    try:
        while position < end and len(values) < 9:
            value, position = integer(data, position, min(end, limit))
            values.append(value)
    except TruncatedDer:
        is_whole = False
        position = min(end, limit)
    except MalformedDer:
        is_whole = False
    if len(values) < 3 or values[0] != 0:
        raise MalformedDer
    if len(values) == 6 and is_whole and position == end:
        return _dsa(start, end, values)
    key = numbers.RsaNumbers(*values[1:6])
    if is_whole and len(values) == 9 and position == end and numbers.rsa_belongs(key):
        return DerKey("pkcs1", start, end, numbers.private_thumbprint(key))
    return _rsa_fragment(data, start, position, key)


def _rsa_fragment(data: bytes, start: int, position: int, key: numbers.RsaNumbers) -> DerKey:
    """Return a fragment if modulus and exponent are complete and what is left of d looks like an exponent."""
    if not numbers.is_rsa_modulus(key.n, key.e) or key.e >> 33 or key.n.bit_length() % 8:
        raise MalformedDer
    if key.d:
        if not 0 <= key.n.bit_length() - key.d.bit_length() < 64:
            raise MalformedDer
    elif not _begins_exponent(data, start, position, key.n):
        raise MalformedDer
    return DerKey("pkcs1", start, position, numbers.rsa_thumbprint(key.n, key.e), is_whole=False)


def _begins_exponent(data: bytes, start: int, position: int, n: int) -> bool:
    """Return whether an INTEGER as long as n begins here, with at least 16 bytes present."""
    position = _after_integers(data, start, position)
    left = data[position : position + 4 + n.bit_length() // 8]
    try:
        element(left, 0, len(left), INTEGER)
    except TruncatedDer:
        head = 4 if left[1:2] == b"\x82" else 3
        size = int.from_bytes(left[2:head], "big")
        return (
            len(left) >= head + 16
            and 0 <= n.bit_length() // 8 - size + 1 < 8
            and numbers.is_random(left[head:])
        )
    except MalformedDer:
        return False
    return False


def _after_integers(data: bytes, start: int, limit: int) -> int:
    """Return the offset after version, n and e."""
    position, _ = _open(data, start, limit)
    for _ in range(3):
        position = integer(data, position, limit)[1]
    return position


def _dsa(start: int, end: int, values: list[int]) -> DerKey:
    if not numbers.dsa_belongs(*values[1:6]):
        raise MalformedDer
    return DerKey("dsa", start, end)


def read_sec1(data: bytes, start: int, limit: int, curve: str | None = None) -> DerKey:
    """Read an ECPrivateKey. `curve` comes from a surrounding PKCS#8 key.

    Without a curve, the size alone gives no public key.
    """
    outer = element(data, start, limit, SEQUENCE)
    version, position = integer(data, outer.body, outer.end)
    scalar = element(data, position, outer.end, OCTETS)
    if version != 1 or not 16 <= scalar.end - scalar.body <= 66:
        raise MalformedDer
    position, point = scalar.end, b""
    while position < outer.end:
        part = element(data, position, outer.end)
        if part.tag == 0xA0:
            named = numbers.CURVE_OBJECTS.get(content(data, element(data, part.body, part.end, OBJECT)))
            if named is None or curve not in (None, named):
                raise MalformedDer
            curve = named
        elif part.tag == 0xA1:
            point = content(data, element(data, part.body, part.end, BIT_STRING))[1:]
        else:
            raise MalformedDer
        position = part.end
    secret = content(data, scalar)
    if not numbers.is_random(secret):
        raise MalformedDer
    return DerKey("sec1", start, outer.end, _ec_thumbprint(curve, secret, point), curve=curve)


def _ec_thumbprint(curve: str | None, secret: bytes, point: bytes) -> str | None:
    """Return the thumbprint, after checking that a stated public point is the scalar's."""
    for name in [curve] if curve else _curves_of(point):
        public = numbers.ec_public(name, int.from_bytes(secret, "big"))
        if public is None:
            raise MalformedDer
        if not point or is_point(point, public):
            return numbers.ec_thumbprint(name, *public)
    if point or curve:
        raise MalformedDer
    return None


def _curves_of(point: bytes) -> list[str]:
    """Return the curves whose points have this length; empty without a point."""
    sizes = {name: (curve.key_size + 7) // 8 for name, curve in numbers.CURVES.items()}
    return [name for name, size in sizes.items() if len(point) in (2 * size + 1, size + 1)]


def is_point(octets: bytes, public: tuple[int, int]) -> bool:
    """Return whether octets (SEC 1 section 2.3.3, compressed or not) encode the point."""
    x, y = public
    if octets[:1] == b"\x04":
        half = (len(octets) - 1) // 2
        return (int.from_bytes(octets[1 : half + 1], "big"), int.from_bytes(octets[half + 1 :], "big")) == (
            x,
            y,
        )
    return (
        octets[:1] in (b"\x02", b"\x03") and int.from_bytes(octets[1:], "big") == x and octets[0] & 1 == y & 1
    )


def read_pkcs8(data: bytes, start: int, limit: int) -> DerKey:
    """Read a PrivateKeyInfo or OneAsymmetricKey."""
    body, end = _open(data, start, limit)
    stop = min(end, limit)
    version, position = integer(data, body, stop)
    algorithm = element(data, position, stop, SEQUENCE)
    named = element(data, algorithm.body, algorithm.end, OBJECT)
    if version > 1:
        raise MalformedDer
    kind = content(data, named)
    if kind in RSA_OBJECTS:
        octets, _ = _open(data, algorithm.end, limit, OCTETS)
        inner = read_pkcs1(data, octets, stop)
        return replace(inner, kind="pkcs8", start=start, end=min(end, limit) if inner.is_whole else inner.end)
    held = element(data, algorithm.end, stop, OCTETS)
    if end > limit:
        raise MalformedDer
    if kind == EC_OBJECT:
        curve = numbers.CURVE_OBJECTS.get(content(data, element(data, named.end, algorithm.end, OBJECT)))
        if curve is None:
            raise MalformedDer
        return replace(read_sec1(data, held.body, held.end, curve), kind="pkcs8", start=start, end=end)
    if kind in numbers.OKP_OBJECTS:
        return DerKey("pkcs8", start, end, _okp(data, numbers.OKP_OBJECTS[kind], held, end))
    if kind == DSA_OBJECT:
        _check_dsa(data, named, algorithm, held)
        return DerKey("pkcs8", start, end)
    raise MalformedDer


def _okp(data: bytes, curve: str, held: DerElement, end: int) -> str:
    """Return the thumbprint, after checking that a stated public key is the private key's."""
    public = numbers.okp_public(curve, content(data, element(data, held.body, held.end, OCTETS)))
    if public is None:
        raise MalformedDer
    position = held.end
    while position < end:
        part = element(data, position, end)
        if part.tag in (0x81, 0xA1) and content(data, part)[-len(public) :] != public:
            raise MalformedDer
        position = part.end
    return numbers.okp_thumbprint(curve, public)


def _check_dsa(data: bytes, named: DerElement, algorithm: DerElement, held: DerElement) -> None:
    """Check a DSA key in PKCS#8: the group is valid, and x is smaller than q."""
    parameters = element(data, named.end, algorithm.end, SEQUENCE)
    p, position = integer(data, parameters.body, parameters.end)
    q, position = integer(data, position, parameters.end)
    g, _ = integer(data, position, parameters.end)
    x, _ = integer(data, held.body, held.end)
    if not numbers.dsa_belongs(p, q, g, pow(g, x, p) if p.bit_length() <= 4_096 and p > 1 else 0, x):
        raise MalformedDer


def read_encrypted(data: bytes, start: int, limit: int) -> DerKey:
    """Read an EncryptedPrivateKeyInfo, whose key is unknown."""
    outer = element(data, start, limit, SEQUENCE)
    algorithm = element(data, outer.body, outer.end, SEQUENCE)
    named = content(data, element(data, algorithm.body, algorithm.end, OBJECT))
    held = element(data, algorithm.end, outer.end, OCTETS)
    secret = content(data, held)
    if not named.startswith(ENCRYPTIONS) or held.end != outer.end:
        raise MalformedDer
    if len(secret) < 48 or not numbers.is_random(secret):
        raise MalformedDer
    return DerKey("pkcs8-encrypted", start, outer.end)


def read_pkcs12(data: bytes, start: int, limit: int) -> DerKey:
    """Read a PKCS#12 store that contains a key bag, without opening it."""
    if data[start : start + 2] == b"\x30\x80":
        body, end = start + 2, limit
    else:
        body, end = _open(data, start, limit)
    version, position = integer(data, body, min(end, limit))
    safe = data[position : min(end, limit)]
    if version != 3 or safe[:1] != b"\x30" or bytes.fromhex("06092a864886f70d0107") not in safe[:32]:
        raise MalformedDer
    if not any(bag in safe for bag in KEY_BAGS):
        raise MalformedDer
    return DerKey("pkcs12", start, min(end, limit))


def wrapping(data: bytes, inner: DerKey, limit: int) -> DerKey:
    """Return the PKCS#8 key around a key, if there is one; else the key itself."""
    for start in range(inner.start - 1, max(-1, inner.start - FURTHEST_WRAPPING), -1):
        if data[start] == SEQUENCE:
            try:
                outer = read_pkcs8(data, start, limit)
            except MalformedDer:
                continue
            if outer.end >= inner.end and outer.thumbprint is not None:
                return outer
    return inner


def _open(data: bytes, start: int, limit: int, tag: int = SEQUENCE) -> tuple[int, int]:
    """Return body and end of an element that may extend beyond the limit."""
    try:
        found = element(data, start, limit, tag)
    except TruncatedDer:
        head = data[start : start + 5]
        size = head[1] & 0x7F if len(head) > 1 and head[1] & 0x80 else 0
        body = start + 2 + size
        length = int.from_bytes(head[2 : 2 + size], "big") if size else (head[1] if len(head) > 1 else 0)
        if body > limit:
            raise
        return body, body + length
    return found.body, found.end
