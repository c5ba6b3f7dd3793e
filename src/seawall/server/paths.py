"""Paths: read the same by gate, proxy and application, or refused; and the rule that a path falls under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from seawall.server.refusals import MethodOverride, PathAmbiguous

if TYPE_CHECKING:
    from seawall.server.settings import PathRule

LONGEST_URI = 8192

_TARGET = re.compile(r"/[!$&'()*+,\-./0-9:=@A-Z_a-z~%]*")
"""A path in origin form. `;` is left out (some servers cut there), as are `\\`, `#`, controls and what is not ASCII."""

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_DANGEROUS = frozenset("/\\.%;?#")
"""Characters that a second reader may take for syntax once their escape is gone."""

_DOTTED = re.compile(r"/\.{1,2}(?:/|$)")


def plain_path(uri: str) -> str:
    """The decoded path of a request target (`/a%20b?c=d` gives `/a b`).

    Raises `PathAmbiguous` for every target that two programs could read as two paths: dot segments, empty segments,
    escaped separators and dots, backslashes, NUL and controls, `;`, broken escapes, bytes that are no UTF-8, and
    every form but origin form. The query is not looked at.
    """
    if len(uri) > LONGEST_URI:
        raise PathAmbiguous
    path = uri.partition("?")[0]
    if not _TARGET.fullmatch(path) or "//" in path or ("/." in path and _DOTTED.search(path)):
        raise PathAmbiguous
    if "%" not in path:
        return path
    return _decoded(path)


def _decoded(path: str) -> str:
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
    if any(
        "\x80" <= character <= "\x9f" or character in "\u2028\u2029\u2215\uff0f\uff3c\uff0e"
        for character in text
    ):
        raise PathAmbiguous
    return text


def is_plain(path: str) -> bool:
    """Whether a rule's path is written as `plain_path` returns it."""
    if "?" in path or "%" in path:
        return False
    try:
        return plain_path(quote(path, safe="/!$&'()*+,-.:=@_~\\;#")) == path
    except PathAmbiguous:
        return False


class PathRules:
    """The rules of a gate, the longest path first."""

    __slots__ = ("_names_methods", "_rules")

    def __init__(self, rules: Sequence[PathRule]) -> None:
        def weight(rule: PathRule) -> tuple[int, bool, bool]:
            return len(rule.exact or rule.prefix), bool(rule.exact), bool(rule.methods)

        self._rules = tuple(sorted(rules, key=weight, reverse=True))
        self._names_methods = any(rule.methods for rule in rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def rule_for(self, path: str, method: str, *, overridden: bool) -> PathRule | None:
        """The rule of the longest matching path; `exact` before `prefix`, one that names the method before one that does not.

        Rules that ask for something match in any case, because some applications do not tell `/Admin` from `/admin`;
        rules that open a path match as written. `overridden` says that the request carries a header that makes some
        applications act on another method: where rules depend on the method it is refused (`MethodOverride`).
        """
        if not self._rules:
            return None
        if overridden and self._names_methods:
            raise MethodOverride
        folded = path.casefold()
        for rule in self._rules:
            if (
                rule.methods
                and method not in rule.methods
                and not (method == "HEAD" and "GET" in rule.methods)
            ):
                continue
            if _matches(rule, path) if rule.public else _matches(rule, folded, fold=True):
                return rule
        return None


def _matches(rule: PathRule, path: str, *, fold: bool = False) -> bool:
    if rule.exact:
        exact = rule.exact.casefold() if fold else rule.exact
        # An application may answer `/admin/` as `/admin`: what asks for something is about both.
        return path == exact or (fold and path == exact + "/")
    prefix = rule.prefix.casefold() if fold else rule.prefix
    stem = prefix.rstrip("/")
    return path == stem or path.startswith(stem + "/")
