"""Read records whose vendor writes field names in several capitalisations, at the top or under `properties`.

Records of one export have equal field names. So the place of each field is computed once for all records with these names
(a `FieldLayout`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from seawall.events.formats.json_values import as_text, read_structure

Names = tuple[str, ...]
Places = tuple[tuple[int, str], ...]

_REMEMBERED = 1024
_MOST_NAMES = 300
"""Records with more fields are not cached, so that the cache stays small."""
_EMPTY_TEXTS = frozenset({"", "[]", "{}"})
_INNER, _OUTER = 0, 1

Result = TypeVar("Result")


def once_for_names(function: Callable[[Names], Result]) -> Callable[[Names], Result]:
    """Return the function with its results cached by field names."""
    remembered = lru_cache(_REMEMBERED)(function)

    def look_up(names: Names) -> Result:
        return remembered(names) if len(names) <= _MOST_NAMES else function(names)

    return look_up


@once_for_names
def spellings(names: Names) -> dict[str, str]:
    """Return the spelling of each name by its lower case; of several, the last."""
    return {name.lower(): name for name in names}


class RequestedFields:
    """Map columns to field names. The first of a column's names with a value is used."""

    __slots__ = ("columns",)

    def __init__(self, more: dict[str, str], **columns: str) -> None:
        self.columns = {column: tuple(names.split()) for column, names in (more | columns).items()}


class ExtractionPlan:
    """Extract columns from records of one layout. Columns with a single source field are extracted together."""

    __slots__ = ("several", "single")

    def __init__(self, places: dict[str, Places]) -> None:
        self.several = tuple((column, found) for column, found in places.items() if len(found) > 1)
        single = {column: found[0] for column, found in places.items() if len(found) == 1}
        self.single = tuple(
            (which, tuple(columns), _getter(tuple(columns.values())))
            for which in (_INNER, _OUTER)
            if (columns := {column: key for column, (place, key) in single.items() if place == which})
        )


def _getter(keys: Names) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(keys) == 1:
        return lambda source: (source[keys[0]],)
    return itemgetter(*keys)


class FieldLayout:
    """Map field names to their place in records with certain names: in `properties` (0) or at the top (1)."""

    __slots__ = ("_names", "_places", "_plans", "_rests", "envelope", "inner")

    def __init__(self, names: Names, inner_names: Names) -> None:
        self.envelope, self.inner = spellings(names), spellings(inner_names)
        self._names = (names, inner_names)
        self._places: dict[Names, Places] = {}
        self._plans: dict[RequestedFields, ExtractionPlan] = {}
        self._rests: dict[frozenset[str], tuple[Names, Names]] = {}

    def places(self, names: Names) -> Places:
        """Return the places of the names, those in `properties` first."""
        found = self._places.get(names)
        if found is None:
            found = self._places[names] = tuple(
                (which, source[name])
                for which, source in ((_INNER, self.inner), (_OUTER, self.envelope))
                for name in names
                if name in source
            )
        return found

    def plan(self, wanted: RequestedFields) -> ExtractionPlan:
        """Return the plan for the requested columns."""
        found = self._plans.get(wanted)
        if found is None:
            found = self._plans[wanted] = ExtractionPlan(
                {column: self.places(names) for column, names in wanted.columns.items()}
            )
        return found

    def rest(self, known: frozenset[str]) -> tuple[Names, Names]:
        """Return the unknown names, at the top and in `properties`."""
        found = self._rests.get(known)
        if found is None:
            outer, inner = (
                tuple(name for name in names if name.lower() not in known) for names in self._names
            )
            found = self._rests[known] = (outer, inner)
        return found


_remembered_layout = lru_cache(_REMEMBERED)(FieldLayout)


def _layout(names: Names, inner_names: Names) -> FieldLayout:
    is_small = len(names) + len(inner_names) <= _MOST_NAMES
    return _remembered_layout(names, inner_names) if is_small else FieldLayout(names, inner_names)


class RecordFields:
    """Access a record by lower-case field names. Members of `properties` take precedence over the top."""

    __slots__ = ("_layout", "_sources")

    def __init__(self, record: dict[str, Any]) -> None:
        names = tuple(record)
        place = spellings(names).get("properties")
        inner = read_structure(record[place]) if place is not None else None
        if not isinstance(inner, dict):
            inner = {}
        self._sources: tuple[dict[str, Any], dict[str, Any]] = (inner, record)
        self._layout = _layout(names, tuple(inner))

    def value(self, *names: str) -> Any:
        """Return the first value among the names; nested JSON text is parsed."""
        for which, key in self._layout.places(names):
            found = self._sources[which][key]
            if found.__class__ is dict or found.__class__ is list:
                if found:
                    return found
            elif found is not None and found != "":
                return read_structure(found)
        return None

    def text(self, *names: str) -> str | None:
        """Return the first scalar among the names, as text; structures are skipped."""
        return self._text_at(self._layout.places(names))

    def texts(self, wanted: RequestedFields) -> dict[str, str | None]:
        """Return `text` for many columns at once, without columns that have no field in the record."""
        plan = self._layout.plan(wanted)
        texts = {column: self._text_at(places) for column, places in plan.several}
        for which, columns, get in plan.single:
            for column, found in zip(columns, get(self._sources[which]), strict=True):
                if found.__class__ is str:
                    texts[column] = found or None
                elif found is not None and not isinstance(found, dict | list):
                    texts[column] = as_text(found)
        return texts

    def _text_at(self, places: Places) -> str | None:
        for which, key in places:
            found = self._sources[which][key]
            if found.__class__ is str:
                if found:
                    return found
            elif found is not None and not isinstance(found, dict | list):
                return as_text(found)
        return None

    def envelope_text(self, *names: str) -> str | None:
        """Return `text` from the top level alone."""
        for place in self._layout.places(names):
            if place[0] == _OUTER and (found := self._text_at((place,))) is not None:
                return found
        return None

    def inner_text(self, *names: str) -> str | None:
        """Return `text` from `properties` alone."""
        for place in self._layout.places(names):
            if place[0] == _INNER and (found := self._text_at((place,))) is not None:
                return found
        return None

    def member(self, name: str, *path: str) -> Any:
        """Return a member of a nested field, ignoring the case of names."""
        found = self.value(name)
        for step in path:
            if not isinstance(found, dict):
                return None
            key = spellings(tuple(found)).get(step)
            found = read_structure(found[key]) if key is not None else None
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._layout.inner or name in self._layout.envelope

    def rest(self, known: frozenset[str]) -> dict[str, Any]:
        """Return the non-empty fields that are not in `known`, in the vendor's spelling.

        Members of `properties` take precedence.
        """
        inner, record = self._sources
        outer_names, inner_names = self._layout.rest(known)
        kept = {name: record[name] for name in outer_names if _is_something(record[name])}
        kept.update((name, inner[name]) for name in inner_names if _is_something(inner[name]))
        return kept


def _is_something(value: Any) -> bool:
    if value.__class__ is str:
        return value not in _EMPTY_TEXTS
    return value is not None and value != [] and value != {}
