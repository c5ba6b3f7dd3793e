"""Read PEM (RFC 7468, RFC 1421) and related formats, however quoted, escaped, indented or truncated."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import der_keys, openssh
from seawall.keys.leaks.key_formats.der import MalformedDer
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext, text_anchors
from seawall.keys.leaks.key_formats.key_numbers import is_random
from seawall.keys.leaks.key_formats.neighbourhood import Neighbourhood, around

LONGEST = 48 << 10
"""Letters of one block: 16,384 bits take 13,000, escaped and indented less than twice that."""
_SPACE = r"(?:[ +_]|%20)"
_BEGIN = re.compile(rf"-{{4,5}} ?BEGIN((?:{_SPACE}[A-Z0-9]+){{0,3}}){_SPACE}$")
_LABEL = re.compile(rf"PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)? ?-{{4,5}}")
_SHORTEST = 48
"""Bytes from the anchor to the next block, below which no key lies between: 17 belong to the line, and 31 hold 23 bytes."""
_NEXT = re.compile(r"-{4,5} ?BEGIN")
_END = re.compile(rf"-{{4,5}} ?END{_SPACE}[^\n]{{0,60}}?KEY[^\n]{{0,16}}?-{{4,5}}")
_ESCAPE = re.compile(
    r"\\+(?:[nrt]|u00([0-9A-Fa-f]{2})|(/))|%([0-9A-Fa-f]{2})|&#(?:x([0-9A-Fa-f]{1,4})|([0-9]{1,5}));"
)
_BACKSLASHED = re.compile(r"\\+(?:[nrt/]|u00)")
_HEADER = re.compile(r"^[ \t\"'>#*/]*[A-Za-z][A-Za-z0-9-]*: [^\n]*(?:(?<=\\)\n[^\n]*)*$", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SSH2_MAGIC = b"\x3f\x6f\xf9\xeb"


def _unescape(text: str) -> str:
    """Undo the escapes of JSON, shells, URLs and markup; line ends become newlines."""

    def plain(found: re.Match[str]) -> str:
        digits, slash, percent, hexadecimal, decimal = found.groups()
        if slash:
            return "/"
        if decimal:
            return chr(int(decimal) % 0x80)
        code = digits or percent or hexadecimal
        return chr(int(code, 16) % 0x80) if code else "\n"

    return _ESCAPE.sub(plain, text)


def _join(text: str) -> Iterator[bytes]:
    """Yield readings of the body's base64: all of it, then the longest piece of each line."""
    tokens = [token for token in _TOKEN.findall(text) if token.strip("+/")]
    yield _decode("".join(tokens))
    lines = [max(_TOKEN.findall(line), key=len, default="") for line in text.split("\n")]
    yield _decode("".join(lines))


def _decode(letters: str) -> bytes:
    letters = letters.split("=", 1)[0]
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return b""


@dataclass(frozen=True, slots=True)
class _Block:
    """A PEM block; `start`..`end` are indexes of the neighbourhood's text."""

    label: str
    body: str
    start: int
    end: int


def read(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Read the key in the block whose first line has `PRIVATE KEY` at `anchor`."""
    if b"BEGIN" not in data[max(0, anchor - 64) : anchor]:
        return
    following = data.find(b"-----BEGIN", anchor, anchor + LONGEST)
    if 0 <= following - anchor < _SHORTEST:
        return
    near = around(data, anchor, 64, LONGEST if following < 0 else following - anchor + 16)
    block = _block(near)
    if block is None or not inside.charge(len(block.body)):
        return
    body = _unescape(block.body)
    was_escaped = _BACKSLASHED.search(block.body) is not None
    found = _find_known(block.label, body)
    if found is not None:
        form, thumbprint = found
        layer = "escaped:" if was_escaped else ""
        yield RawHit(near.base + block.start, f"{layer}pem-{form}", thumbprint, block.end - block.start)


def _block(near: Neighbourhood) -> _Block | None:
    label, begin = _LABEL.match(near.text, near.here), _BEGIN.search(near.text[: near.here])
    if label is None or begin is None:
        return None
    following = _NEXT.search(near.text, label.end())  # a block without an end line ends before the next block
    limit = following.start() if following else len(near.text)
    end = _END.search(near.text, label.end(), limit)
    stop = end.start() if end else limit
    name = re.sub(_SPACE, " ", begin.group(1) + " " + label.group()).strip(" -")
    return _Block(name, near.text[label.end() : stop], begin.start(), end.end() if end else stop)


def _find_known(label: str, body: str) -> tuple[str, str | None] | None:
    """Return form and thumbprint of a block's key; a fragment only if no better reading exists."""
    is_enciphered = "Proc-Type" in body and "ENCRYPTED" in body
    fragment: tuple[str, str | None] | None = None
    for content in _join(_HEADER.sub("", body)):
        if is_enciphered:
            if len(content) >= 48 and is_random(content):
                return "encrypted", None
            continue
        found = _judge(label, content)
        if found is not None and not found[0].endswith("-fragment"):
            return found
        fragment = fragment or found
    return fragment


def _judge(label: str, content: bytes) -> tuple[str, str | None] | None:
    if label.startswith("PGP"):
        return ("pgp", None) if _is_pgp_secret(content) else None
    if label.startswith("SSH2"):
        return ("ssh2", None) if content.startswith(_SSH2_MAGIC) and len(content) > 64 else None
    try:
        if content.startswith(openssh.MAGIC):
            key = openssh.parse(content, 0, len(content))
            return key.form, key.thumbprint
        found = der_keys.read_any(content, 0, len(content))
    except MalformedDer:
        return None
    return found.form.replace("-der", ""), found.thumbprint


def _is_pgp_secret(content: bytes) -> bool:
    """Return whether the first packet is a secret key or subkey (RFC 9580 section 5.5.1)."""
    if len(content) < 64 or not content[0] & 0x80:
        return False
    tag = content[0] & 0x3F if content[0] & 0x40 else (content[0] >> 2) & 0x0F
    return tag in (5, 7)


FAMILY = FormFamily(
    anchors=text_anchors("PRIVATE KEY", "PRIVATE+KEY", "PRIVATE%20KEY", "PRIVATE_KEY"),
    read=read,
    forms=(
        KeyForm("pem-pkcs1", "PEM, `RSA PRIVATE KEY`"),
        KeyForm("pem-pkcs8", "PEM, `PRIVATE KEY`: RSA, EC, Ed25519, Ed448, X25519, X448, DSA"),
        KeyForm("pem-sec1", "PEM, `EC PRIVATE KEY`"),
        KeyForm("pem-dsa", "PEM, `DSA PRIVATE KEY`"),
        KeyForm("pem-openssh", "PEM, `OPENSSH PRIVATE KEY`"),
        KeyForm("pem-encrypted", "PEM with `Proc-Type: 4,ENCRYPTED`: a key is there, which one is not known"),
        KeyForm("pem-pkcs8-encrypted", "PEM, `ENCRYPTED PRIVATE KEY`"),
        KeyForm(
            "pem-openssh-encrypted", "PEM, `OPENSSH PRIVATE KEY` with a passphrase; its public key is known"
        ),
        KeyForm("pem-ssh2", "`SSH2 ENCRYPTED PRIVATE KEY` of SSH.COM; may be encrypted"),
        KeyForm("pem-pgp", "`PGP PRIVATE KEY BLOCK`; may be encrypted"),
    ),
)
"""PEM blocks."""
