"""Read single values of a TOML file: check type and limits, and report each fault with its correction."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from seawall_base.http_url import FetchError, parse_url
from seawall_base.toml_lines import Path

LONGEST_TEXT: Final = 2048
LONGEST_ANY: Final = 4096
LARGEST_NUMBER: Final = 10**9
LONGEST_LIST: Final = 10_000
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}")

Reader = Callable[[Any], Any]
"""Convert a value that `tomllib` parsed, or raise `InvalidValue`."""


class InvalidValue(Exception):
    """A value is unusable. `what` is the fault, `fix` the advice, `at` the path below the setting."""

    def __init__(self, what: str, fix: str, *, at: Path = ()) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.at = at


def quote_value(value: Any) -> str:
    """Return a value for messages: one line of ASCII, at most 80 characters."""
    try:
        text = ascii(value)
    except ValueError:  # Python spells no number of thousands of digits, and TOML may hold one in hexadecimal
        return "a value with a very large number"
    return text if len(text) <= 80 else f"{text[:77]}..."


def kind_of(value: Any) -> str:
    """Return the TOML type of a value in words, such as `a number`."""
    kinds = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (str, "a text"),
        (list, "an array"),
        (dict, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or time")


def text(value: Any) -> str:
    """Read a text that is not empty and has no control characters or outer spaces."""
    if not isinstance(value, str):
        raise InvalidValue(f"is {kind_of(value)} where a text is needed", 'write it in quotes: "..."')
    if not value.strip():
        raise InvalidValue("is empty", "write a value, or leave the setting out")
    if len(value) > LONGEST_TEXT or not value.isprintable() or value != value.strip():
        raise InvalidValue(
            f"{quote_value(value)} is too long, or holds control characters or outer spaces",
            "write it plainly",
        )
    return value


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise InvalidValue(
            f"is {kind_of(value)} where true or false is needed", "write true or false without quotes"
        )
    return value


def seconds(least: int, most: int) -> Reader:
    """Return a reader for durations: whole seconds, or `"90s"`, `"15m"`, `"24h"`, `"30d"`."""

    def read(value: Any) -> int:
        fix = f'write seconds or a text such as "15m", "24h", "30d", from {format_duration(least)} to {format_duration(most)}'
        if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,9}) ?([smhd])", value)):
            value = int(match[1]) * UNITS[match[2]]
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidValue(f"{quote_value(value)} is no duration", fix)
        if not least <= value <= most:
            raise InvalidValue(f"{quote_value(value)} seconds are out of range", fix)
        return value

    return read


def format_duration(duration: int) -> str:
    """Return a duration in seconds in the largest unit that divides it: `15m`."""
    for unit, size in reversed(UNITS.items()):
        if duration and duration % size == 0:
            return f"{duration // size}{unit}"
    return "0"


def texts(item: Reader = text, *, empty: bool = False) -> Reader:
    """Return a reader for an array of distinct texts, as a tuple. Only with `empty` may the array be empty."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise InvalidValue(f"is {kind_of(value)} where an array is needed", 'write ["..."]')
        if not value and not empty:
            raise InvalidValue("is an empty array", "list at least one, or leave the setting out")
        if len(value) > LONGEST_LIST:
            raise InvalidValue(f"has {len(value)} elements", f"list at most {LONGEST_LIST}")
        found: dict[str, None] = {}
        for number, element in enumerate(value):
            try:
                one = item(element)
            except InvalidValue as wrong:
                raise InvalidValue(wrong.what, wrong.fix, at=(number, *wrong.at)) from None
            if one in found:
                raise InvalidValue(f"{quote_value(element)} is listed twice", "list it once", at=(number,))
            found[one] = None
        return tuple(found)

    return read


def choice(*options: str) -> Reader:
    """Return a reader that accepts only these words."""

    def read(value: Any) -> str:
        if value not in options:
            raise InvalidValue(f"{quote_value(value)} is not possible", f"write one of: {', '.join(options)}")
        return str(value)

    return read


