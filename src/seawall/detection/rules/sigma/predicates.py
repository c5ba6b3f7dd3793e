"""Convert the values of pySigma into tests of record values.

Wildcards and regular expressions of users run in RE2, in time linear in the text. They never reach an engine that
backtracks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import re2

from seawall.detection.rules.sigma import patterns
from seawall.detection.rules.sigma.folding import fold_text, fold_whole_text
from seawall.detection.rules.sigma.model import (
    AnyOf,
    FieldComparison,
    FieldTest,
    KeywordTest,
    Node,
    NotOf,
    Predicate,
    ValueTest,
)

ANYTHING = frozenset({".", ".+"})
"""Regular expressions by which rules test that a field has a value.

They are common, and RE2 is slow on fields with many values.
"""

NOTHING = frozenset({"", "[]", "{}"})
"""Texts by which rules test that a field is empty. Events do not distinguish an empty field from a missing one."""


class UnsupportedRule(Exception):
    """A rule tests something that cannot be evaluated; the message says what."""


def build_node(field: str | None, value: Any) -> Node:
    """Return the node that compares a field with one of pySigma's values; field None means the whole record.

    Raises `UnsupportedRule`.
    """
    import sigma.types as sigma

    if isinstance(value, sigma.SigmaExpansion):
        return AnyOf(tuple(build_node(field, one) for one in value.values))
    if field is None:
        return _keyword(value)
    if isinstance(value, sigma.SigmaExists):
        there = FieldTest(field, ValueTest(nothing=True))
        return NotOf(there) if value.exists else there
    if isinstance(value, sigma.SigmaFieldReference):
        return FieldComparison(field, value.field, value.starts_with, value.ends_with)
    return FieldTest(field, build_test(value))


def build_test(value: Any) -> ValueTest:
    """Return the test of one of pySigma's values. Raises `UnsupportedRule`."""
    import sigma.types as sigma

    makers: Sequence[tuple[type, Callable[[Any], ValueTest]]] = (
        (sigma.SigmaNull, lambda _: ValueTest(nothing=True)),
        (sigma.SigmaTimestampPart, _refuse),
        (sigma.SigmaBool, lambda one: ValueTest(frozenset({str(one).lower()}))),
        (sigma.SigmaNumber, lambda one: ValueTest(frozenset({str(one).lower()}))),
        (sigma.SigmaRegularExpression, _expression),
        (sigma.SigmaCIDRExpression, lambda one: ValueTest(others=(_in_network(one.network),))),
        (sigma.SigmaCompareExpression, _comparison),
        (sigma.SigmaCasedString, lambda one: _text(one, cased=True)),
        (sigma.SigmaString, _text),
    )
    for kind, make in makers:
        if isinstance(value, kind):
            return make(value)
    return _refuse(value)


def _refuse(value: Any) -> ValueTest:
    raise UnsupportedRule(f"uses {type(value).__name__}, which has no answer here")


def _keyword(value: Any) -> Node:
    """Return the node that searches the record for a text, which may be part of a longer one."""
    import sigma.types as sigma

    if isinstance(value, sigma.SigmaRegularExpression):
        return KeywordTest(_expression(value), ())
    parts = _parts(value) if isinstance(value, sigma.SigmaString) else [str(value)]
    texts = tuple(part for part in parts if isinstance(part, str) and part.strip())
    if not texts:
        raise UnsupportedRule("searches for a keyword that is empty")
    cased = isinstance(value, sigma.SigmaCasedString)
    return KeywordTest(_matching(["*", *parts, "*"], cased=cased), texts)


def _parts(value: Any) -> list[str | None]:
    """Return a Sigma string in parts: literal texts, "*" for `*`, and None for `?`. Raises `UnsupportedRule`."""
    from sigma.types import SpecialChars

    found: list[str | None] = []
    for part in value.s:
        if isinstance(part, str):
            found.append(_Literal(part))
        elif part == SpecialChars.WILDCARD_MULTI:
            found.append("*")
        elif part == SpecialChars.WILDCARD_SINGLE:
            found.append(None)
        else:
            raise UnsupportedRule(f"needs a value for the placeholder {part}")
    return found


