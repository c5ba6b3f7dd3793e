"""How and when the person signed in, as issuers write it: `acr`, `amr` and `auth_time` in the forms that are met.

OpenID Connect Core section 2 makes them a text, an array of texts and a number. Some issuers write `acr` as a number, a
single `amr` as a text, and AD FS writes `auth_time` as a time with its zone (RFC 3339).
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
    """Return `acr` as a text, None where there is none. Raises `ValueError` for what is no text and no whole number."""
    value = said.get("acr")
    if type(value) is int:
        return str(value)
    if type(value) is str and value:
        return value
    if "acr" in said:
        raise ValueError("acr")
    return None


def read_amr(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the methods in `amr`; none where it is absent. Raises `ValueError` for what names no methods.

    A text is one method: with white space in it, it would be one here and several for whoever splits it.
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
    """Return `auth_time` in seconds since 1970, None where there is none. Raises `ValueError` for what is no time."""
    value = said.get("auth_time")
    if type(value) is int or type(value) is float:
        return value
    if type(value) is str and _WRITTEN_TIME.fullmatch(value):
        return datetime.fromisoformat(value).timestamp()
    if "auth_time" in said:
        raise ValueError("auth_time")
    return None
