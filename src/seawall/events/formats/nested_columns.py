"""Nest columns such as `status.errorCode`, into which tools flatten Graph's sign-ins and audits when they write a table."""

from __future__ import annotations

from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names

_HOLDERS = {
    name.lower(): name
    for name in ("status", "deviceDetail", "location", "mfaDetail", "initiatedBy", "managedServiceIdentity")
}
_TIMES = frozenset({"createddatetime", "activitydatetime"})
"""One of these columns makes a table one of Graph's records."""
_FLAGS = {"true": True, "false": False}


@once_for_names
def find_nested(names: Names) -> dict[str, tuple[str, ...]]:
    """Return the path of each column that belongs into an object, by name; none for a table of other records."""
    if _TIMES.isdisjoint(name.lower() for name in names):
        return {}
    found = {}
    for name in names:
        holder, *members = name.split(".")
        if members and all(members) and holder.lower() in _HOLDERS:
            found[name] = (_HOLDERS[holder.lower()], *(part[:1].lower() + part[1:] for part in members))
    return found


def nest(row: dict[str, Any], paths: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return a row with the columns of these paths in objects. A column whose object is taken stays where it is."""
    nested: dict[str, Any] = {name: value for name, value in row.items() if name not in paths}
    for name in filter(paths.__contains__, row):
        *holders, last = paths[name]
        place: Any = nested
        for holder in holders:
            place = place.setdefault(holder, {}) if isinstance(place, dict) else None
        if isinstance(place, dict) and last not in place:
            place[last] = _FLAGS.get(row[name].lower(), row[name])
        else:
            nested[name] = row[name]
    return nested
