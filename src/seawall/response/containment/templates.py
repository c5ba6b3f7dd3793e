"""Fills calls with values, so that no value can change which call it is: paths are encoded segment by segment. Pure.

Values come from logs and from vendors' answers; both may have been written by an intruder. A value is one segment of
a path, one value of a query, or one text of a JSON body, and cannot become anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from seawall.response.errors import PlanInvalid

LONGEST: Final = 2_000
_SLOT: Final = re.compile(r"\{([a-z_]+)((?:\.[A-Za-z0-9_@]+)*)\}")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

State = Mapping[str, Any]
"""What was read, by name: an object, or with `each` the item at hand. `made` is what the vendor answered to a change."""


def encode_segment(value: str) -> str:
    """The value as one segment of a path or one value of a query. Raises PlanInvalid where it cannot be one.

    `.` and `..` would be taken out of a path by clients and servers on the way, whatever their encoding.
    """
    if not value or value in {".", ".."} or len(value) > LONGEST:
        raise PlanInvalid("a name is empty, too long, or dots alone: it cannot stand in an address")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise PlanInvalid("a name holds characters that no address can hold") from None


def fill_address(template: str, **values: str) -> str:
    """The template with each `{name}` replaced by an encoded value; slots for what is read later stay."""
    return re.sub(
        r"\{([a-z_]+)\}",
        lambda found: encode_segment(values[found[1]]) if found[1] in values else found[0],
        template,
    )


def escape_filter_text(value: str) -> str:
    """The value inside the quotes of an OData `$filter`, still to be encoded: quotes are doubled."""
    return value.replace("'", "''")


def is_guid(value: str | None) -> bool:
    """Whether this is the id of a directory object, in either case."""
    return value is not None and _GUID.fullmatch(value) is not None


def fill_path(path: str, state: State) -> str:
    """The path with what was read in its slots. Raises PlanInvalid where the vendor did not say it."""

    def fill(found: re.Match[str]) -> str:
        if found[1] in state and state[found[1]] is None:
            raise PlanInvalid(
                f"the vendor knows no such {found[1]}: it was renamed or deleted, or never there"
            )
        value = find_value(state.get(found[1]), found[2].lstrip("."))
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise PlanInvalid(f"the vendor's answer does not say {found[1]}{found[2]}")
        return encode_segment(str(value))

    return _SLOT.sub(fill, path)


def fill_body(body: Any, state: State, given: Mapping[str, str]) -> Any:
    """The body with what was read in place of `{"$read": …}`, and what is given in place of `{"$given": …}`.

    A member whose value was not read is left out.
    """
    if isinstance(body, dict):
        if body.keys() == {"$read"}:
            name, _, field = str(body["$read"]).partition(".")
            return find_value(state.get(name), field)
        if body.keys() == {"$given"}:
            return given[str(body["$given"])]
        filled = {key: fill_body(value, state, given) for key, value in body.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(body, list):
        return [fill_body(value, state, given) for value in body]
    return body


def find_value(found: Any, field: str) -> Any:
    """The value of a field, which may be nested (`a.b`) or have dots of its own (`@odata.type`); None without one.

    An empty field is the whole value.
    """
    if not field:
        return found
    if not isinstance(found, Mapping):
        return None
    if field in found:
        return found[field]
    first, _, rest = field.partition(".")
    return find_value(found.get(first), rest) if rest else None


def keep_fields(found: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    """Of an object the fields that are kept, and nothing else."""
    if not isinstance(found, Mapping):
        return {}
    return {field: find_value(found, field) for field in fields if find_value(found, field) is not None}
