"""Read `acr`, `amr` and `auth_time` in the forms that issuers write.

OpenID Connect Core section 2 makes them a text, an array of texts and a number. Some issuers write `acr` as a number,
a single `amr` as a text, and AD FS writes `auth_time` as a time with its zone (RFC 3339).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

_WRITTEN_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)


def read_acr(said: Mapping[str, Any]) -> str | None:
    """Return `acr` as a text, None if absent. Raises `ValueError` unless it is a text or whole number."""
    value = said.get("acr")
    if type(value) is int:
        return str(value)
    if type(value) is str and value:
        return value
    if "acr" in said:
        raise ValueError("acr")
    return None


def read_amr(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the methods in `amr`, none if absent. Raises `ValueError` for other types.

    A text is one method. Text with white space is refused, because others may split it into several.
    """
    value = said.get("amr", [])
    if type(value) is str:
        if not value or value.split() != [value]:
            raise ValueError("amr")
        return (value,)
    if type(value) is not list or not all(type(item) is str for item in value):
        raise ValueError("amr")
    return tuple(value)


def read_authentication_time(said: Mapping[str, Any]) -> float | int | None:
    """Return `auth_time` in seconds since 1970, None if absent. Raises `ValueError` if it is no time."""
    value = said.get("auth_time")
    if type(value) is int or type(value) is float:
        return value
    if type(value) is str and _WRITTEN_TIME.fullmatch(value):
        return datetime.fromisoformat(value).timestamp()
    if "auth_time" in said:
        raise ValueError("auth_time")
    return None
