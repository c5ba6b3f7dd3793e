"""Decode request paths, and refuse those that gate, proxy and application could read differently."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from seawall.gate.refusals import PathAmbiguous

LONGEST_URI = 8192

_TARGET = re.compile(r"/[!$&'()*+,\-./0-9:=@A-Z_a-z~%]*")
r"""A path in origin form, without `;` (some servers cut there), `\`, `#`, control characters and characters beyond ASCII."""

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_DANGEROUS = frozenset("/\\.%;?#")
"""Characters that a second decoder may take for syntax once they are unescaped."""

_DOTTED = re.compile(r"/(?:(?=[. +]*\.)[. +]+| +)(?:/|\Z)")
"""A segment of dots and blanks alone. Some systems strip these from the end of names: `..%20` becomes `..`."""

_NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|2[Dd]|5[Ff]|7[Ee])")
"""An escaped letter, digit, `-`, `_` or `~`, which RFC 3986 section 2.3 discourages."""

_LIKE_SLASHES = frozenset("\u2044\u2215\u2216\u29f5\u29f8\u29f9\uff0f\uff3c\uff0e\u2028\u2029")
r"""Characters that conversion to an older character set turns into `/`, `\` or `.`, and line separators."""

_IGNORABLE = frozenset({"Mn", "Me", "Cf", "Cc"})


def decode_path(uri: str) -> str:
    """Return the decoded path of a request target (`/a%20b?c=d` gives `/a b`).

    Raises `PathAmbiguous` for every target that two programs could read as two paths: dot segments, segments of dots and
    blanks, and empty segments; escaped separators and dots, backslashes, NUL and control characters, `;` and broken
    escapes; bytes that are not UTF-8, characters that some programs turn into separators, and targets not in origin form.
    The query is ignored.
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
    """Return whether no character becomes a separator, and no segment a dot segment, after simplification."""
    if any("\x80" <= character <= "\x9f" or character in _LIKE_SLASHES for character in text):
        return False
    simple = strip_disguise(text)
    separators = simple.count("/") == text.count("/") and "\\" not in simple and "//" not in simple
    return separators and not _DOTTED.search(simple)


def strip_disguise(text: str) -> str:
    """Return text without accents and invisible characters, and with wide, small or ringed characters as plain ones."""
    simple = unicodedata.normalize("NFKD", text)
    return "".join(one for one in simple if unicodedata.category(one) not in _IGNORABLE)


def is_escaped_needlessly(uri: str) -> bool:
    """Return whether the path of a request target escapes characters that never need escaping (`/%61dmin`)."""
    return "%" in uri and _NEEDLESS.search(uri.partition("?")[0]) is not None


def is_plain_path(path: str) -> bool:
    """Return whether a rule's path is written as `decode_path` returns it."""
    if "?" in path or "%" in path:
        return False
    try:
        return decode_path(quote(path, safe="/!$&'()*+,-.:=@_~\\;#")) == path
    except PathAmbiguous:
        return False