def url(value: Any) -> str:
    """Read an https URL, or a http URL to this machine."""
    found = text(value)
    try:
        parse_url(found, allow_loopback_http=True)
    except FetchError as refused:
        raise InvalidValue(f"{quote_value(found)}: {refused}", "write an https:// URL") from None
    return found


def unquoted_url(value: Any) -> str:
    """Read an https URL, or http to this machine. Messages do not quote it: it may contain a password or a secret path."""
    found: str = any_text()(value)
    try:
        parse_url(found, allow_loopback_http=True)
    except FetchError as refused:
        raise InvalidValue(str(refused), "write https://host/path") from None
    return found


def or_empty(read: Reader) -> Reader:
    """Return a reader that also accepts an empty text, which means no value."""
    return lambda value: "" if value == "" else read(value)


def host(value: Any) -> str:
    """Read a host name, and return it in lower case."""
    found = text(value).lower()
    if not _HOST.fullmatch(found):
        raise InvalidValue(f"{quote_value(value)} is no host name", 'write a name alone: "keys.example.com"')
    return found


def number(kind: type, least: float, most: float = LARGEST_NUMBER) -> Reader:
    """Return a reader for a number within limits, inclusive: an integer, or for `float` any finite number."""
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


def any_text(longest: int = LONGEST_ANY, *, least: int = 0) -> Reader:
    """Return a reader for a text that may be empty or have several lines.

    Messages do not quote it: it may be a misplaced secret.
    """

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValue(f"is {kind_of(value)} where a text is needed", 'write it in quotes: "..."')
        if "\0" in value or len(value) > longest:
            raise InvalidValue("holds NUL, or is too long", f"write at most {longest} characters")
        if len(value) < least:
            raise InvalidValue("is empty", "write a value, or leave the setting out")
        return value

    return read


def any_texts(item: Reader | None = None, *, least: int = 0) -> Reader:
    """Return a reader for an array of texts, as a tuple. By default no text is empty; repetitions are allowed."""
    read_one = item or any_text(least=1)

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise InvalidValue(f"is {kind_of(value)} where an array is needed", 'write ["..."]')
        if len(value) > LONGEST_LIST:
            raise InvalidValue(f"has {len(value)} elements", f"list at most {LONGEST_LIST}")
        if len(value) < least:
            raise InvalidValue("is an empty array", "list at least one, or leave the setting out")
        found = []
        for place, element in enumerate(value):
            try:
                found.append(read_one(element))
            except InvalidValue as wrong:
                raise InvalidValue(wrong.what, wrong.fix, at=(place, *wrong.at)) from None
        return tuple(found)

    return read


def form(pattern: str, example: str, *, meaning: str = "", lower: bool = False) -> Reader:
    """Return a reader for a text that matches a regular expression, after removing outer spaces.

    Messages do not quote the text: it may be a misplaced secret. `example` and `meaning` describe the form in messages.
    """
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        found: str = any_text()(value).strip()
        found = found.lower() if lower else found
        if not compiled.fullmatch(found):
            what = f"does not look like {meaning}" if meaning else "has the wrong form"
            raise InvalidValue(what, f"write it as {example}")
        return found

    return read


def time_with_offset(value: Any) -> datetime:
    """Read a date and time with its offset from UTC."""
    fix = "write it with its offset from UTC: 2026-11-20T09:30:00+01:00"
    if not isinstance(value, datetime):
        raise InvalidValue(f"is {kind_of(value)} where a day with a time is needed", fix)
    if value.tzinfo is None:
        raise InvalidValue("names no offset from UTC", fix)
    return value


@dataclass(frozen=True, slots=True)
class Setting:
    """Declare one setting. `default` is a value as in the file, or None; `needed` means that some value must be set."""

    name: str
    kind: str
    default: Any
    meaning: str
    read: Reader
    needed: bool = False
