"""The same key, written as people and programs write it; and what looks like a key and is none."""

from __future__ import annotations

import base64
import json
import random
import struct
import subprocess
import textwrap
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.scanning.search import FORMS, Searcher, windows
from tests.keys.leaks import planting
from tests.thoroughness import examples

KEY = planting.make("RSA-2048")
EC = planting.make("P-256")
PEM = planting.pem(KEY, planting.PKCS1).decode()
DER = planting.der(KEY, planting.PKCS8)
THUMBPRINT = planting.thumbprint(KEY)
JWK = json.dumps(planting.jwk(KEY))


def log_lines(text: str) -> str:
    return "".join(f"2026-01-02T03:04:05Z host app[12]: {line}\n" for line in text.splitlines())


def wrapped(data: bytes, width: int = 64, indent: str = "") -> str:
    return textwrap.indent("\n".join(textwrap.wrap(base64.b64encode(data).decode(), width)), indent)


WAYS: dict[str, tuple[str, str]] = {
    "carriage returns": ("pem-pkcs1", PEM.replace("\n", "\r\n")),
    "no line ends": ("pem-pkcs1", PEM.replace("\n", "")),
    "blanks for line ends": ("pem-pkcs1", "KEY=" + PEM.replace("\n", " ")),
    "YAML": ("pem-pkcs1", "key: |\n" + textwrap.indent(PEM, "    ")),
    "YAML folded": ("pem-pkcs1", 'key: "' + PEM.replace("\n", "\n\n    ") + '"'),
    "quoted mail": ("pem-pkcs1", textwrap.indent(PEM, "> ")),
    "comment": ("pem-pkcs1", textwrap.indent(PEM, "// ")),
    "log with prefixes": ("pem-pkcs1", log_lines(PEM)),
    "JSON": ("escaped:pem-pkcs1", json.dumps({"key": PEM})),
    "JSON in JSON": ("escaped:pem-pkcs1", json.dumps(json.dumps({"key": PEM}))),
    "JSON in JSON in JSON": ("escaped:pem-pkcs1", json.dumps(json.dumps(json.dumps({"key": PEM})))),
    "JSON with escaped slashes": ("escaped:pem-pkcs1", json.dumps(PEM).replace("/", "\\/")),
    "JSON with unicode escapes": ("escaped:pem-pkcs1", json.dumps(PEM).replace("+", "\\u002b").replace("=", "\\u003d")),
    "Python": ("escaped:pem-pkcs1", repr(PEM.encode())),
    "C": ("escaped:pem-pkcs1", "".join(f'"{line}\\n"\n' for line in PEM.splitlines())),
    "Java": ("escaped:pem-pkcs1", " +\n".join(f'    "{line}\\n"' for line in PEM.splitlines())),
    "URL": ("pem-pkcs1", "key=" + urllib.parse.quote(PEM)),
    "form": ("pem-pkcs1", urllib.parse.urlencode({"key": PEM})),
    "XML entities": ("pem-pkcs1", PEM.replace("\n", "&#10;")),
    "JWK in lines": ("jwk", json.dumps(planting.jwk(KEY), indent=4)),
    "JWK in a set": ("jwk", json.dumps({"keys": [{"kty": "EC", "x": "AA"}, planting.jwk(KEY)]})),
    "JWK with an object inside": ("jwk", json.dumps({"ext": {"a": 1}, **planting.jwk(KEY)})),
    "JWK in JSON in JSON": ("escaped:jwk", json.dumps(json.dumps({"k": JWK}))),
    "JWK as Python prints it": ("jwk", str(planting.jwk(KEY))),
    "JWK in YAML": ("jwk", "".join(f"    {name}: {value}\n" for name, value in planting.jwk(KEY).items())),
    "JWK with kty last": ("jwk", json.dumps(dict(sorted(planting.jwk(KEY).items(), reverse=True)))),
    "base64 in lines": ("base64:pkcs8-der", wrapped(DER)),
    "base64 in indented lines": ("base64:pkcs8-der", "data:\n" + wrapped(DER, 76, "    ")),
    "base64 in JSON with line ends": ("base64:pkcs8-der", json.dumps(wrapped(DER))),
    "base64 for URLs": ("base64:pkcs8-der", base64.urlsafe_b64encode(DER).decode().rstrip("=")),
    "base64 of PEM": ("base64:pem-pkcs1", f"key: {base64.b64encode(PEM.encode()).decode()}\n"),
    "base64 twice": ("base64:base64:pem-pkcs1", base64.b64encode(base64.b64encode(PEM.encode())).decode()),
    "base64 of JWK": ("base64:jwk", base64.b64encode(JWK.encode()).decode()),
    "hex": ("hex:pkcs8-der", DER.hex()),
    "hex in capitals": ("hex:pkcs8-der", DER.hex().upper()),
    "hex with colons in lines": ("hex:pkcs8-der", "\n    ".join(textwrap.wrap(DER.hex(":"), 45)) + "\n"),
    "hex with blanks": ("hex:pkcs8-der", DER.hex(" ")),
    "hex in C": ("hex:pkcs8-der", "{ " + ", ".join(f"0x{byte:02x}" for byte in DER) + " };"),
    "hex in C capitals": ("hex:pkcs8-der", "{" + ",".join(f"0x{byte:02X}" for byte in DER) + "}"),
    "hex in a string": ("hex:pkcs8-der", '"' + "".join(f"\\x{byte:02x}" for byte in DER) + '"'),
    "bytes in JSON": ("decimal:pkcs8-der", json.dumps({"type": "Buffer", "data": list(DER)})),
    "bytes in dense JSON": ("decimal:pkcs8-der", json.dumps(list(DER), separators=(",", ":"))),
    "XML in lines": ("xml", planting.xml(KEY).decode().replace("><", ">\n  <")),
    "XML in XML": ("xml", planting.xml(KEY).decode().replace("<", "&lt;").replace(">", "&gt;")),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_found_however_it_is_written(searcher: Searcher, way: str) -> None:
    form, text = WAYS[way]
    around = b"some words before: "
    hits = searcher.search(around + text.encode() + b"\x00 and after")
    assert [(hit.form, hit.thumbprint) for hit in hits] == [(form, THUMBPRINT)]


@pytest.mark.parametrize("alignment", range(4))
@pytest.mark.parametrize("shift", range(3))
def test_base64_is_found_at_every_alignment(searcher: Searcher, alignment: int, shift: int) -> None:
    content = bytes(shift) + DER
    text = b"\x00" + b"A" * alignment + base64.b64encode(content)
    hits = searcher.search(text if not alignment else b"\x00 " + text[1:])
    assert [hit.thumbprint for hit in hits] == [THUMBPRINT]
    start = hits[0].offset
    assert abs(start - (text.index(base64.b64encode(content)) + (alignment > 0) + shift * 4 // 3)) <= 1


def named(rows: Iterator[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*row, id=f"{row[0]}-{number}") for number, row in enumerate(rows)]


def password_protected() -> Iterator[tuple[str, bytes, str | None]]:
    secret = b"not a secret"
    cipher = s.BestAvailableEncryption(secret)
    yield "pem-pkcs8-encrypted", planting.pem(KEY, planting.PKCS8, secret), None
    yield "pem-pkcs8-encrypted", planting.pem(EC, planting.PKCS8, secret), None
    yield "pem-encrypted", planting.pem(KEY, planting.PKCS1, secret), None
    yield "pkcs8-encrypted-der", KEY.private_bytes(s.Encoding.DER, planting.PKCS8, cipher), None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    certificate = _certificate(name)
    yield "pkcs12", pkcs12.serialize_key_and_certificates(b"test", KEY, certificate, None, cipher), None
    yield (
        "ppk-encrypted",
        planting.ppk(KEY).replace(b"Encryption: none", b"Encryption: aes256-cbc"),
        THUMBPRINT,
    )
    noise = random.Random(5).randbytes(1_184)
    header = struct.pack("<5I", 0, 1, 1, 16, 8 + len(noise)) + noise[:16]
    yield "pvk-encrypted", b"\x1e\xf1\xb5\xb0" + header + b"\x07\x02\x00\x00\x00\xa4\x00\x00" + noise, None
    alias, when = b"\x00\x04test", bytes(8)
    entry = struct.pack(">I", 1) + alias + when + struct.pack(">I", 1_200) + noise
    yield "jks", b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, 1) + entry + bytes(40), None
    plain = planting.pem(KEY, planting.OPENSSH)
    body = base64.b64decode(b"".join(plain.splitlines()[1:-1]))
    none = planting.field(b"none")
    locked = body.replace(none + none + planting.field(b""), planting.field(b"aes256-ctr") + planting.field(b"bcrypt")
                          + planting.field(planting.field(bytes(16)) + struct.pack(">I", 16)))  # fmt: skip
    yield "openssh-encrypted", locked, THUMBPRINT
    armoured = (
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + base64.encodebytes(locked)
        + b"-----END OPENSSH PRIVATE KEY-----\n"
    )
    yield "pem-openssh-encrypted", armoured, THUMBPRINT


def armoured(label: str, content: bytes, dashes: str = "-----") -> bytes:
    body = base64.encodebytes(content).decode()
    return f"{dashes}BEGIN {label}{dashes}\n\n{body}{dashes}END {label}{dashes}".encode()


def others() -> Iterator[tuple[str, bytes, str | None]]:
    """Forms that are told by their structure alone; their content is made up."""
    noise = random.Random(8).randbytes(600)
    yield "pem-pgp", armoured("PGP PRIVATE KEY BLOCK", b"\x95\x03\x00" + noise), None
    yield "pem-pgp", armoured("PGP PRIVATE KEY BLOCK", b"\xc5\xc1\x40" + noise), None
    comment = b'Comment: "a key of\\\nnobody"\n'
    ssh2 = armoured("SSH2 ENCRYPTED PRIVATE KEY", b"\x3f\x6f\xf9\xeb" + noise, "---- ")
    ssh2 = ssh2.replace(
        b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY---- ", b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
    )
    ssh2 = ssh2.replace(
        b"---- END SSH2 ENCRYPTED PRIVATE KEY---- ", b"---- END SSH2 ENCRYPTED PRIVATE KEY ----"
    )
    yield "pem-ssh2", ssh2.replace(b"\n\n", b"\n" + comment), None


@pytest.mark.parametrize(("form", "content", "thumbprint"), named(others()))
def test_keys_of_other_programs_are_told(
    searcher: Searcher, form: str, content: bytes, thumbprint: str | None
) -> None:
    hits = searcher.search(b"before\n" + content + b"\nafter")
    assert [(hit.offset, hit.form, hit.thumbprint) for hit in hits] == [(7, form, thumbprint)]


def test_a_public_pgp_block_is_no_key(searcher: Searcher) -> None:
    noise = random.Random(8).randbytes(600)
    assert searcher.search(armoured("PGP PRIVATE KEY BLOCK", b"\x99\x03\x00" + noise)) == []


def _certificate(name: x509.Name) -> Any:
    import datetime

    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 1, now, now + datetime.timedelta(1))
    return builder.sign(KEY, hashes.SHA256())


@pytest.mark.parametrize(("form", "content", "thumbprint"), named(password_protected()))
def test_keys_under_a_password_are_told_as_such(
    searcher: Searcher, form: str, content: bytes, thumbprint: str | None
) -> None:
    noise = random.Random(form).randbytes(777)
    hits = searcher.search(noise + content + noise)
    assert [(hit.offset, hit.form, hit.thumbprint) for hit in hits] == [(777, form, thumbprint)]


def fragments() -> Iterator[tuple[str, bytes]]:
    der = planting.der(KEY, planting.PKCS1)
    yield "pkcs1-der-fragment", der[:500]
    yield "pkcs8-der-fragment", DER[:520]
    yield "pem-pkcs1-fragment", PEM.encode()[:800]
    yield "pem-pkcs8-fragment", planting.pem(KEY, planting.PKCS8)[:900]
    yield "jwk-fragment", JWK.encode()[: JWK.index('"d"') + 200]
    yield "base64:pkcs1-der-fragment", base64.b64encode(der)[:700]
    yield "hex:pkcs1-der-fragment", der.hex().encode()[:1_200]
    damaged = bytearray(der)
    damaged[700] ^= 1
    yield "pkcs1-der-fragment", bytes(damaged)


@pytest.mark.parametrize(("form", "content"), named(fragments()))
def test_what_is_left_of_a_key_is_told_as_a_fragment(searcher: Searcher, form: str, content: bytes) -> None:
    hits = searcher.search(b"\x00\x01" + content + b"\x00\x01")
    assert [(hit.offset, hit.form, hit.thumbprint) for hit in hits] == [(2, form, THUMBPRINT)]


def test_a_block_that_was_cut_off_does_not_hide_the_next(searcher: Searcher) -> None:
    text = PEM[:60] + "\n" + planting.pem(EC, planting.PKCS8).decode()
    assert [hit.thumbprint for hit in searcher.search(text.encode())] == [planting.thumbprint(EC)]


PUBLIC = KEY.public_key()
HARMLESS: dict[str, bytes] = {
    "public key": PUBLIC.public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo),
    "public key in DER": PUBLIC.public_bytes(s.Encoding.DER, s.PublicFormat.PKCS1),
    "public EC key in DER": EC.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo),
    "public Ed25519 key": planting.make("Ed25519").public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo),
    "public OpenSSH key": PUBLIC.public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH),
    "public JWK": json.dumps({name: v for name, v in planting.jwk(KEY).items() if name in ("kty", "n", "e")}).encode(),
    "JWK with a made-up d": json.dumps({**planting.jwk(EC), "d": planting.whole(7, 32)}).encode(),
    "certificate": _certificate(x509.Name([])).public_bytes(s.Encoding.PEM),
    "certificate in DER": _certificate(x509.Name([])).public_bytes(s.Encoding.DER),
    "an example": b"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n",
    "a redacted key": b"-----BEGIN PRIVATE KEY-----\nREDACTEDREDACTEDREDACTEDREDACTED\n-----END PRIVATE KEY-----\n",
    "marker in a program": b'if "-----BEGIN RSA PRIVATE KEY-----" in text and "-----END RSA PRIVATE KEY-----" in text:',
    "short symmetric key": b'{"kty":"oct","k":"AyM1Sys"}',
    "public blob": b"RSA1" + planting.bcrypt_rsa(KEY)[4:300],
    "public XML": planting.xml(KEY).split(b"<P>")[0] + b"</RSAKeyValue>",
    "other words": b"kty: RSA, RSA2 and openssh-key-v1\x00 PuTTY-User-Key-File-2: ssh-rsa PRIVATE KEY",
    "other members": b'{"kty": "EC", "d": "x"}',
}  # fmt: skip


