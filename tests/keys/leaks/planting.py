"""Throw-away keys, made when tests run, in every form that a search must know."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519

CURVES: dict[str, Any] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}


@functools.cache
def make(kind: str, _which: int = 0) -> Any:
    """A key; the same arguments give the same key while the tests run."""
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(65537, int(kind[4:]))
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    if kind == "DSA":
        return dsa.generate_private_key(1024)
    kinds: dict[str, Any] = {
        "Ed25519": ed25519.Ed25519PrivateKey,
        "Ed448": ed448.Ed448PrivateKey,
        "X25519": x25519.X25519PrivateKey,
    }
    return kinds[kind].generate()


def thumbprint(key: Any) -> str | None:
    """RFC 7638, computed here from the JSON that the RFC prints."""
    import hashlib

    public = {name: value for name, value in jwk(key).items() if name in ("kty", "crv", "n", "e", "x", "y")}
    if not public:
        return None
    text = json.dumps(public, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def whole(value: int, size: int | None = None) -> str:
    return letters(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(key: Any) -> dict[str, str]:
    """The private JWK; empty for DSA."""
    if isinstance(key, dsa.DSAPrivateKey):
        return {}
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        values = {"n": n.public_numbers.n, "e": n.public_numbers.e, "d": n.d, "p": n.p, "q": n.q}
        values |= {"dp": n.dmp1, "dq": n.dmq1, "qi": n.iqmp}
        return {"kty": "RSA", "kid": "test", **{name: whole(value) for name, value in values.items()}}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = {kind.name: label for label, kind in CURVES.items()}[key.curve.name]
        size = (key.key_size + 7) // 8
        point = key.public_key().public_numbers()
        x, y, d = (whole(value, size) for value in (point.x, point.y, key.private_numbers().private_value))
        return {"kty": "EC", "crv": name, "x": x, "y": y, "d": d}
    name = type(key).__name__.replace("PrivateKey", "").lstrip("_")
    return {
        "kty": "OKP",
        "crv": name,
        "d": letters(key.private_bytes_raw()),
        "x": letters(key.public_key().public_bytes_raw()),
    }


def der(key: Any, layout: s.PrivateFormat) -> bytes:
    return bytes(key.private_bytes(s.Encoding.DER, layout, s.NoEncryption()))


def pem(key: Any, layout: s.PrivateFormat, password: bytes | None = None) -> bytes:
    cipher = s.BestAvailableEncryption(password) if password else s.NoEncryption()
    return bytes(key.private_bytes(s.Encoding.PEM, layout, cipher))


def bcrypt_rsa(key: rsa.RSAPrivateKey, magic: bytes = b"RSA2") -> bytes:
    n = key.private_numbers()
    size, half = key.key_size // 8, key.key_size // 16
    e = n.public_numbers.e.to_bytes(3, "big")
    blob = magic + struct.pack("<5I", key.key_size, 3, size, half, half) + e
    blob += b"".join(v.to_bytes(w, "big") for v, w in ((n.public_numbers.n, size), (n.p, half), (n.q, half)))
    if magic == b"RSA3":
        rest = ((n.dmp1, half), (n.dmq1, half), (n.iqmp, half), (n.d, size))
        blob += b"".join(v.to_bytes(w, "big") for v, w in rest)
    return blob


def capi(key: rsa.RSAPrivateKey) -> bytes:
    n = key.private_numbers()
    size, half = key.key_size // 8, key.key_size // 16
    blob = b"\x07\x02\x00\x00\x00\xa4\x00\x00RSA2" + struct.pack("<2I", key.key_size, n.public_numbers.e)
    parts = (
        (n.public_numbers.n, size),
        (n.p, half),
        (n.q, half),
        (n.dmp1, half),
        (n.dmq1, half),
        (n.iqmp, half),
    )
    return blob + b"".join(v.to_bytes(w, "little") for v, w in (*parts, (n.d, size)))


def pvk(key: rsa.RSAPrivateKey) -> bytes:
    blob = capi(key)
    return b"\x1e\xf1\xb5\xb0" + struct.pack("<5I", 0, 1, 0, 0, len(blob)) + blob


def bcrypt_ec(key: ec.EllipticCurvePrivateKey, kind: bytes = b"ECS") -> bytes:
    size = (key.key_size + 7) // 8
    point = key.public_key().public_numbers()
    digit = {32: b"2", 48: b"4", 66: b"6"}[size]
    values = (point.x, point.y, key.private_numbers().private_value)
    return kind + digit + struct.pack("<I", size) + b"".join(v.to_bytes(size, "big") for v in values)


def xml(key: rsa.RSAPrivateKey) -> bytes:
    n = key.private_numbers()
    values = {"Modulus": n.public_numbers.n, "Exponent": n.public_numbers.e, "P": n.p, "Q": n.q, "DP": n.dmp1,
              "DQ": n.dmq1, "InverseQ": n.iqmp, "D": n.d}  # fmt: skip
    body = "".join(
        f"<{name}>{base64.b64encode(v.to_bytes((v.bit_length() + 7) // 8, 'big')).decode()}</{name}>"
        for name, v in values.items()
    )
    return f"<RSAKeyValue>{body}</RSAKeyValue>".encode()


def parameters(key: rsa.RSAPrivateKey) -> bytes:
    """`JsonConvert.SerializeObject(rsa.ExportParameters(true))` of .NET."""
    n = key.private_numbers()
    values = {"D": n.d, "DP": n.dmp1, "DQ": n.dmq1, "Exponent": n.public_numbers.e, "InverseQ": n.iqmp}
    values |= {"Modulus": n.public_numbers.n, "P": n.p, "Q": n.q}
    return json.dumps({name: padded(value) for name, value in values.items()}).encode()


def padded(value: int, size: int | None = None) -> str:
    return base64.b64encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big")).decode()


def bind(key: Any) -> bytes:
    """What `dnssec-keygen` of BIND 9 writes into `K*.private`."""
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        values = {"Algorithm": "8 (RSASHA256)", "Modulus": padded(n.public_numbers.n)}
        values |= {"PublicExponent": padded(n.public_numbers.e), "PrivateExponent": padded(n.d)}
        values |= {"Prime1": padded(n.p), "Prime2": padded(n.q), "Exponent1": padded(n.dmp1)}
        values |= {"Exponent2": padded(n.dmq1), "Coefficient": padded(n.iqmp)}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        name = {"P-256": "13 (ECDSAP256SHA256)", "P-384": "14 (ECDSAP384SHA384)"}[jwk(key)["crv"]]
        scalar = padded(key.private_numbers().private_value, (key.key_size + 7) // 8)
        values = {"Algorithm": name, "PrivateKey": scalar}
    else:
        name = "15 (ED25519)" if isinstance(key, ed25519.Ed25519PrivateKey) else "16 (ED448)"
        values = {"Algorithm": name, "PrivateKey": base64.b64encode(key.private_bytes_raw()).decode()}
    lines = ["Private-key-format: v1.3", *(f"{name}: {value}" for name, value in values.items())]
    return "\n".join([*lines, "Created: 20261126120000", ""]).encode()


def field(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def mpint(value: int) -> bytes:
    return field(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def ppk(key: Any) -> bytes:
    """A PuTTY key file, not encrypted; its MAC is made up, for nobody here checks it."""
    public_line = key.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)
    kind, public = public_line.split()[:2]
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        secret = b"".join(mpint(value) for value in (n.d, n.p, n.q, n.iqmp))
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        secret = mpint(key.private_numbers().private_value)
    else:
        secret = field(key.private_bytes_raw())
    parts = []
    for name, encoded in (("Public", public), ("Private", base64.b64encode(secret))):
        lines = [encoded[i : i + 64].decode() for i in range(0, len(encoded), 64)]
        parts.append(f"{name}-Lines: {len(lines)}\n" + "\n".join(lines))
    head = f"PuTTY-User-Key-File-3: {kind.decode()}\nEncryption: none\nComment: test\n"
    return (head + "\n".join(parts) + "\nPrivate-MAC: " + "0" * 64).encode()


def colons(content: bytes) -> str:
    pairs = content.hex(":") + ":"
    return "".join(f"    {pairs[i : i + 45]}\n" for i in range(0, len(pairs), 45))[:-2] + "\n"


def printed(key: Any) -> bytes:
    """What `openssl pkey -text -noout` prints."""
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        e = n.public_numbers.e
        text = f"Private-Key: ({key.key_size} bit, 2 primes)\nmodulus:\n"
        text += colons(b"\x00" + n.public_numbers.n.to_bytes(key.key_size // 8, "big"))
        text += f"publicExponent: {e} ({e:#x})\n"
        names = {"privateExponent": n.d, "prime1": n.p, "prime2": n.q, "exponent1": n.dmp1}
        names |= {"exponent2": n.dmq1, "coefficient": n.iqmp}
        for name, value in names.items():
            text += f"{name}:\n{colons(value.to_bytes(value.bit_length() // 8 + 1, 'big'))}"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        point = key.public_key().public_bytes(s.Encoding.X962, s.PublicFormat.UncompressedPoint)
        name = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}[jwk(key)["crv"]]
        scalar = key.private_numbers().private_value.to_bytes(size, "big")
        text = f"Private-Key: ({key.key_size} bit)\npriv:\n{colons(scalar)}pub:\n{colons(point)}ASN1 OID: {name}\n"
    else:
        text = f"Private-Key:\npriv:\n{colons(key.private_bytes_raw())}pub:\n{colons(key.public_key().public_bytes_raw())}"
    return text.encode()


@dataclass(frozen=True)
class Sample:
    """One planted form: `expected` is the form that must be reported."""

    expected: str
    content: bytes
    thumbprint: str | None


PKCS1, PKCS8, OPENSSH = s.PrivateFormat.TraditionalOpenSSL, s.PrivateFormat.PKCS8, s.PrivateFormat.OpenSSH


def plain(key: Any) -> Iterator[tuple[str, bytes]]:
    """Every form of a key without an encoding around it."""
    yield "pem-pkcs8", pem(key, PKCS8)
    yield "pkcs8-der", der(key, PKCS8)
    if jwk(key):
        yield "jwk", json.dumps(jwk(key)).encode()
    if isinstance(key, rsa.RSAPrivateKey):
        yield "pem-pkcs1", pem(key, PKCS1)
        yield "pkcs1-der", der(key, PKCS1)
        yield "bcrypt-rsa", bcrypt_rsa(key)
        yield "bcrypt-rsa", bcrypt_rsa(key, b"RSA3")
        yield "capi", capi(key)
        yield "pvk", pvk(key)
        yield "xml", xml(key)
        yield "rsa-parameters-json", parameters(key)
    if jwk(key).get("crv") not in ("P-521", "X25519") and jwk(key):
        yield "bind", bind(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        yield "pem-sec1", pem(key, PKCS1)
        yield "sec1-der", der(key, PKCS1)
        yield "bcrypt-ec", bcrypt_ec(key)
        yield "bcrypt-ec", bcrypt_ec(key, b"ECK")
    if isinstance(key, dsa.DSAPrivateKey):
        yield "pem-dsa", pem(key, PKCS1)
        yield "dsa-der", der(key, PKCS1)
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        yield "openssl-text", printed(key)
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        yield "pem-openssh", pem(key, OPENSSH)
        yield "openssh", base64.b64decode(b"".join(pem(key, OPENSSH).splitlines()[1:-1]))
        yield "ppk", ppk(key)


def _base64(content: bytes) -> bytes:
    return base64.b64encode(content)


TEXT_LAYERS: dict[str, Callable[[bytes], bytes]] = {
    "utf16le:": lambda content: content.decode().encode("utf-16-le"),
    "utf16be:": lambda content: content.decode().encode("utf-16-be"),
}
LAYERS: dict[str, Callable[[bytes], bytes]] = {
    "base64:": _base64,
    "hex:": lambda content: content.hex().encode(),
    "zlib:": zlib.compress,
    "gzip:": lambda content: gzip.compress(content, mtime=0),
}
TEXTS = ("pem-", "jwk", "xml", "ppk", "openssl-text", "rsa-parameters-json", "bind")


def samples(key: Any, *, layers: bool = True) -> Iterator[Sample]:
    """Every form of a key, plain and in every encoding."""
    known = thumbprint(key)
    for form, content in plain(key):
        yield Sample(form, content, known)
        if not layers:
            continue
        for layer, encode in LAYERS.items():
            yield Sample(layer + form, encode(content), known)
        if form.startswith(TEXTS):
            for layer, encode in TEXT_LAYERS.items():
                yield Sample(layer + form, encode(content), known)
                yield Sample("base64:" + layer + form, _base64(encode(content)), known)
            escaped = json.dumps(content.decode()).encode()[1:-1] if form != "xml" else None
            if (
                escaped
                and (b"\\n" in escaped or b'\\"' in escaped)
                and not form.startswith(("ppk", "openssl-text"))
            ):
                yield Sample("escaped:" + form, escaped, known)
