"""Read rows of Sentinel's tables of Okta: `Okta_CL` with a column per field, `client_userAgent_browser_s`, and `OktaV2_CL`."""

from __future__ import annotations

import re
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.okta.sentinel_normalised import find_places, is_normalised_row

_SUFFIX = re.compile(r"_[sgdbt]$")
"""Matches the suffix that Log Analytics adds to custom columns for their type: text, GUID, number, boolean, time."""
_INNER = {
    "actor": (),
    "authenticationContext": (),
    "client": ("userAgent", "geographicalContext"),
    "debugContext": ("debugData",),
    "device": (),
    "outcome": (),
    "request": (),
    "securityContext": (),
    "transaction": ("detail",),
}
"""Objects of a record, and the nested objects that have columns. Deeper objects are JSON text."""


def is_table_row(record: dict[str, Any]) -> bool:
    """Return whether an object is a row of one of the tables."""
    if "eventType_s" in record:
        return "actor_alternateId_s" in record or "actor_id_s" in record
    return is_normalised_row(record)


def record_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a row in Okta's nesting. Empty columns are left out; columns of Log Analytics are kept."""
    found: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, path in _places(tuple(row)):
        value = row[name]
        if value is not None and value != "" and not _put(found, path, value):
            others[name] = value
    for name, value in others.items():
        while name in found:
            name += "_"
        found[name] = value
    return found


def _put(found: dict[str, Any], path: Names, value: Any) -> bool:
    """Store a value at its path; return whether the place was free."""
    holder = found
    for step in path[:-1]:
        holder = holder.setdefault(step, {})
        if not isinstance(holder, dict):
            return False
    if path[-1] in holder:
        return False
    holder[path[-1]] = value
    return True


@once_for_names
def _places(names: Names) -> tuple[tuple[str, Names], ...]:
    if "eventType_s" not in names:
        return find_places(names)
    return tuple((name, _path(name)) for name in names)


def _path(name: str) -> Names:
    """Return the path of a column in a record. Field names may contain underscores: all after the known objects is one name."""
    if not _SUFFIX.search(name):
        return (name,)
    plain = name[:-2]
    outer, line, rest = plain.partition("_")
    if not line or not rest or outer not in _INNER:
        return (plain,)
    inner, line, last = rest.partition("_")
    return (outer, inner, last) if line and last and inner in _INNER[outer] else (outer, rest)
