"""Fill call templates so that no value can change which call is made. Pure.

Values come from logs and vendors' answers, and an intruder may have written both. A value is encoded as one path
segment, one query value or one text of a JSON body.
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
"""Read results by name: an object, or with `each` the current item. `made` is the vendor's answer to a change."""


def encode_segment(value: str) -> str:
    """Encode a value as one path segment or query value.

    Raises PlanInvalid for `.` and `..`, which clients and proxies remove however they are encoded.
    """
    if not value or value in {".", ".."} or len(value) > LONGEST:
        raise PlanInvalid("a name is empty, too long, or dots alone: it cannot stand in an address")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise PlanInvalid("a name holds characters that no address can hold") from None


def fill_address(template: str, **values: str) -> str:
    """Replace each `{name}` by its encoded value; placeholders for later reads stay."""
    return re.sub(
        r"\{([a-z_]+)\}",
        lambda found: encode_segment(values[found[1]]) if found[1] in values else found[0],
        template,
    )


def escape_filter_text(value: str) -> str:
    """Escape a value for an OData `$filter` by doubling quotes. The result still needs URL encoding."""
    return value.replace("'", "''")


def is_guid(value: str | None) -> bool:
    """Return whether a value is a GUID, in upper or lower case."""
    return value is not None and _GUID.fullmatch(value) is not None


def fill_path(path: str, state: State) -> str:
    """Fill a path's placeholders from read results. Raises PlanInvalid if the vendor did not state a value."""

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
    """Fill a body: `{"$read": …}` from read results, `{"$given": …}` from `given`.

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
    """Return the value of a field; None if it is missing.

    A field may be nested (`a.b`) or contain dots itself (`@odata.type`). An empty field means the whole value.
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
    """Return only the listed fields of an object."""
    if not isinstance(found, Mapping):
        return {}
    return {field: find_value(found, field) for field in fields if find_value(found, field) is not None}
