"""Make keyed sketches of private keys: enough to recognise a key's numbers anywhere, too little to learn them.

A sketch is made where the key is. It covers each private number: of RSA p, q, d, dP, dQ and qInv, of elliptic curves the
scalar, of Edwards and Montgomery curves the seed. For each number it contains:

1. A digest: BLAKE2b of the whole number under a random key, which is part of the sketch. A number has at least 190
   unguessable bits, so the digest confirms a guess but does not help to make one.
2. A fold (`folds`): a 16-bit hash of one 8-byte window, by which a search finds the places worth a digest. Numbers of 64
   bytes or more have a second 16-bit hash.

The hashes are all that a sketch reveals of a number: 16 of 256 bits, or 32 of 512 or more. On a 256-bit curve this saves
at most a factor of 2^8: the logarithm of one of 2^240 numbers takes 2^120 generic steps instead of 2^128. On RSA it saves
nothing that is known: methods that use parts of p or d need a quarter or a half of all bits.

The window lies where no bits of the number are public (the top half of d follows from n and e).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519

from seawall.keys.leaks.key_formats import key_numbers
from seawall.keys.leaks.number_search.windows import WINDOW, check_of, fold_of
from seawall_tokens.jose import base64url, strict_json

FORMAT = "seawall-key-sketches"
VERSION = 1
LARGEST = 8 << 20
"""Bytes of a file of sketches."""
MOST_PARTS = 20_000
SHORTEST, LONGEST = 24, 2048
"""Bytes of a number: a shorter one could be guessed, and no key has a longer one."""
LONG = 64
SALT, DIGEST = 32, 32
NAMES = ("p", "q", "d", "dp", "dq", "qinv", "scalar", "seed")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")

_Raw = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | _Raw
_RAW: dict[type, str] = {
    ed25519.Ed25519PrivateKey: "Ed25519",
    ed448.Ed448PrivateKey: "Ed448",
    x25519.X25519PrivateKey: "X25519",
    x448.X448PrivateKey: "X448",
}
_CURVES = {curve.name: name for name, curve in key_numbers.CURVES.items()}


class SketchesUnreadable(ValueError):
    """The document contains no sketches readable by this version. The text says why."""


class NoSketch(ValueError):
    """No sketch can be made of this kind of key."""


@dataclass(frozen=True, slots=True)
class SketchPart:
    """The sketch of one number: `length` bytes big-endian without leading zeros (a seed: its bytes)."""

    name: str
    length: int
    anchor: int
    """Offset in the number at which the fold's window begins."""
    fold: int
    check: int | None
    """A second hash of the same window, only for numbers of at least `LONG` bytes."""
    digest: bytes


@dataclass(frozen=True, slots=True)
class KeySketch:
    """The sketch of one key. `key` is the RFC 7638 thumbprint of its public key."""

    key: str
    salt: bytes
    parts: tuple[SketchPart, ...]


def make_sketch(key: PrivateKey) -> KeySketch:
    """Make a sketch, different each time because of its random key. Raises `NoSketch` for unsupported kinds of keys."""
    thumbprint, numbers = _numbers(key)
    salt = secrets.token_bytes(SALT)
    parts = [_part(name, content, salt) for name, content in numbers.items() if len(content) >= SHORTEST]
    if not parts:
        raise NoSketch("the key is too short")
    return KeySketch(thumbprint, salt, tuple(parts))


def digest_of(content: bytes, salt: bytes) -> bytes:
    """Return the digest of a number's bytes under the sketch's random key."""
    return hashlib.blake2b(content, digest_size=DIGEST, key=salt, person=b"seawall-sketch-1").digest()


def write_sketches(sketches: Iterable[KeySketch]) -> bytes:
    """Format a file of sketches: JSON, one sketch for each key by thumbprint; of several the last."""
    latest = {sketch.key: sketch for sketch in sketches}
    rows = [
        {
            "key": sketch.key,
            "salt": base64url.encode(sketch.salt),
            "parts": [
                {
                    "name": part.name,
                    "length": part.length,
                    "anchor": part.anchor,
                    "fold": part.fold,
                    **({} if part.check is None else {"check": part.check}),
                    "digest": base64url.encode(part.digest),
                }
                for part in sketch.parts
            ],
        }
        for _, sketch in sorted(latest.items())
    ]
    document = {"format": FORMAT, "version": VERSION, "sketches": rows}
    return (json.dumps(document, indent=1) + "\n").encode()


