"""Find keys inside base64, hexadecimal and decimal lists, by encoded forms of known byte patterns."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext
from seawall.keys.leaks.key_formats.neighbourhood import Neighbourhood, around

_BEFORE, _AFTER, _AFTER_GZIP = 16 << 10, 48 << 10, 96 << 10
"""Letters decoded before and after an anchor."""
_LONGEST = 24 << 10
"""Letters of the longest form: a key that ends this far before the end of the decoded text was seen whole."""
_GZIP = b"H4sIA"
_SHORTEST = 40
"""Bytes of the shortest form recognised in any encoding (Ed25519 in PKCS#8: 48)."""


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")[:-1]


WORDS = (
    "PRIVATE KEY",
    '"kty"',
    "RSAKeyValue",
    "PuTTY-User-Key",
    "Private-Key:",
    "Private-key-format",
    'Modulus"',
)
TELLING: tuple[bytes, ...] = (
    bytes.fromhex("0201000282"),
    bytes.fromhex("02010002818100"),
    bytes.fromhex("0201010420"),
    bytes.fromhex("0201010430"),
    bytes.fromhex("0201010442"),
    bytes.fromhex("300506032b65"),
    bytes.fromhex("06072a8648ce380401"),
    bytes.fromhex("06092a864886f70d0105"),
    bytes.fromhex("2a864886f70d010c01"),
    bytes.fromhex("2a864886f70d010c0a"),
    b"RSA2", b"RSA3", b"ECS2 \x00\x00", b"ECS40\x00\x00", b"ECS6B\x00\x00", b"ECK2 \x00\x00", b"ECK40\x00\x00", b"ECK6B\x00\x00",
    b"\x1e\xf1\xb5\xb0\x00\x00",
    b"\xfe\xed\xfe\xed\x00\x00",
    b"openssh-key-v1",
    *(word.encode() for word in WORDS),
)  # fmt: skip
"""Invariant bytes that identify each form in any encoding."""


PHASES = {0: 0, 1: 2, 2: 3}
"""By the pattern's offset in a 3-byte group: the position of its first certain letter in a 4-letter group."""


def _base64_anchor(known: bytes, before: int) -> str:
    """Return the letters that encode `known`, independent of the neighbouring bytes; `before` is its offset in a group."""
    variants = [base64.b64encode(fill * before + known + fill * 3).decode() for fill in (b"\x00", b"\xff")]
    first = PHASES[before]
    pairs = list(zip(*variants, strict=True))[first:]
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


INNER: tuple[bytes, ...] = (
    *(_base64_anchor(b"PRIVATE KEY", before).encode() for before in PHASES),
    *(_base64_anchor(TELLING[0], before).encode() for before in PHASES),
    *(_wide(word) for word in WORDS),
    b"\x1f\x8b\x08\x00",
)
"""Patterns searched only in base64: nested base64, UTF-16, and gzip."""


def _base64_anchors(before: int) -> tuple[str, ...]:
    anchors = []
    for known in (*TELLING, *INNER):
        letters = _base64_anchor(known, before)
        anchors.append(f'"{letters}"')
        if set(letters) & set("+/"):
            anchors.append(f'"{letters.replace("+", "-").replace("/", "_")}"')
    return tuple(dict.fromkeys(anchors))


_ESCAPES = r"\\+[nrt]|[ \t\r\n]"
_RUN = re.compile(rf"(?:[A-Za-z0-9+/_-]|\\+/|{_ESCAPES})*")
_RUN_BACK = re.compile(r"(?:[nrt]\\+|/\\+|[A-Za-z0-9+/_-]|[ \t\r\n])*")
_LETTER = re.compile(rf"{_ESCAPES}|\\+|([A-Za-z0-9+/_-])")
_HEX_RUN = re.compile(r"(?:0[xX](?=[0-9A-Fa-f]{2})|\\+x|\\+[nrt]|[0-9A-Fa-f]{2}|[\s:,;\"'-])*")
_HEX_RUN_BACK = re.compile(r"(?:[xX]0|x\\+|[nrt]\\+|[0-9A-Fa-f]{2}|[\s:,;\"'-])*")
_HEX_PAIR = re.compile(r"0[xX](?=[0-9A-Fa-f]{2})|\\+[xnrt]|([0-9A-Fa-f]{2})")
_BARE_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_DECIMAL_RUN = re.compile(r"(?:[0-9]{1,3}(?![0-9])|[\s,])*")
_DECIMAL_RUN_BACK = re.compile(r"(?:[0-9]{1,3}(?![0-9])|[\s,])*")
_DECIMAL = re.compile(r"([0-9]{1,3})")


def _span(near: Neighbourhood, forward: re.Pattern[str], backward: re.Pattern[str]) -> tuple[int, int]:
    """Return the first letter and the end of the run of letters around the anchor."""
    ahead, behind = forward.match(near.text, near.here), backward.match(near.text[: near.here][::-1])
    return near.here - (behind.end() if behind else 0), ahead.end() if ahead else near.here


def _places(pattern: re.Pattern[str], text: str, first: int) -> list[int]:
    return [first + found.start(1) for found in pattern.finditer(text) if found.group(1)]


def read_base64(data: bytes, anchor: int, inside: SearchContext, *, phase: int) -> Iterable[RawHit]:
    """Search the base64 around an anchor whose first letter is `phase` letters into a group of four."""
    is_gzip = data.startswith(_GZIP, anchor)
    if not is_gzip and _was_decoded(data, anchor, inside, f"base64 {phase}", _LETTER, 4):
        return
    near = around(data, anchor, _BEFORE, _AFTER_GZIP if is_gzip else _AFTER)
    first, end = _span(near, _RUN, _RUN_BACK)
    if not inside.charge(end - first):
        return
    inside.decoded[f"base64 {phase}"] = anchor, near.base + end
    ahead = re.sub(rf"{_ESCAPES}|\\+", "", near.text[near.here : end])
    behind = re.sub(rf"{_ESCAPES}|\\+", "", near.text[first : near.here])
    lost = (len(behind) - phase) % 4
    letters = (behind[lost:] + ahead).replace("-", "+").replace("_", "/")
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    if len(letters) * 3 < _SHORTEST * 4:
        return
    hits = inside.search(binascii.a2b_base64(letters + "=" * (-len(letters) % 4)))
    if hits:
        places: Sequence[int]
        is_bare = len(behind) + len(ahead) == end - first
        places = range(first, end) if is_bare else _places(_LETTER, near.text[first:end], first)
        places = places[lost:]
        yield from _move(near, hits, places, "base64:", lambda byte: byte * 4 // 3)


def read_hex(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Search the hexadecimal digits around an anchor that begins at a whole byte."""
    if _was_decoded(data, anchor, inside, "hex", _HEX_PAIR, 1):
        return
    near = around(data, anchor, _BEFORE, _AFTER)
    first, end = _span(near, _HEX_RUN, _HEX_RUN_BACK)
    if not inside.charge(end - first):
        return
    inside.decoded["hex"] = anchor, near.base + end
    digits = near.text[first:end]
    places: Sequence[int] = range(first, end, 2)
    if not _BARE_HEX.fullmatch(digits):
        places = _places(_HEX_PAIR, digits, first)
        digits = "".join(near.text[place : place + 2] for place in places)
    if len(places) < _SHORTEST:
        return
    yield from _move(near, inside.search(bytes.fromhex(digits)), places, "hex:", lambda byte: byte)


def read_decimal(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Search the list of numbers below 256 around an anchor."""
    if _was_decoded(data, anchor, inside, "decimal", _DECIMAL, 1):
        return
    near = around(data, anchor, _BEFORE, _AFTER)
    first, end = _span(near, _DECIMAL_RUN, _DECIMAL_RUN_BACK)
    if not inside.charge(end - first):
        return
    inside.decoded["decimal"] = anchor, near.base + end
    text = near.text[first:end]
    places = _places(_DECIMAL, text, first)
    numbers = [int(number) for number in _DECIMAL.findall(text)]
    if len(numbers) < _SHORTEST or max(numbers) > 255:
        return
    yield from _move(near, inside.search(bytes(numbers)), places, "decimal:", lambda byte: byte)


def _was_decoded(
    data: bytes, anchor: int, inside: SearchContext, how: str, unit: re.Pattern[str], group: int
) -> bool:
    """Return whether an earlier anchor's decoding covered this one: same run, and a whole number of groups later."""
    last, end = inside.decoded.get(how, (0, 0))
    if not last <= anchor < end - _LONGEST:
        return False
    between = data[last:anchor].decode("latin-1")
    whole = sum(1 for found in unit.finditer(between) if found.group(1)) if group > 1 else 0
    if whole % group == 0:
        inside.decoded[how] = anchor, end
        return True
    return False


def _move(
    near: Neighbourhood,
    hits: Sequence[RawHit],
    places: Sequence[int],
    layer: str,
    letter: Callable[[int], int],
) -> Iterator[RawHit]:
    """Convert hits in decoded bytes to hits at the letters that they were decoded from."""
    for hit in hits:
        start = places[min(letter(hit.offset), len(places) - 1)]
        last = places[min(letter(hit.offset + max(hit.length, 1) - 1), len(places) - 1)]
        yield replace(hit, offset=near.base + start, form=layer + hit.form, length=last - start + 1)


def _hex_anchors() -> Iterator[str]:
    for known in TELLING:
        yield from _both_cases("", known)
    for known in TELLING[:6]:
        for separator in (":", " ", "\\\\x", ", 0x", ",0x"):
            yield from _both_cases(separator, known[:7])


def _both_cases(separator: str, known: bytes) -> list[str]:
    return sorted({f'"{separator.join(f"{byte:{kind}}" for byte in known)}"' for kind in ("02x", "02X")})


def _decimal_anchors() -> Iterator[str]:
    for known in TELLING[:6]:
        for separator in (", ", ","):
            yield f'"{separator.join(str(byte) for byte in known)}"'


_NAMES = (
    KeyForm(
        "base64:...",
        "base64 of either alphabet around any form, at any alignment, in lines or escaped; also twice",
    ),
)
BASE64 = tuple(
    FormFamily(_base64_anchors(before), partial(read_base64, phase=phase), _NAMES if not before else ())
    for before, phase in PHASES.items()
)
"""Base64 at its three alignments."""
HEX = FormFamily(
    tuple(_hex_anchors()),
    read_hex,
    (
        KeyForm(
            "hex:...",
            "hexadecimal digits of either case around any form: bare, with `:`, blanks, `\\x` or `0x`",
        ),
    ),
)
"""Hexadecimal digits."""
DECIMAL = FormFamily(
    tuple(_decimal_anchors()),
    read_decimal,
    (KeyForm("decimal:...", "a list of byte values around DER (arrays of bytes in JSON, Java, Go)"),),
)
"""Lists of decimal numbers."""
