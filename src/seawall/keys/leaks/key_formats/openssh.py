"""Read OpenSSH's private key format (PROTOCOL.key of OpenSSH)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import key_numbers as numbers
from seawall.keys.leaks.key_formats.der import MalformedDer
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext

MAGIC = b"openssh-key-v1\x00"
LONGEST_FIELD = 1 << 14
CURVES = {b"nistp256": "P-256", b"nistp384": "P-384", b"nistp521": "P-521"}
"""Curve names of RFC 5656."""


@dataclass(frozen=True, slots=True)
class SshKey:
    """A parsed key: `form` is openssh, openssh-encrypted or openssh-fragment."""

    form: str
    thumbprint: str | None
    end: int


class OpensshFields:
    """A sequence of length-prefixed fields (RFC 4251)."""

    def __init__(self, data: bytes, position: int, limit: int) -> None:
        self.data, self.position, self.limit = data, position, limit

    def number(self) -> int:
        """Read a uint32."""
        return int.from_bytes(self._take(4), "big")

    def short(self) -> int:
        """Read a uint16."""
        return int.from_bytes(self._take(2), "big")

    def skip(self, size: int) -> None:
        """Skip bytes."""
        self._take(size)

    def field(self) -> bytes:
        """Read a string."""
        size = self.number()
        if size > LONGEST_FIELD:
            raise MalformedDer
        return self._take(size)

    def integer(self) -> int:
        """Read a non-negative mpint."""
        content = self.field()
        if content and content[0] & 0x80:
            raise MalformedDer
        return int.from_bytes(content, "big")

    def _take(self, size: int) -> bytes:
        if self.position + size > self.limit:
            raise MalformedDer
        start, self.position = self.position, self.position + size
        return self.data[start : self.position]


def parse(data: bytes, start: int, limit: int) -> SshKey:
    """Read the key whose magic is at `start`; raises `MalformedDer`."""
    fields = OpensshFields(data, start + len(MAGIC), limit)
    cipher, _kdf, _options = fields.field(), fields.field(), fields.field()
    if fields.number() != 1:
        raise MalformedDer
    public = fields.field()
    thumbprint = public_thumbprint(public)
    try:
        secret = fields.field()
    except MalformedDer:
        if cipher == b"none" and _matches_prefix(data, fields.position, limit):
            return SshKey("openssh-fragment", thumbprint, limit)
        raise
    if cipher != b"none":
        if len(secret) < 48 or not numbers.is_random(secret):
            raise MalformedDer
        return SshKey("openssh-encrypted", thumbprint, fields.position)
    inner = OpensshFields(secret, 0, len(secret))
    if inner.number() != inner.number() or private_thumbprint(inner) != thumbprint:
        raise MalformedDer
    return SshKey("openssh", thumbprint, fields.position)


def _matches_prefix(data: bytes, position: int, limit: int) -> bool:
    """Return whether a truncated private part has its check numbers and at least 64 bytes of key."""
    return limit - position >= 96 and data[position : position + 4] == data[position + 4 : position + 8]


def public_thumbprint(blob: bytes) -> str | None:
    """Return the thumbprint of a public key blob (RFC 4253 section 6.6); None for types that JWK lacks."""
    fields = OpensshFields(blob, 0, len(blob))
    kind = fields.field()
    if kind == b"ssh-rsa":
        e, n = fields.integer(), fields.integer()
        if not numbers.is_rsa_modulus(n, e):
            raise MalformedDer
        return numbers.rsa_thumbprint(n, e)
    if kind.startswith(b"ecdsa-sha2-"):
        curve, point = CURVES.get(fields.field()), fields.field()
        half = (len(point) - 1) // 2
        if curve is None or point[:1] != b"\x04" or half != (numbers.CURVES[curve].key_size + 7) // 8:
            raise MalformedDer
        return numbers.ec_thumbprint(
            curve, int.from_bytes(point[1 : half + 1], "big"), int.from_bytes(point[half + 1 :], "big")
        )
    if kind == b"ssh-ed25519":
        return numbers.okp_thumbprint("Ed25519", fields.field())
    if kind in (b"ssh-dss", b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"):
        return None
    raise MalformedDer


def private_thumbprint(fields: OpensshFields) -> str | None:
    """Return the thumbprint of a private part, after checking that its numbers are consistent."""
    kind = fields.field()
    if kind == b"ssh-rsa":
        n, e, d, _iqmp, p, q = (fields.integer() for _ in range(6))
        key = numbers.RsaNumbers(n, e, d, p, q)
        if not numbers.rsa_belongs(key):
            raise MalformedDer
        return numbers.private_thumbprint(key)
    if kind.startswith(b"ecdsa-sha2-"):
        curve, _point, scalar = CURVES.get(fields.field()), fields.field(), fields.integer()
        public = numbers.ec_public(curve, scalar) if curve else None
        if curve is None or public is None:
            raise MalformedDer
        return numbers.ec_thumbprint(curve, *public)
    if kind == b"ssh-ed25519":
        _public, secret = fields.field(), fields.field()
        public_key = numbers.okp_public("Ed25519", secret[:32])
        if public_key is None:
            raise MalformedDer
        return numbers.okp_thumbprint("Ed25519", public_key)
    if kind == b"ssh-dss":
        p, q, g, y, x = (fields.integer() for _ in range(5))
        if numbers.dsa_belongs(p, q, g, y, x):
            return None
    raise MalformedDer  # also for security keys: the file contains a handle, and the key is in the token


def read(data: bytes, anchor: int, _inside: SearchContext) -> Iterable[RawHit]:
    """Read the key at `anchor` that is not wrapped in PEM."""
    try:
        key = parse(data, anchor, len(data))
    except MalformedDer:
        return
    yield RawHit(anchor, key.form, key.thumbprint, key.end - anchor)


FAMILY = FormFamily(
    anchors=('"openssh-key-v1\\x00"',),
    read=read,
    forms=(
        KeyForm("openssh", "OpenSSH's format without PEM around it"),
        KeyForm("openssh-encrypted", "the same with a passphrase; its public key is known"),
    ),
)
"""OpenSSH's binary format."""
