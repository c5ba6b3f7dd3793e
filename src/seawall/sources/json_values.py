"""JSON text to Python values: strict and fast first, forgiving second."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class NotJson(ValueError):
    """The text is no JSON document."""


class TooDeep(ValueError):
    """The document is nested deeper than the limit."""


def parse(text: bytes | str, depth: int) -> Any:
    """The value of a JSON document. Raises NotJson, or TooDeep beyond `depth` levels.

    Invalid UTF-8, lone surrogates and raw control characters inside strings are replaced instead of
    refused: a broken character in a subject must not hide a record.
    """
    opened = (
        text.count(b"{") + text.count(b"[") if isinstance(text, bytes) else text.count("{") + text.count("[")
    )
    if opened > depth and _nesting(text) > depth:
        raise TooDeep
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        loose = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return _clean(json.loads(loose, strict=False))
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def encode(value: Any) -> str:
    """Compact JSON text of a value that `parse` returned."""
    return _encode(value).decode()


def content_id(record: dict[str, Any]) -> str:
    """A stable id for a record without one: the same content always has the same."""
    canonical = msgspec.json.encode(record, order="deterministic")
    return "content-" + hashlib.blake2b(canonical, digest_size=16).hexdigest()


def as_text(value: Any) -> str | None:
    """A scalar as log columns spell it (`true`, `1`), a structure as compact JSON; None for null."""
    if value is None or isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return _encode(value).decode()


def structure(value: Any) -> Any:
    """A nested field that may be a structure or its JSON text (even twice); anything else is returned as
    it is."""
    for _ in range(2):
        if not isinstance(value, str) or value[:1] not in '{["' or len(value) < 2:
            break
        try:
            value = _decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            break
    return value


def named_values(value: Any) -> dict[str, Any]:
    """A Name/Value bag as a dictionary: lists of `{Name, Value}` or `{key, value}`, objects, or their JSON
    text."""
    value = structure(value)
    if isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            lower = {key.lower(): entry for key, entry in item.items()}
            name = lower.get("name", lower.get("key", lower.get("displayname")))
            if isinstance(name, str):
                found.setdefault(name, lower.get("value", lower.get("newvalue")))
    return found


def unquoted(value: Any) -> str | None:
    """Text of a value without the extra JSON quotes of spellings like `"\\"True\\""`."""
    text = as_text(value)
    while text and len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text or None


def _nesting(text: bytes | str) -> int:
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    deepest = level = 0
    is_string = False
    position, end = 0, len(data)
    while position < end:
        byte = data[position]
        if is_string:
            if byte == 0x5C:
                position += 1
            elif byte == 0x22:
                is_string = False
        elif byte == 0x22:
            is_string = True
        elif byte in (0x7B, 0x5B):
            level += 1
            deepest = max(deepest, level)
        elif byte in (0x7D, 0x5D):
            level -= 1
        position += 1
    return deepest


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
