"""Read unified audit records on lines in memory: parse each line once into a typed record, then build columns.

A record that does not fit (a field of unusual form, no id, an operation of unknown kind) is left to the general way. Both
ways give the same raw columns, byte for byte. This one builds no dictionary per record, and encodes a nested text once for
each distinct spelling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.formats.field_capitals import Names
from seawall.events.formats.json_records import WRAPPERS
from seawall.events.formats.json_values import as_text, encode
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.microsoft import m365_records
from seawall.events.microsoft.m365_fields import (
    CONTEXT_FIELDS,
    DERIVED_FIELDS,
    DROPPED_FIELDS,
    KEPT_FIELDS,
    KNOWN_FIELDS,
    NESTED_FIELDS,
    TEXT_FIELDS,
)
from seawall.events.vendor_detection import AUDIT_DATA

_decode = msgspec.json.Decoder().decode

_MARKS = ("RecordType", "Workload", "UserType", "OrganizationId", "UserKey")
_NEEDED = ("Operation", "CreationTime")
_NESTED = frozenset(NESTED_FIELDS)
_ONLY_TEXT = frozenset(TEXT_FIELDS)
_KEPT = frozenset(KEPT_FIELDS)
_NEVER = frozenset({*WRAPPERS, *AUDIT_DATA})

_OFTEN = 3
"""Occurrences of a field before it becomes part of the type, unless the first records have it."""
_MOST_NAMES, _LONGEST_NAME = 200, 64
_MOST_TEXTS = 100_000

_NONE = msgspec.Raw(b"")
Pair = tuple[str | None, str | None]
_NOTHING: Pair = (None, None)
_BROKEN: Pair = ("", None)


class _Context(msgspec.Struct, gc=False):
    AADSessionId: Any = None
    UniqueTokenId: Any = None
    IssuedAtTime: Any = None
    ClientAppId: Any = None
    DeviceId: Any = None


_STRUCTURED = {"AppAccessContext": _Context | None}
_FOLDERS = "Folders"


class Shape:
    """Define a type for records with certain fields. Parsing is fastest if the names come in this order.

    `places` are the attributes of fields that become columns. `raw` are those whose JSON text is used, in the order of
    `unmapped`.
    """

    def __init__(self, names: Names) -> None:
        attributes = {name: f"field_{place}" for place, name in enumerate(names)}
        record = msgspec.defstruct(
            "AuditRecord",
            [_field(name, attribute) for name, attribute in attributes.items()],
            rename={attribute: name for name, attribute in attributes.items()},
            kw_only=True,
            gc=False,
            forbid_unknown_fields=True,
        )
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(record).decode
        self.places = attributes
        only_nested = (name for name in NESTED_FIELDS if name not in _KEPT)
        unknown = sorted(attributes.keys() - KNOWN_FIELDS)
        self.raw = tuple(
            (name, attributes[name]) for name in (*only_nested, *KEPT_FIELDS, *unknown) if name in attributes
        )


def _field(name: str, attribute: str) -> Any:
    if name in _NEEDED:
        return attribute, Any
    if name in DROPPED_FIELDS or name in _ONLY_TEXT:
        return attribute, _STRUCTURED.get(name, Any), None
    return attribute, msgspec.Raw, _NONE


def _fits(name: str) -> bool:
    """Return whether a field name can be part of a type."""
    is_plain = name.isprintable() and '"' not in name and "\\" not in name
    return is_plain and len(name) <= _LONGEST_NAME and name not in _NEVER


_shape = lru_cache(32)(Shape)
_NO_SHAPE = Shape(())


class AuditLines:
    """Parse the lines of one body that are audit records. `decode` returns a typed record, once a type exists."""

    NAME = m365_audit.NAME

    def __init__(self) -> None:
        self._names: Names = ()
        self._seen: Counter[str] = Counter()
        self._shape = _NO_SHAPE
        self._known: dict[str, _Nested] = {}
        self.decode: Callable[[bytes], Any] | None = None

    def learn(self, record: dict[str, Any]) -> None:
        """Learn the fields of a record that the type did not fit; later blocks use them, if the record is of this source."""
        if not m365_audit.recognises(record) or not m365_records.is_known_kind(record):
            return
        for name in record:
            if name in self._seen or (len(self._seen) < _MOST_NAMES and _fits(name)):
                self._seen[name] += 1

    def renew(self) -> None:
        """Add the learnt fields to the type, and clear the cache of texts if it is large."""
        often = _OFTEN if self._names else 1
        more = [name for name, times in self._seen.items() if times >= often]
        names = tuple(dict.fromkeys((*self._names, *more)))
        if names != self._names and all(name in names for name in _NEEDED):
            self._names, self._shape = names, _shape(names)
            self.decode = self._shape.decode
        if sum(map(len, self._known.values())) > _MOST_TEXTS:
            self._known = {}

    def columns(self, records: Sequence[Any]) -> tuple[Any, npt.NDArray[np.bool_]]:
        """Return raw columns (with `unmapped`) of typed records, and which records fit. The others need the general way."""
        size, places = len(records), self._shape.places
        texts = {
            name: _texts(list(map(attrgetter(places[name]), records)))
            for name in TEXT_FIELDS
            if name in places
        }
        is_good = _good(texts, size)
        columns = {name: _array(column) for name, column in texts.items()}
        columns |= _context(records, places.get("AppAccessContext"))
        members: list[list[str | None]] = []
        for name, attribute in self._shape.raw:
            if name == _FOLDERS:
                found, more = _folders(records, attribute)
                columns |= more
            else:
                found = self._read_nested(records, name, attribute)
            if found is None:
                continue
            if name in _NESTED:
                columns[name] = pa.array([pair[0] for pair in found], pa.string())
            if name in _KEPT or name not in _NESTED:
                members.append([pair[1] for pair in found])
            if any(nested is _BROKEN for nested in found):
                is_good &= np.array([nested is not _BROKEN for nested in found], np.bool_)
        columns["unmapped"] = _array(_objects(members, size))
        nothing = pa.nulls(size, pa.string())
        names = (*m365_audit.RAW_COLUMNS, "unmapped")
        return pa.table([columns.get(name, nothing) for name in names], names=list(names)), is_good

    def _read_nested(self, records: Sequence[Any], name: str, attribute: str) -> list[Pair] | None:
        """Return the values of a field with JSON text; None if no record has it."""
        raws = list(map(attrgetter(attribute), records))
        if raws.count(_NONE) == len(raws):
            return None
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Nested(name)
        return [_NOTHING if raw is _NONE else known[bytes(raw)] for raw in raws]


class _Nested(dict[bytes, Pair]):
    """Cache the results for the JSON texts of a field: the text for its column, and as member of an object."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._key = encode(name) + ":"

    def __missing__(self, raw: bytes) -> Pair:
        try:
            value = _decode(raw)
        except (msgspec.DecodeError, RecursionError):
            found = _BROKEN
        else:
            text = encode(value)
            is_empty = value in (None, "", [], {})
            shown = text if isinstance(value, list | dict) else as_text(value)
            found = shown, None if is_empty else self._key + text
        self[raw] = found
        return found


