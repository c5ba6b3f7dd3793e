"""Parse JSON text: first strictly and fast, then leniently."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import msgspec
import numpy as np

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_decode_members = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw]).decode
_LARGE = 1 << 16

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
"""Matches strings; an unclosed one extends to the end."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"{[")] = 1
_STEPS[list(b"}]")] = -1


class NotJson(ValueError):
    """The text is no JSON document."""


class TooDeep(ValueError):
    """The document is nested deeper than the limit."""


def parse(text: bytes | str, depth: int) -> Any:
    """Return the value of a JSON document. Raises NotJson, or TooDeep beyond `depth` levels.

    Invalid UTF-8, lone surrogates and raw control characters in strings are replaced, because a broken character in a
    subject must not hide a record.
    """
    if is_deeper(text, depth):
        raise TooDeep
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        loose = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return without_surrogates(json.loads(loose, strict=False))
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def encode(value: Any) -> str:
    """Return compact JSON of a value that `parse` returned."""
    return _encode(value).decode()


def content_id(record: dict[str, Any]) -> str:
    """Return an id computed from the content of a record without an id."""
    canonical = msgspec.json.encode(record, order="deterministic")
    return "content-" + hashlib.blake2b(canonical, digest_size=16).hexdigest()


def as_text(value: Any) -> str | None:
    """Return a scalar as logs spell it (`true`, `1`), a structure as compact JSON, and None for null."""
    if value is None or isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return _encode(value).decode()


def read_structure(value: Any) -> Any:
    """Parse a field that may be JSON text, even twice encoded; return any other value unchanged."""
    for _ in range(2):
        if not isinstance(value, str) or value[:1] not in '{["' or len(value) < 2:
            break
        try:
            value = _decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            break
    return value


def read_powershell_object(value: Any) -> Any:
    """Read an object as PowerShell writes it into a text: `@{Name=value; Other=value}`; return any other value unchanged."""
    if not isinstance(value, str) or not (value.startswith("@{") and value.endswith("}")):
        return value
    parts = (part.partition("=") for part in value[2:-1].split("; "))
    return {name.strip(): text for name, mark, text in parts if mark}


def read_named_values(value: Any) -> dict[str, Any]:
    """Return name-value pairs as a dictionary: lists of `{Name, Value}` or `{key, value}`, objects, or their JSON text."""
    value = read_structure(value)
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


def unquote(value: Any) -> str | None:
    r"""Return a value as text, without extra JSON quotes as in `"\\"True\\""`."""
    text = as_text(value)
    while text and len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text or None


def is_deeper(text: bytes | str, depth: int) -> bool:
    """Return whether a text is nested deeper than `depth` levels.

    For a large array or object, the members are checked, because most have too few brackets to be deep.
    """
    opened = brackets(text)
    if opened <= depth:
        return False
    if len(text) > _LARGE and depth > 0:
        pieces = members(text)
        if pieces is not None:
            texts = pieces if isinstance(pieces, list) else pieces.values()
            return any(is_deeper(piece, depth - 1) for piece in texts)
    return _nesting(text) > depth


def brackets(text: bytes | str) -> int:
    """Return how many brackets a text opens, including those in strings."""
    if isinstance(text, bytes):
        return text.count(b"{") + text.count(b"[")
    return text.count("{") + text.count("[")


def members(text: bytes | str) -> list[bytes] | dict[str, bytes] | None:
    """Return the texts of the members of a valid array or object; None for anything else, and for repeated names."""
    try:
        found = _decode_members(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if isinstance(found, list):
        return [bytes(member) for member in found]
    pieces = {name: bytes(member) for name, member in found.items()}
    # A repeated name drops a member, and then the bracket counts differ.
    inside = sum(map(brackets, pieces)) + sum(map(brackets, pieces.values()))
    return pieces if inside + 1 == brackets(text) else None


def _nesting(text: bytes | str) -> int:
    """Return the deepest level of a text, damaged or not."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    marks = np.frombuffer(_STRINGS.sub(b"", data).translate(None, _NO_BRACKETS), np.uint8)
    return int(np.cumsum(_STEPS[marks], dtype=np.int64).max(initial=0))


def without_surrogates(value: Any) -> Any:
    """Return a parsed value that UTF-8 can encode.

    Lone surrogates become `?`, also in field names; NaN and infinities become None.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
