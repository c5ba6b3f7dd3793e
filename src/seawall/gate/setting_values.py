"""Read one value of the gate's tables, by the type of the field that declares it."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from seawall.web.peers import Peers
from seawall_base.settings_values import InvalidValue, Reader, Setting, choice, flag, kind_of, quote_value
from seawall_tokens.policy.values import conditions
from seawall_tokens.verify.claim_conditions import Conditions

LONGEST_TEXT: Final = 4096
LARGEST_NUMBER: Final = 10**9


def settings_of(kind: type, folder: Path) -> tuple[Setting, ...]:
    """Return the settings that a class declares by its fields. Paths are relative to `folder`."""
    hints = get_type_hints(kind)
    return tuple(
        Setting(
            name=entry.name,
            kind="",
            default=None,
            meaning=entry.metadata["words"],
            read=_reader(hints[entry.name], entry.metadata, folder),
        )
        for entry in dataclasses.fields(kind)
        if entry.metadata
    )


def _reader(hint: Any, limits: Mapping[str, Any], folder: Path) -> Reader:
    if get_origin(hint) in {types.UnionType, typing.Union}:
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is tuple:
        return _texts
    if get_origin(hint) is Literal:
        return choice(*get_args(hint))
    if hint in {int, float}:
        return _number(hint, limits.get("minimum", 0), limits.get("maximum", LARGEST_NUMBER))
    if hint is str:
        return _text(limits.get("pattern"))
    readers: dict[Any, Reader] = {
        bool: flag,
        Peers: _peers,
        Conditions: _conditions,
        Path: lambda value: folder / _text()(value),
    }
    return readers[hint]


def _text(pattern: str | None = None) -> Reader:
    """A text, which may be empty. It is not repeated in messages: it may be a token in the wrong place."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValue(f"is {kind_of(value)} where a text is needed", 'write it in quotes: "..."')
        if "\0" in value or len(value) > LONGEST_TEXT:
            raise InvalidValue("holds NUL, or is too long", f"write at most {LONGEST_TEXT} characters")
        if pattern is not None and not re.fullmatch(pattern, value):
            raise InvalidValue("has the wrong form", "docs/how-to/gate.md shows what it looks like")
        return value

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidValue(f"is {kind_of(value)} where an array is needed", 'write ["..."]')
    found = []
    for number, element in enumerate(value):
        try:
            found.append(_text()(element))
        except InvalidValue as wrong:
            raise InvalidValue(wrong.what, wrong.fix, at=(number,)) from None
        if not element:
            raise InvalidValue("holds an empty text", "leave it out", at=(number,))
    return tuple(found)


def _peers(value: Any) -> Peers:
    try:
        return Peers(_texts(value))
    except ValueError as error:
        raise InvalidValue(str(error), 'write networks, such as "10.0.0.0/8", or "unix"') from None


def _conditions(value: Any) -> Conditions:
    try:
        return conditions(value)
    except InvalidValue as wrong:
        named = ".".join(str(part) for part in wrong.at if isinstance(part, str))
        raise InvalidValue(f"{named}: {wrong.what}" if named else wrong.what, wrong.fix) from None


def _number(kind: type, least: float, most: float) -> Reader:
    kinds = (int, float) if kind is float else (int,)
    called = "a number" if kind is float else "a whole number"

    def read(value: Any) -> float:
        fix = f"write {called} from {least} to {most}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidValue(f"is {kind_of(value)} where {called} is needed", fix)
        if not isinstance(value, kinds):
            raise InvalidValue(f"{quote_value(value)} is no whole number", fix)
        if not least <= value <= most:
            raise InvalidValue(
                f"{quote_value(value)} does not lie between {least} and {most}",
                f"write {called} in that range",
            )
        return value

    return read