def _objects(members: list[list[str | None]], size: int) -> list[str | None]:
    """Return the text of one object per record from its members, or None without members."""
    if not members:
        return [None] * size
    joined = (",".join(filter(None, found)) for found in zip(*members, strict=True))
    return [f"{{{text}}}" if text else None for text in joined]


def _texts(values: list[Any]) -> list[str | None]:
    """Return values as texts for columns."""
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        return values
    if kinds <= {str, int, type(None)}:
        known = {value: as_text(value) for value in set(values)}
        return [known[value] for value in values]
    return [value if value.__class__ is str else as_text(value) for value in values]


def _array(values: list[str | None]) -> Any:
    return pa.array(values, pa.string()) if any(values) else pa.nulls(len(values), pa.string())


def _good(texts: dict[str, list[str | None]], size: int) -> npt.NDArray[np.bool_]:
    """Return which records have an id and a recognisable field, and are of a known kind."""
    nothing: list[str | None] = [None] * size
    kinds = list(zip(*(texts.get(name, nothing) for name in m365_records.KIND_FIELDS), strict=True))
    known = {kind: m365_records.is_known(*kind) for kind in set(kinds)}
    is_good = np.ones(size, np.bool_)
    if not all(known.values()):
        is_good &= np.array([known[kind] for kind in kinds], np.bool_)
    ids = texts.get("Id", nothing)
    if not all(ids):
        is_good &= np.array(list(map(bool, ids)), np.bool_)
    if None in texts.get(_MARKS[0], nothing):
        marks = zip(*(texts.get(name, nothing) for name in _MARKS), strict=True)
        is_good &= np.array([any(mark is not None for mark in found) for found in marks], np.bool_)
    return is_good


def _context(records: Sequence[Any], attribute: str | None) -> dict[str, Any]:
    if attribute is None:
        return {}
    nothing = _Context()
    contexts = [context or nothing for context in map(attrgetter(attribute), records)]
    return {
        f"Context.{name}": _array(_texts(list(map(attrgetter(name), contexts)))) for name in CONTEXT_FIELDS
    }


def _folders(records: Sequence[Any], attribute: str) -> tuple[list[Pair] | None, dict[str, Any]]:
    """Return the values of `Folders`, and the columns from it. Its values hardly repeat, so none is cached."""
    raws = list(map(attrgetter(attribute), records))
    if raws.count(_NONE) == len(raws):
        return None, {}
    pairs: list[Pair] = []
    summaries: list[list[str | None]] = []
    for raw in raws:
        try:
            value = None if raw is _NONE else _decode(raw)
        except (msgspec.DecodeError, RecursionError):
            value, pair = None, _BROKEN
        else:
            pair = (None, f'"{_FOLDERS}":{encode(value)}') if value not in (None, "", [], {}) else _NOTHING
        pairs.append(pair)
        summaries.append(m365_records.folders_summary(value))
    paths, counts = zip(*summaries, strict=True)
    return pairs, dict(zip(DERIVED_FIELDS[-2:], (_array([*paths]), _array([*counts])), strict=True))
