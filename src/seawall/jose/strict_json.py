"""JSON that means one thing only: what two parsers could read differently is refused (RFC 8259, 7493, 8725 section 2.6)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Literal, NoReturn

Reason = Literal["size", "depth", "duplicate", "constant", "encoding", "syntax", "number"]

LARGEST_INTEGER = (1 << 63) - 1
"""Beyond it parsers disagree: some wrap, some round, some answer with a string."""
_LONGEST_NUMBER = 40
_BOM = b"\xef\xbb\xbf"
# A string that never ends is taken to the end all the same: else each of its quotes would start another search (quadratic).
_BRACKET_OR_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


class JsonRefused(ValueError):
    """The text is not JSON of one meaning; `reason` says why. The text itself is never part of the message."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason: Reason = reason


def loads(data: bytes, *, max_bytes: int, max_depth: int = 16) -> Any:
    """Return the value; raise only `JsonRefused`.

    Accepted: UTF-8 without byte order mark, no member named twice at any depth, no NaN or Infinity, integers of at most 63
    bits, finite floats, no lone surrogate, at most `max_bytes` octets and `max_depth` containers inside each other.
    """
    if len(data) > max_bytes:
        raise JsonRefused("size", f"longer than {max_bytes} bytes")
    if data.startswith(_BOM):
        raise JsonRefused("encoding", "begins with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonRefused("encoding", "not UTF-8") from None
    if data.count(b"{") + data.count(b"[") > max_depth:
        _limit_depth(data, max_depth)
    try:
        value = _parsed(text)
    except JsonRefused:
        raise
    except (ValueError, RecursionError):
        # The parser's own error carries the whole text.
        raise JsonRefused("syntax", "not JSON") from None
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _parsed(text: str) -> Any:
    # The scanner alone is faster, and takes the usual text: one that neither begins nor ends with white space.
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else _DECODER.decode(text)


def _limit_depth(data: bytes, max_depth: int) -> None:
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(data):
        first = found[0][:1]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                raise JsonRefused("depth", f"more than {max_depth} containers inside each other")
        elif first in b"]}":
            depth -= 1


def _refuse_lone_surrogates(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            try:
                item.encode("utf-8")
            except UnicodeEncodeError:
                raise JsonRefused("encoding", "half of a surrogate pair") from None
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused("duplicate", "a member is named twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER or abs(value := int(digits)) > LARGEST_INTEGER:
        raise JsonRefused("number", "an integer of more than 63 bits")
    return value


def _float(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER or not math.isfinite(value := float(digits)):
        raise JsonRefused("number", "a number too large or too long")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonRefused("constant", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_SCAN: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
