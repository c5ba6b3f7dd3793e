"""Read the patterns of received indicators: values of kinds that the logs have, joined by OR.

A pattern that needs several things at once (AND, FOLLOWEDBY, WITHIN, NOT) is not read: a part of it would match too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from seawall.response.exchange.plain_form import EXCHANGE_KINDS, ExchangeKind, is_public, spell_value
from seawall.response.exchange.release import HASH_PATTERN, VALUE_PATTERN

LONGEST_PATTERN: Final = 16 * 1024
MOST_VALUES: Final = 200
"""Values of one pattern."""

ReceivedValue = tuple[ExchangeKind, str]
"""A kind and a spelt value, or a hash of one."""

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\['\\])*')|(?P<sign>[\[\]()=,])|(?P<number>[0-9]{1,20})"
    r"|(?P<word>[A-Za-z0-9_:.-]+))"
)
_PATHS: Final[dict[str, ExchangeKind]] = {
    "ipv4-addr:value": "address",
    "ipv6-addr:value": "address",
    "network-traffic:src_ref.value": "address",
    "autonomous-system:number": "network",
    "user-agent": "user_agent",
}
_EQUAL: Final = {"=", "IN", "ISSUBSET"}
_HEADER: Final = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
_HASH: Final = re.compile(rf"({'|'.join(EXCHANGE_KINDS)}):([0-9a-f]{{64}})")


class PatternUnread(ValueError):
    """A pattern is no pattern, or means more than values joined by OR, or names nothing that the logs have."""


def read_pattern(pattern_type: str, pattern: str) -> list[ReceivedValue]:
    """Return the values of a pattern, each once. Raises `PatternUnread`."""
    if len(pattern) > LONGEST_PATTERN:
        raise PatternUnread("it is too long")
    if pattern_type == HASH_PATTERN:
        found = _HASH.fullmatch(pattern)
        if found is None:
            raise PatternUnread("it is no hash")
        return [(kind, found[2]) for kind in EXCHANGE_KINDS if kind == found[1]]
    if pattern_type == VALUE_PATTERN:
        name, _, value = pattern.partition(":")
        return [_spell(kind, value) for kind in EXCHANGE_KINDS if kind == name] or _refuse(
            "it is of another kind"
        )
    if pattern_type != "stix":
        raise PatternUnread("it is in another language")
    values = list(dict.fromkeys(_PatternReader(pattern).read()))
    if len(values) > MOST_VALUES:
        raise PatternUnread("it has too many values")
    return values


def _refuse(words: str) -> list[ReceivedValue]:
    raise PatternUnread(words)


def _spell(kind: ExchangeKind, value: str) -> ReceivedValue:
    spelt = spell_value(kind, value)
    if spelt is None:
        raise PatternUnread(f"its value is no {kind.replace('_', ' ')}")
    if not is_public(kind, spelt):
        raise PatternUnread("it is an internal address or number, which everybody has")
    return kind, spelt


def _split(pattern: str) -> Iterator[str]:
    """Yield the words of a pattern. Raises `PatternUnread`."""
    place, text = 0, pattern.replace(_HEADER, "user-agent").rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise PatternUnread("it is no pattern, or has what is not read")
        place = found.end()
        yield found[0].strip()


class _PatternReader:
    """Read `[A = 'x' OR B IN ('y', 'z')] OR [C = 1]` without recursion."""

    def __init__(self, pattern: str) -> None:
        self._words = list(_split(pattern))
        self._place = 0

    def read(self) -> list[ReceivedValue]:
        found = self._read_observation()
        while self._is_next("OR"):
            found += self._read_observation()
        if self._place != len(self._words):
            raise PatternUnread("it needs several things at once")
        return found

    def _read_observation(self) -> list[ReceivedValue]:
        self._expect("[")
        found = self._read_comparison()
        while self._is_next("OR"):
            found += self._read_comparison()
        self._expect("]")
        return found

    def _read_comparison(self) -> list[ReceivedValue]:
        path, operator = self._take(), self._take()
        kind = _PATHS.get(path)
        if kind is None or operator not in _EQUAL or (operator == "ISSUBSET" and kind != "address"):
            raise PatternUnread("it asks for what the logs do not have")
        values = self._read_set() if operator == "IN" else [self._take()]
        return [_spell(kind, _unquote(value)) for value in values]

    def _read_set(self) -> list[str]:
        self._expect("(")
        values = [self._take()]
        while self._is_next(","):
            values.append(self._take())
        self._expect(")")
        return values

    def _take(self) -> str:
        if self._place == len(self._words):
            raise PatternUnread("it ends too early")
        self._place += 1
        return self._words[self._place - 1]

    def _expect(self, word: str) -> None:
        if self._take() != word:
            raise PatternUnread("it needs several things at once, or is no pattern")

    def _is_next(self, word: str) -> bool:
        is_next = self._place < len(self._words) and self._words[self._place] == word
        self._place += is_next
        return is_next


def _unquote(word: str) -> str:
    """Return the value of a literal. Raises `PatternUnread` for a word that is none."""
    if word.isdecimal() and word.isascii():
        return word
    if len(word) < 2 or word[0] != "'":
        raise PatternUnread("its value is no text and no number")
    return re.sub(r"\\(['\\])", r"\1", word[1:-1])
