"""Find the values at a path of a record's JSON, ignoring case, also inside lists and Name/Value pairs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import re2

EVERYTHING = "*"
"""Path of every value at any depth."""

NAMES = "*names"
"""Path of every field name at any depth."""

LONGEST_NAMES = 300
_NAME_FIELDS = ("name", "key", "displayname")
_VALUE_FIELDS = (
    "value", "newvalue", "intvalue", "boolvalue", "multivalue", "multiintvalue", "multimessagevalue", "messagevalue",
)  # fmt: skip
LONGEST_COMMAND = 20_000
_PARAMETER = re2.compile(r'(?:^|\s)-([A-Za-z]\w*)(?:[:\s]+(\([^)]*\)|"[^"]*"|[^\s"(-][^\s"]*))?')
_QUOTED = re2.compile(r'"([^"]*)"')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def parse_text(text: str) -> Any:
    """Return a parsed JSON text, or None if it is invalid."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def find_values(found: Any, path: str) -> Iterator[str]:
    """Yield the texts of all values at a path of a parsed JSON value. The path is in lower case, with dots between its parts."""
    if path == EVERYTHING:
        yield from _scalars(found)
    elif path == NAMES:
        yield from _names(found)
    else:
        for one in _at(found, path):
            yield from list_texts(one)


def _at(found: Any, path: str) -> Iterator[Any]:
    found = _command(found) if isinstance(found, str) and found[:1] == "-" else _parse_nested(found)
    if isinstance(found, list):
        for one in found:
            yield from _at(one, path)
            yield from _pair(one, path)
    elif isinstance(found, dict):
        names = _spellings(found)
        if path in names:
            yield found[names[path]]
        place = path.find(".")
        while place >= 0:
            head = names.get(path[:place])
            if head is not None:
                yield from _at(found[head], path[place + 1 :])
            place = path.find(".", place + 1)


def _pair(one: Any, path: str) -> Iterator[Any]:
    """Yield the value of a pair with the path as its name: `{"Name": "RequestType", "Value": "OAuth2:Token"}`."""
    if not isinstance(one, dict):
        return
    names = _spellings(one)
    for field in _NAME_FIELDS:
        name = one.get(names.get(field, ""))
        if isinstance(name, str) and name.strip().lower() == path:
            yield from (one[names[value]] for value in _VALUE_FIELDS if value in names)
            return


def list_texts(value: Any) -> Iterator[str]:
    """Yield a value as text: JSON for a structure, and also each scalar of a list; nothing for an empty value."""
    if isinstance(value, str):
        if value:
            yield value
            inner = value[1:-1]
            if len(value) > 2 and value[0] == value[-1] == '"':
                yield inner
    elif value is True or value is False:
        yield "true" if value else "false"
    elif isinstance(value, dict | list):
        if value:
            yield _encode(value).decode()
        for one in value if isinstance(value, list) else ():
            if not isinstance(one, dict | list):
                yield from list_texts(one)
    elif value is not None:
        yield _encode(value).decode()


def _scalars(found: Any) -> Iterator[str]:
    found = _parse_nested(found)
    if isinstance(found, dict | list):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _scalars(one)
    else:
        yield from list_texts(found)


def _names(found: Any) -> Iterator[str]:
    found = _parse_nested(found)
    if isinstance(found, dict):
        yield from found
        for field in _NAME_FIELDS:
            name = found.get(_spellings(found).get(field, ""))
            if isinstance(name, str):
                yield name
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _names(one)


def _parse_nested(found: Any) -> Any:
    """Parse a text that itself contains a JSON structure; return any other value as it is."""
    if isinstance(found, str) and len(found) > 1 and found[0] in "{[" and found[-1] in "}]":
        inner = parse_text(found)
        return found if inner is None else inner
    return found


def _command(text: str) -> Any:
    """Parse the parameters of a command: `-SearchName "Audit 7" -Purge -Members ("a","b")`.

    The Security and Compliance Center logs its cmdlets so. A switch without a value becomes "True".
    """
    if len(text) > LONGEST_COMMAND:
        return text
    found: dict[str, Any] = {}
    for name, value in _PARAMETER.findall(text):
        listed = _QUOTED.findall(value) if value[:1] == "(" else [value.strip('"').removeprefix("$")]
        found[name] = "True" if not value else listed[0] if len(listed) == 1 else listed
    return found or text


def _spellings(found: dict[str, Any]) -> dict[str, str]:
    names = tuple(found)
    return _lower_cached(names) if len(names) <= LONGEST_NAMES else _lower(names)


def _lower(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in names}


_lower_cached = lru_cache(maxsize=4_096)(_lower)