class _Literal(str):
    """Mark a part of a pattern as literal text, even an asterisk."""

    __slots__ = ()


def _text(value: Any, *, cased: bool = False) -> ValueTest:
    parts = _parts(value)
    if any(not isinstance(part, _Literal) for part in parts):
        return _matching(parts, cased=cased)
    whole = "".join(part for part in parts if part is not None)
    if whole in NOTHING:
        return ValueTest(frozenset({whole}), nothing=True)
    return ValueTest(others=(whole.__eq__,)) if cased else ValueTest(frozenset({fold_whole_text(whole)}))


def _matching(parts: Sequence[str | None], *, cased: bool) -> ValueTest:
    """Return the test of a pattern with wildcards."""
    if cased:
        return ValueTest(others=(_pattern(parts),))
    lower = [_Literal(fold_text(part)) if isinstance(part, _Literal) else part for part in parts]
    return ValueTest(lowered=(_pattern(lower),))


def _pattern(parts: Sequence[str | None]) -> Predicate:
    """Return the predicate of a pattern: a plain comparison if asterisks stand only at its ends, else RE2."""
    literal = [part for part in parts if isinstance(part, _Literal)]
    shape = "".join("x" if isinstance(part, _Literal) else "?" if part is None else "*" for part in parts)
    shape = re.sub(r"\*+", "*", shape)
    if len(literal) <= 1 and shape in ("*", "*x*", "x*", "*x"):
        return _plain(str(literal[0]) if literal else "", shape)
    pattern = "".join(
        re2.escape(part) if isinstance(part, _Literal) else "." if part is None else ".*" for part in parts
    )
    return _compile(f"(?s)^(?:{pattern})$")


def _plain(wanted: str, shape: str) -> Predicate:
    plain: dict[str, Predicate] = {
        "*": lambda _: True,
        "*x*": lambda value: wanted in value,
        "x*": lambda value: value.startswith(wanted),
        "*x": lambda value: value.endswith(wanted),
    }
    return plain[shape]


def _expression(value: Any) -> ValueTest:
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    pattern = str(value.regexp)
    if pattern in ANYTHING and not flags:
        return ValueTest(others=(_is_anything,))
    return ValueTest(others=(_compile(f"(?{flags}){pattern}" if flags else pattern),))


def _is_anything(value: str) -> bool:
    return bool(value.strip("\n"))


def _compile(pattern: str) -> Predicate:
    """Return a predicate that searches a text for the pattern. Raises `UnsupportedRule` if RE2 refuses it."""
    try:
        search = patterns.compile_pattern(pattern).search
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise UnsupportedRule(f"has a pattern that RE2 refuses: {text}") from error
    return lambda value: search(value) is not None


@lru_cache(maxsize=65_536)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0].strip())
    except ValueError:
        return None


def _in_network(network: IPv4Network | IPv6Network) -> Predicate:
    def passes(value: str) -> bool:
        found = _address(value) if len(value) <= 64 else None
        return found is not None and found.version == network.version and found in network

    return passes


def _comparison(value: Any) -> ValueTest:
    bound = float(value.number.number)
    compare: dict[str, Callable[[float], bool]] = {
        "LT": lambda number: number < bound,
        "LTE": lambda number: number <= bound,
        "GT": lambda number: number > bound,
        "GTE": lambda number: number >= bound,
        "NEQ": lambda number: number != bound,
    }
    chosen = compare[value.op.name]

    def passes(text: str) -> bool:
        number = _number(text)
        return number is not None and chosen(number)

    return ValueTest(others=(passes,))


def _number(text: str) -> float | None:
    try:
        return float(text) if len(text) <= 64 else None
    except ValueError:
        return None
