"""Access objects of an Okta record by name, in any spelling of a collector."""

from __future__ import annotations

from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.formats.json_values import as_text, read_structure


@once_for_names
def plain_names(names: Names) -> dict[str, str]:
    """Return each name by its plain form: `eventType`, `eventtype` and `event_type` are equal; of several, the last is kept."""
    return {name.lower().replace("_", ""): name for name in names}


class FieldObject:
    """Access an object, or its JSON text, by plain name. Any other value acts as an empty object."""

    __slots__ = ("_names", "held")

    def __init__(self, value: Any) -> None:
        if value.__class__ is str:
            value = read_structure(value)
        self.held: dict[str, Any] = value if value.__class__ is dict else {}
        self._names = plain_names(tuple(self.held))

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def value(self, name: str) -> Any:
        """Return a member unchanged, or None."""
        key = self._names.get(name)
        return None if key is None else self.held[key]

    def part(self, name: str) -> FieldObject:
        """Return a member as FieldObject; empty if it is no object."""
        key = self._names.get(name)
        found = None if key is None else self.held[key]
        return FieldObject(found) if found else NOTHING

    def parts(self, name: str, most: int) -> list[FieldObject]:
        """Return the objects of a list, at most `most`. A single object counts as a list of one."""
        found = read_structure(self.value(name))
        if isinstance(found, dict):
            return [FieldObject(found)]
        return [FieldObject(item) for item in found[:most]] if isinstance(found, list) else []

    def text(self, name: str) -> str | None:
        """Return a scalar as text; None for a structure, null or empty text."""
        key = self._names.get(name)
        if key is None:
            return None
        found = self.held[key]
        if found.__class__ is str:
            return found or None
        return None if found is None or isinstance(found, dict | list) else as_text(found)


NOTHING = FieldObject(None)
"""An object without members."""