@pytest.mark.parametrize("what", HARMLESS)
@pytest.mark.parametrize("encode", [bytes, base64.b64encode, lambda content: content.hex().encode()])
def test_what_is_no_private_key_is_not_reported(
    searcher: Searcher, what: str, encode: Callable[[bytes], bytes]
) -> None:
    assert searcher.search(encode(HARMLESS[what])) == []


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256", "Ed25519", "Ed448", "X25519"])
def test_what_openssl_prints_is_found(searcher: Searcher, kind: str) -> None:
    key = planting.make(kind)
    command = ["openssl", "pkey", "-noout", "-text"]
    try:
        done = subprocess.run(
            command, input=planting.pem(key, planting.PKCS8), capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    hits = searcher.search(b"log: " + done.stdout + b"log: more")
    assert [(hit.form, hit.thumbprint) for hit in hits] == [("openssl-text", planting.thumbprint(key))]
    assert searcher.search(done.stdout.replace(b":", b";")) == []


def test_a_symmetric_jwk_is_found_without_a_thumbprint(searcher: Searcher) -> None:
    secret = random.Random(1).randbytes(32)
    hits = searcher.search(json.dumps({"kty": "oct", "k": planting.letters(secret)}).encode())
    assert [(hit.form, hit.thumbprint) for hit in hits] == [("jwk-oct", None)]


@given(st.binary(max_size=3_000))
@settings(max_examples=examples(300), deadline=None)
def test_random_bytes_are_no_key(data: bytes) -> None:
    assert SEARCHER.search(data) == []


SEARCHER = Searcher()
ALL = [content for _, content in planting.plain(KEY)] + [content for _, content in planting.plain(EC)]
KNOWN = {THUMBPRINT, planting.thumbprint(EC), None}


def test_a_damaged_public_exponent_makes_no_other_key() -> None:
    stated = (65537).to_bytes(3, "big")
    content = next(content for name, content in planting.plain(KEY) if stated in content)
    damaged = content.replace(b"\x02\x03" + stated, b"\x02\x03" + (131073).to_bytes(3, "big"))
    assert damaged != content
    assert {hit.thumbprint for hit in SEARCHER.search(damaged)} == {THUMBPRINT}


@given(st.data())
@settings(max_examples=examples(300), deadline=None)
def test_damaged_keys_break_nothing_and_become_no_other_key(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(ALL)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        action = data.draw(st.integers(0, 2))
        if action == 0:
            content[place] = data.draw(st.integers(0, 255))
        elif action == 1:
            del content[place : place + data.draw(st.integers(1, 40))]
        else:
            content[place:place] = data.draw(st.binary(max_size=8))
        if not content:
            return
    for hit in SEARCHER.search(bytes(content)):
        # Nothing proves the modulus of a fragment, nor a scalar without its point (a JWK, a text that lost it, BIND). The
        # primes of a blob of Windows prove its modulus, not its public exponent, which is part of the thumbprint.
        unproved = ("-fragment", "jwk", "openssl-text", "bind", "bcrypt-rsa", "capi", "pvk")
        assert hit.thumbprint in KNOWN or hit.form.endswith(unproved)


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=5), st.integers(1, 40_000), st.randoms())
@settings(max_examples=examples(60), deadline=None)
def test_windows_cut_a_stream_without_gap(gaps: list[int], size: int, dice: random.Random) -> None:
    content = dice.randbytes(sum(gaps))
    pieces = iter([content[i : i + 7_000] for i in range(0, len(content), 7_000)])
    covered = bytearray()
    for window in windows(pieces, size):
        assert window.offset == len(covered)
        assert window.data[: window.start] == content[window.offset - window.start : window.offset]
        covered += window.data[window.start : window.end]
    assert bytes(covered) == content


def test_every_form_in_the_catalogue_is_planted_somewhere() -> None:
    planted = {sample.expected.rsplit(":", 1)[-1] for kind in ("RSA-2048", "P-256", "Ed25519", "DSA")
               for sample in planting.samples(planting.make(kind), layers=False)}  # fmt: skip
    planted |= {form for form, _, _ in (*password_protected(), *others())} | {"jwk-oct"}
    names = {form.name for form in FORMS if not form.name.endswith("...")}
    assert names == planted


def test_a_key_across_any_border_is_found_once(searcher: Searcher) -> None:
    content = planting.pem(KEY, planting.PKCS8)
    noise = random.Random(2).randbytes(40_000)
    for border in range(1, 2_000, 97):
        data = noise[: 20_000 - border] + content + noise
        parts = [searcher.search(data, 0, 20_000), searcher.search(data, 20_000)]
        assert {hit.thumbprint for part in parts for hit in part} == {THUMBPRINT}


def test_rsa_of_unusual_size(searcher: Searcher) -> None:
    key = rsa.generate_private_key(3, 1_032)
    hits = searcher.search(planting.der(key, planting.PKCS1))
    assert [hit.thumbprint for hit in hits] == [planting.thumbprint(key)]
