"""Paths: read the same by gate, proxy and application, or refused."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from seawall.gate.refusals import PathAmbiguous

LONGEST_URI = 8192

_TARGET = re.compile(r"/[!$&'()*+,\-./0-9:=@A-Z_a-z~%]*")
"""A path in origin form. `;` is left out (some servers cut there), as are `\\`, `#`, controls and what is not ASCII."""

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_DANGEROUS = frozenset("/\\.%;?#")
"""Characters that a second reader may take for syntax once their escape is gone."""

_DOTTED = re.compile(r"/(?:(?=[. +]*\.)[. +]+| +)(?:/|\Z)")
"""A name of dots and blanks alone. Some systems cut blanks and dots off a name's end: `..%20` is `..` to them."""

_NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|2[Dd]|5[Ff]|7[Ee])")
"""An escaped letter, digit, `-`, `_` or `~`: RFC 3986 section 2.3 says that none should be."""

_LIKE_SLASHES = frozenset("\u2044\u2215\u2216\u29f5\u29f8\u29f9\uff0f\uff3c\uff0e\u2028\u2029")
"""Characters that are turned into `/`, `\\` or `.` where text is squeezed into an older character set, and line ends."""

_IGNORABLE = frozenset({"Mn", "Me", "Cf", "Cc"})


def decode_path(uri: str) -> str:
    """The decoded path of a request target (`/a%20b?c=d` gives `/a b`).

    Raises `PathAmbiguous` for every target that two programs could read as two paths: dot segments, segments of dots and
    blanks, empty segments, escaped separators and dots, backslashes, NUL and controls, `;`, broken escapes, bytes that
    are no UTF-8, characters that some programs turn into separators, and every form but origin form. The query is not
    looked at.
    """
    if len(uri) > LONGEST_URI:
        raise PathAmbiguous
    path = uri.partition("?")[0]
    if not _TARGET.fullmatch(path) or "//" in path or ("." in path and _DOTTED.search(path)):
        raise PathAmbiguous
    if "%" not in path:
        return path
    return _decode(path)


def _decode(path: str) -> str:
    raw = bytearray()
    place = 0
    for escape in _ESCAPE.finditer(path):
        if escape[1] is None:
            raise PathAmbiguous
        byte = int(escape[1], 16)
        if byte < 0x20 or byte == 0x7F or chr(byte) in _DANGEROUS:
            raise PathAmbiguous
        raw += path[place : escape.start()].encode("ascii")
        raw.append(byte)
        place = escape.end()
    raw += path[place:].encode("ascii")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PathAmbiguous from None
    if _DOTTED.search(text) or not (text.isascii() or _is_unmistakable(text)):
        raise PathAmbiguous
    return text


def _is_unmistakable(text: str) -> bool:
    """Whether no character of the text becomes a separator, and no segment a dot segment, in a simpler writing."""
    if any("\x80" <= character <= "\x9f" or character in _LIKE_SLASHES for character in text):
        return False
    simple = strip_disguise(text)
    separators = simple.count("/") == text.count("/") and "\\" not in simple and "//" not in simple
    return separators and not _DOTTED.search(simple)


def strip_disguise(text: str) -> str:
    """Return text without accents and invisible characters, and with plain characters for their wide, small or ringed forms."""
    simple = unicodedata.normalize("NFKD", text)
    return "".join(one for one in simple if unicodedata.category(one) not in _IGNORABLE)


def is_escaped_needlessly(uri: str) -> bool:
    """Whether the path of a request target escapes characters that no program has to escape (`/%61dmin`)."""
    return "%" in uri and _NEEDLESS.search(uri.partition("?")[0]) is not None


def is_plain_path(path: str) -> bool:
    """Whether a rule's path is written as `decode_path` returns it."""
    if "?" in path or "%" in path:
        return False
    try:
        return decode_path(quote(path, safe="/!$&'()*+,-.:=@_~\\;#")) == path
    except PathAmbiguous:
        return False
