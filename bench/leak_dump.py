"""Make the dump for `scan_leaks.py`: random bytes, log text, zeros and machine code, with throw-away keys in every form.

It shares no code with the search: the forms are implemented here independently.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

STRUCTURE, PUBLIC, SKETCH = "structure", "public key", "sketch"
GAP = 16 << 10
"""Bytes between planted forms, so that no form helps to find another."""
PKCS1, PKCS8, OPENSSH = s.PrivateFormat.TraditionalOpenSSL, s.PrivateFormat.PKCS8, s.PrivateFormat.OpenSSH


@dataclass(frozen=True)
class Form:
    """One form of one key: its bytes, and which search finds it. Its offset is a multiple of `align`."""

    name: str
    needs: str
    content: bytes
    align: int = 1


@dataclass(frozen=True)
class Planted:
    """A form at an offset of the dump."""

    form: Form
    key: str
    offset: int

    @property
    def end(self) -> int:
        return self.offset + len(self.form.content)


def keys() -> list[Any]:
    """Return two throw-away keys of each type."""
    made: list[Any] = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    made += [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    return made + [ed25519.Ed25519PrivateKey.generate() for _ in range(2)]


def more_keys() -> tuple[list[Any], list[Any]]:
    """Return throw-away keys that stand nowhere in the dump: 19 of RSA 2048, and 19 of mixed types."""
    made = [rsa.generate_private_key(65537, 2048) for _ in range(19)]
    mixed: list[Any] = made[:4] + [
        rsa.generate_private_key(65537, bits) for bits in (3072, 4096) for _ in range(3)
    ]
    mixed += [ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1()) for _ in range(3)]
    return made, mixed + [ed25519.Ed25519PrivateKey.generate() for _ in range(3)]


def jwk(key: Any) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        values = {"n": n.public_numbers.n, "e": 65537, "d": n.d, "p": n.p, "q": n.q}
        values |= {"dp": n.dmp1, "dq": n.dmq1, "qi": n.iqmp}
        return {"kty": "RSA"} | {name: _letters(_octets(value)) for name, value in values.items()}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        values = {"x": point.x, "y": point.y, "d": key.private_numbers().private_value}
        size = key.key_size
        return {"kty": "EC", "crv": f"P-{size}"} | {
            name: _letters(v.to_bytes(size // 8, "big")) for name, v in values.items()
        }
    x, d = _letters(key.public_key().public_bytes_raw()), _letters(key.private_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "d": d}


def public_jwk(key: Any) -> dict[str, str]:
    return {name: value for name, value in jwk(key).items() if name in ("kty", "crv", "n", "e", "x", "y")}


def thumbprint(key: Any) -> str:
    text = json.dumps(public_jwk(key), sort_keys=True, separators=(",", ":"))
    return _letters(hashlib.sha256(text.encode()).digest())


def forms(key: Any) -> Iterator[Form]:
    """Yield every form of a key."""
    yield from _texts(key)
    yield from _binaries(key)
    if isinstance(key, rsa.RSAPrivateKey):
        yield from _rsa_numbers(key)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        number = key.private_numbers()
        x = number.public_numbers.x.to_bytes(32, "big")
        for order in ("little", "big"):
            scalar = number.private_value.to_bytes(32, order)
            near = random.Random(x).randbytes(1000)
            yield Form(f"scalar {order} before its point", PUBLIC, scalar + near + x)
            yield Form(f"scalar {order} after its point little", PUBLIC, x[::-1] + bytes(3000) + scalar)
            yield Form(f"lone scalar {order}", SKETCH, scalar)
    else:
        seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
        yield Form("seed before its public key", PUBLIC, seed + public)
        yield Form("seed after its public key", PUBLIC, public + bytes(2000) + seed)
        yield Form("lone seed", SKETCH, seed)
        yield Form("lone seed reversed", SKETCH, seed[::-1])


def _texts(key: Any) -> Iterator[Form]:
    layouts = {"pkcs8": PKCS8, "openssh": OPENSSH}
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        layouts["pkcs1" if isinstance(key, rsa.RSAPrivateKey) else "sec1"] = PKCS1
    texts = {
        f"PEM {name}": key.private_bytes(s.Encoding.PEM, each, s.NoEncryption())
        for name, each in layouts.items()
    }
    texts["JWK"] = json.dumps(jwk(key)).encode()
    for name, text in texts.items():
        yield Form(name, STRUCTURE, text)
        yield Form(f"{name} UTF-16LE", STRUCTURE, text.decode().encode("utf-16-le"))
        yield Form(f"{name} UTF-16BE", STRUCTURE, text.decode().encode("utf-16-be"))
        yield Form(f"{name} JSON-escaped", STRUCTURE, json.dumps({"key": text.decode()}).encode())
        yield Form(f"base64 of {name}", STRUCTURE, base64.b64encode(text))
        yield Form(f"zlib page with {name}", STRUCTURE, zlib.compress(_page(text)))
        yield Form(f"gzip page with {name}", STRUCTURE, gzip.compress(_page(text), mtime=0))


def _binaries(key: Any) -> Iterator[Form]:
    def der(layout: s.PrivateFormat) -> bytes:
        return bytes(key.private_bytes(s.Encoding.DER, layout, s.NoEncryption()))

    binaries = {"DER pkcs8": der(PKCS8)}
    if isinstance(key, rsa.RSAPrivateKey):
        binaries |= {
            "DER pkcs1": der(PKCS1),
            "BCRYPT RSA2": _bcrypt(key, b"RSA2"),
            "BCRYPT RSA3": _bcrypt(key, b"RSA3"),
        }
        binaries |= {
            "CAPI": _capi(key),
            "PVK": b"\x1e\xf1\xb5\xb0" + struct.pack("<5I", 0, 1, 0, 0, len(_capi(key))) + _capi(key),
        }
    if isinstance(key, ec.EllipticCurvePrivateKey):
        n = key.private_numbers()
        values = (n.public_numbers.x, n.public_numbers.y, n.private_value)
        blob = b"ECS2" + struct.pack("<I", 32) + b"".join(value.to_bytes(32, "big") for value in values)
        binaries |= {"DER sec1": der(PKCS1), "BCRYPT ECS2": blob}
    for name, content in binaries.items():
        yield Form(name, STRUCTURE, content)
        yield Form(f"base64 of {name}", STRUCTURE, base64.b64encode(content))
        yield Form(f"hex of {name}", STRUCTURE, content.hex().encode())
        yield Form(f"zlib page with {name}", STRUCTURE, zlib.compress(_page(content)))
        yield Form(f"gzip page with {name}", STRUCTURE, gzip.compress(_page(content), mtime=0))


def _rsa_numbers(key: rsa.RSAPrivateKey) -> Iterator[Form]:
    n = key.private_numbers()
    for order in ("little", "big"):
        for name, value, size, needs in (
            ("p", n.p, 128, PUBLIC), ("q", n.q, 128, PUBLIC), ("d", n.d, 256, PUBLIC),
            ("dP", n.dmp1, 128, SKETCH), ("dQ", n.dmq1, 128, SKETCH), ("qInv", n.iqmp, 128, SKETCH),
        ):  # fmt: skip
            content = value.to_bytes(size, order)
            yield Form(f"bare {name} {order} aligned", needs, content, align=8)
            yield Form(f"bare {name} {order} unaligned", needs, content)


def _bcrypt(key: rsa.RSAPrivateKey, magic: bytes) -> bytes:
    n = key.private_numbers()
    values = [(n.public_numbers.n, 256), (n.p, 128), (n.q, 128)]
    if magic == b"RSA3":
        values += [(n.dmp1, 128), (n.dmq1, 128), (n.iqmp, 128), (n.d, 256)]
    head = magic + struct.pack("<5I", 2048, 3, 256, 128, 128) + b"\x01\x00\x01"
    return head + b"".join(value.to_bytes(size, "big") for value, size in values)


def _capi(key: rsa.RSAPrivateKey) -> bytes:
    n = key.private_numbers()
    values = (
        (n.public_numbers.n, 256),
        (n.p, 128),
        (n.q, 128),
        (n.dmp1, 128),
        (n.dmq1, 128),
        (n.iqmp, 128),
        (n.d, 256),
    )
    head = b"\x07\x02\x00\x00\x00\xa4\x00\x00RSA2" + struct.pack("<2I", 2048, 65537)
    return head + b"".join(value.to_bytes(size, "little") for value, size in values)


def _page(content: bytes) -> bytes:
    """Return content inside a page of memory or of a database."""
    text = b"".join(_lines(random.Random(content), 1200))
    return text + content + text[::-1]


def _octets(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _lines(dice: random.Random, size: int) -> Iterator[bytes]:
    """Yield lines of a log: times, names, paths, hexadecimal and base64 of random bytes."""
    kinds: list[Callable[[], str]] = [
        lambda: f"accepted kid={dice.randbytes(20).hex()} client={uuid.UUID(bytes=dice.randbytes(16))}",
        lambda: (
            f"GET /api/v1/users/{dice.randrange(10**6)}/messages?top={dice.randrange(100)} 200 {dice.random():.4f}"
        ),
        lambda: f"etag={base64.b64encode(dice.randbytes(dice.randrange(20, 90))).decode()}",
        lambda: (
            f"session {base64.urlsafe_b64encode(dice.randbytes(33)).decode()} for user{dice.randrange(5000)}@example.com"
        ),
        lambda: f"digest sha256:{dice.randbytes(32).hex()} size={dice.randrange(10**7)}",
        lambda: json.dumps(
            {"level": "info", "traceId": dice.randbytes(16).hex(), "took": dice.randrange(999)}
        ),
    ]
    written = 0
    while written < size:
        stamp = f"2026-11-{dice.randrange(1, 29):02}T{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.random() * 60:06.3f}Z"
        line = f"{stamp} app[{dice.randrange(99999)}]: {dice.choice(kinds)()}\n".encode()
        written += len(line)
        yield line


def _code(size: int) -> bytes:
    """Return bytes of programs and libraries of this machine."""
    found = bytearray()
    for folder in ("/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib", "/usr/sbin"):
        for path in sorted(Path(folder).glob("*")):
            if path.is_file() and not path.is_symlink() and len(found) < size:
                content = path.read_bytes()
                found += content if content.startswith(b"\x7fELF") else b""
    return bytes((found * (1 + size // max(1, len(found))))[:size])


def make_dump(path: Path, size: int, seed: int, made: list[Any]) -> list[Planted]:
    """Write the dump (35 % random, 30 % log, 20 % zeros, 15 % code, in stretches); return the planted forms."""
    dice, noise = random.Random(seed), np.random.default_rng(seed)
    code = _code(size * 15 // 100)
    text = b"".join(_lines(dice, size * 30 // 100))
    stock = {
        "random": noise.bytes(size * 35 // 100),
        "log": text,
        "zero": bytes(size * 20 // 100),
        "code": code,
    }
    stretches = []
    for content in stock.values():
        start = 0
        while start < len(content):
            length = dice.randrange(4 << 10, 256 << 10)
            stretches.append(content[start : start + length])
            start += length
    dice.shuffle(stretches)
    data = bytearray(b"".join(stretches))[:size]
    data += bytes(size - len(data))
    planted = [(form, thumbprint(key)) for key in made for form in forms(key)]
    dice.shuffle(planted)
    free = size - sum(len(form.content) + GAP + 8 for form, _ in planted)
    if free < 0:
        raise ValueError("the dump is too small for all forms")
    starts = sorted(dice.randrange(free) for _ in planted)
    result, used = [], 0
    for (form, key), start in zip(planted, starts, strict=True):
        place = start + used
        place += -place % form.align if form.align > 1 else int(place % 8 == 0)
        data[place : place + len(form.content)] = form.content
        result.append(Planted(form, key, place))
        used += len(form.content) + GAP + 8
    path.write_bytes(data)
    return result
