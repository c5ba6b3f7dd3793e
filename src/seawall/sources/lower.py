"""Reads records whose vendor writes the same field in several capitalisations, flat or under `properties`."""

from __future__ import annotations

from typing import Any

from seawall.sources.json_values import as_text, structure


class Fields:
    """A record by lower-case field name; members of `properties` win over the envelope around them."""

    __slots__ = ("_envelope", "_values")

    def __init__(self, record: dict[str, Any]) -> None:
        self._envelope = {key.lower(): value for key, value in record.items()}
        inner = structure(self._envelope.get("properties"))
        self._values = {key.lower(): value for key, value in inner.items()} if isinstance(inner, dict) else {}

    def value(self, *names: str) -> Any:
        """The first of the names that holds something; nested JSON text is parsed."""
        for source in (self._values, self._envelope):
            for name in names:
                found = source.get(name)
                if found not in (None, "", [], {}):
                    return structure(found)
        return None

    def text(self, *names: str) -> str | None:
        """The first of the names that holds a scalar, as text; structures are skipped."""
        for source in (self._values, self._envelope):
            for name in names:
                found = source.get(name)
                if found not in (None, "") and not isinstance(found, dict | list):
                    return as_text(found)
        return None

    def envelope_text(self, *names: str) -> str | None:
        """Like `text`, from the envelope alone."""
        for name in names:
            found = self._envelope.get(name)
            if found not in (None, "") and not isinstance(found, dict | list):
                return as_text(found)
        return None

    def member(self, name: str, *path: str) -> Any:
        """A member of a nested field, names compared without capitalisation."""
        found = self.value(name)
        for step in path:
            if not isinstance(found, dict):
                return None
            found = structure({key.lower(): value for key, value in found.items()}.get(step))
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._envelope

    def rest(self, known: frozenset[str], record: dict[str, Any]) -> dict[str, Any]:
        """What is in neither `known` nor empty, in the vendor's spelling."""
        inner = structure(self._envelope.get("properties"))
        kept = {
            k: v
            for k, v in record.items()
            if k.lower() not in known and v not in (None, "", [], {}, "[]", "{}")
        }
        for key, value in inner.items() if isinstance(inner, dict) else ():
            if key.lower() not in known and value not in (None, "", [], {}, "[]", "{}"):
                kept.setdefault(key, value)
        return kept