def read_sketches(document: bytes) -> tuple[KeySketch, ...]:
    """Read and validate a file of sketches; raises `SketchesUnreadable`."""
    try:
        value = strict_json.loads(document, max_bytes=LARGEST, max_depth=8)
    except strict_json.JsonRefused as error:
        raise SketchesUnreadable(f"no JSON: {error}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SketchesUnreadable("not a file of key sketches")
    if type(value.get("version")) is not int or value["version"] != VERSION:
        raise SketchesUnreadable(f"not version {VERSION} of the format")
    rows = value.get("sketches")
    if not isinstance(rows, list):
        raise SketchesUnreadable("sketches is not a list")
    sketches = tuple(_sketch(row) for row in rows)
    if sum(len(sketch.parts) for sketch in sketches) > MOST_PARTS:
        raise SketchesUnreadable(f"more than {MOST_PARTS:,} parts")
    return sketches


def _numbers(key: PrivateKey) -> tuple[str, dict[str, bytes]]:
    """Return the thumbprint and the private numbers of a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        private = key.private_numbers()
        public = private.public_numbers
        names = {"p": private.p, "q": private.q, "d": private.d}
        names |= {"dp": private.dmp1, "dq": private.dmq1, "qinv": private.iqmp}
        return key_numbers.rsa_thumbprint(public.n, public.e), {
            name: _bytes(value) for name, value in names.items()
        }
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        numbers = key.private_numbers()
        point = numbers.public_numbers
        thumbprint = key_numbers.ec_thumbprint(_CURVES[key.curve.name], point.x, point.y)
        return thumbprint, {"scalar": _bytes(numbers.private_value)}
    if isinstance(key, _Raw):
        name = _RAW[next(kind for kind in _RAW if isinstance(key, kind))]
        return key_numbers.okp_thumbprint(name, key.public_key().public_bytes_raw()), {
            "seed": key.private_bytes_raw()
        }
    raise NoSketch("keys of this kind are not searched for")


def _bytes(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _part(name: str, content: bytes, salt: bytes) -> SketchPart:
    usual = len(content) - len(content) // 4 - WINDOW
    # Fold 0 is that of every run of one byte, at which a search would stop everywhere.
    others = (place for place in range(len(content) - WINDOW + 1) if fold_of(content[place : place + WINDOW]))
    anchor = usual if fold_of(content[usual : usual + WINDOW]) else next(others, usual)
    window = content[anchor : anchor + WINDOW]
    check = check_of(window) if len(content) >= LONG else None
    return SketchPart(name, len(content), anchor, fold_of(window), check, digest_of(content, salt))


def _sketch(row: Any) -> KeySketch:
    if not isinstance(row, dict) or not isinstance(row.get("parts"), list):
        raise SketchesUnreadable("a sketch is not an object with parts")
    key = row.get("key")
    if not isinstance(key, str) or not _THUMBPRINT.fullmatch(key):
        raise SketchesUnreadable("key is no thumbprint")
    return KeySketch(key, _octets(row, "salt", SALT), tuple(_read_part(part) for part in row["parts"]))


def _read_part(row: Any) -> SketchPart:
    if not isinstance(row, dict) or row.get("name") not in NAMES:
        raise SketchesUnreadable("a part has no name that this version knows")
    length = _whole(row, "length", SHORTEST, LONGEST)
    anchor = _whole(row, "anchor", 0, length - WINDOW)
    fold = _whole(row, "fold", 0, 0xFFFF)
    check = _whole(row, "check", 0, 0xFFFF) if "check" in row else None
    return SketchPart(row["name"], length, anchor, fold, check, _octets(row, "digest", DIGEST))


def _whole(row: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = row.get(name)
    if type(value) is not int or not least <= value <= most:
        raise SketchesUnreadable(f"{name} is not a whole number from {least} to {most}")
    return value


def _octets(row: Mapping[str, Any], name: str, size: int) -> bytes:
    value = row.get(name)
    try:
        octets = base64url.decode(value) if isinstance(value, str) else b""
    except ValueError:
        octets = b""
    if len(octets) != size:
        raise SketchesUnreadable(f"{name} is not {size} bytes in base64url")
    return octets
