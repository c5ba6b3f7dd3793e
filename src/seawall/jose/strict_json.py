"""JSON that means one thing only: what two parsers could read differently is refused (RFC 8259, 7493, 8725 section 2.6)."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Literal, NoReturn

import msgspec

Reason = Literal["size", "depth", "duplicate", "constant", "encoding", "syntax", "number"]

LARGEST_INTEGER = (1 << 64) - 1
SMALLEST_INTEGER = -(1 << 63)
"""Beyond them parsers disagree: some wrap, some round, some answer with a string."""
_LONGEST_INTEGER = 20
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

    Accepted: UTF-8 without byte order mark, no member named twice at any depth, no NaN or Infinity, integers of at most 64
    bits, finite floats, no lone surrogate, at most `max_bytes` octets and `max_depth` containers inside each other.
    """
    if len(data) > max_bytes:
        raise JsonRefused("size", f"longer than {max_bytes} bytes")
    # Looking for a second bracket is faster than counting them, and most claims have none.
    nested = data.find(b"{", 1) > 0 or data.find(b"[", 1) > 0
    deep = nested and data.count(b"{") + data.count(b"[") > max_depth
    # The quick parser takes integers of any length, so where a long one may be, the careful one reads.
    if not deep and _BACKSLASH not in data and _MANY_DIGITS not in data.translate(_DIGITS):
        try:
            value = _QUICK.decode(data)
            # A member that was named twice is in `data` and no longer in the value, and takes its colon with it. A colon
            # inside a text is in both, because nothing is escaped.
            if data.count(b":") == _WRITER.encode(value).count(b":"):
                return value
        except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            pass
    return _careful(data, max_depth if deep else 0)


def _careful(data: bytes, max_depth: int) -> Any:
    """The same, slower, for whatever has escapes or is refused: this says why. `max_depth` 0 means that depth is no concern."""
    if data.startswith(_BOM):
        raise JsonRefused("encoding", "begins with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonRefused("encoding", "not UTF-8") from None
    if max_depth:
        _limit_depth(data, max_depth)
    try:
        value = _DECODER.decode(text)
    except JsonRefused:
        raise
    except (ValueError, RecursionError):
        # The parser's own error carries the whole text.
        raise JsonRefused("syntax", "not JSON") from None
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


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
    if len(digits) > _LONGEST_INTEGER or not SMALLEST_INTEGER <= (value := int(digits)) <= LARGEST_INTEGER:
        raise JsonRefused("number", "an integer of more than 64 bits")
    return value


def _float(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise JsonRefused("number", "a number too large")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonRefused("constant", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_BACKSLASH = ord("\\")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS = b"0" * 19
_QUICK = msgspec.json.Decoder()
_WRITER = msgspec.json.Encoder()
