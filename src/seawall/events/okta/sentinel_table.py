"""Rows of the table `Okta_CL` of Log Analytics and Sentinel, one column for each field: `client_userAgent_browser_s`."""

from __future__ import annotations

import re
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names

_SUFFIX = re.compile(r"_[sgdbt]$")
"""What Log Analytics adds to the names of custom columns: text, GUID, number, truth, time."""
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
"""Objects of a record, and the objects in them that columns are made of; what is deeper is JSON text."""


def is_table_row(record: dict[str, Any]) -> bool:
    """Whether an object is a row of the table."""
    return "eventType_s" in record and ("actor_alternateId_s" in record or "actor_id_s" in record)


def record_of(row: dict[str, Any]) -> dict[str, Any]:
    """The record of a row, as Okta nests it. Columns that hold nothing are left out, those of Log Analytics stay as they are."""
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
    """Whether a value could be put where its path says: another column may stand there."""
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
    return tuple((name, _path(name)) for name in names)


def _path(name: str) -> Names:
    """Where a column stands in a record. A name may hold low lines of its own: all behind the known objects is the member's."""
    if not _SUFFIX.search(name):
        return (name,)
    plain = name[:-2]
    outer, line, rest = plain.partition("_")
    if not line or not rest or outer not in _INNER:
        return (plain,)
    inner, line, last = rest.partition("_")
    return (outer, inner, last) if line and last and inner in _INNER[outer] else (outer, rest)
