"""Parse JSON strictly: refuse what two parsers could read differently (RFC 8259, 7493, 8725 section 2.6)."""

from __future__ import annotations

import json
import math
from typing import Any, Literal, NoReturn

import msgspec

Reason = Literal["size", "depth", "duplicate", "constant", "encoding", "syntax", "number"]

LARGEST_INTEGER = (1 << 64) - 1
SMALLEST_INTEGER = -(1 << 63)
"""Beyond 64 bits parsers disagree: some wrap, some round, some return a string."""
_LONGEST_INTEGER = 20
_CONTAINERS = frozenset({dict, list})
_BOM = b"\xef\xbb\xbf"
# Match an unterminated string to the end too: otherwise each of its quotes would start another search (quadratic
# time).


class JsonRefused(ValueError):
    """The text is not unambiguous JSON. `reason` is the code; the message never contains the text."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason: Reason = reason


def loads(data: bytes, *, max_bytes: int, max_depth: int = 16) -> Any:
    """Parse JSON; raise only `JsonRefused`.

    Accepted: UTF-8 without byte order mark, no duplicate member at any depth, no NaN or Infinity, integers of at most
    64 bits, finite floats, no lone surrogate, at most `max_bytes` octets and `max_depth` nested containers.
    """
    if len(data) > max_bytes:
        raise JsonRefused("size", f"longer than {max_bytes} bytes")
    # Searching for a second bracket is faster than counting, and most claims have none.
    nested = data.find(b"{", 1) > 0 or data.find(b"[", 1) > 0
    deep = nested and data.count(b"{") + data.count(b"[") > max_depth
    found = _quick(data)
    value = _careful(data) if found is None else found[0]
    if deep:
        _limit_depth(value, max_depth)
    return value


def _quick(data: bytes) -> tuple[Any] | None:
    """Parse common JSON fast.

    Return None for escapes, long numbers and refused texts, which `_careful` parses.
    """
    # This parser accepts integers of any length.
    if _BACKSLASH in data or _MANY_DIGITS in data.translate(_DIGITS):
        return None
    try:
        value = _QUICK.decode(data)
        written = _WRITER.encode(value)
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None
    # A duplicate member is in `data` but not in the value, and neither is its colon. A colon inside a text is in
    # both, because nothing is escaped.
    # text is in both, because nothing is escaped.
    return (value,) if data.count(b":") == written.count(b":") else None


def _careful(data: bytes) -> Any:
    """Parse slowly, with the reason for a refusal."""
    if data.startswith(_BOM):
        raise JsonRefused("encoding", "begins with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonRefused("encoding", "not UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except JsonRefused:
        raise
    except RecursionError:
        raise JsonRefused("depth", "more containers inside each other than can be read") from None
    except ValueError:
        # The parser's own error contains the whole text.
        raise JsonRefused("syntax", "not JSON") from None
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _limit_depth(value: Any, max_depth: int) -> None:
    """Refuse a value with too many nested containers, checking level by level."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(max_depth):
        inner = [item for outer in level for item in (outer.values() if type(outer) is dict else outer)]
        level = [item for item in inner if type(item) in _CONTAINERS]
        if not level:
            return
    raise JsonRefused("depth", f"more than {max_depth} containers inside each other")


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
