"""Read raw columns of single Microsoft 365 unified audit records, for `m365_columns.normalise`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.formats.json_values import (
    as_text,
    content_id,
    encode,
    read_powershell_object,
    read_structure,
)
from seawall.events.microsoft import m365_meanings as judge
from seawall.events.microsoft.m365_fields import (
    CONTEXT_FIELDS,
    KEPT_FIELDS,
    KNOWN_FIELDS,
    NESTED_FIELDS,
    TEXT_FIELDS,
)

KIND_FIELDS = ("Operation", "RecordType", "Workload")
_KIND_PLACES = tuple(TEXT_FIELDS.index(name) for name in KIND_FIELDS)
_SHORT = 256


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last.

    `unmapped` is the JSON of unknown fields and KEPT_FIELDS, or of all fields for kind `other`.
    """
    values: list[str | None] = [None] * (len(TEXT_FIELDS) + len(NESTED_FIELDS))
    places, kept = _layout(tuple(record))
    for place, name in places:
        value = record[name]
        values[place] = value if value.__class__ is str else as_text(value)
    operation, number, workload = (values[place] for place in _KIND_PLACES)
    values[0] = values[0] or content_id(record)
    context = read_powershell_object(read_structure(record.get("AppAccessContext")))
    context = context if isinstance(context, dict) else {}
    values += [as_text(context.get(name)) for name in CONTEXT_FIELDS]
    values += folders_summary(record.get("Folders"))
    values.append(_keep(record, kept) if is_known(operation, number, workload) else encode(record))
    return tuple(values)


@once_for_names
def _layout(names: Names) -> tuple[tuple[tuple[int, str], ...], Names]:
    """Return the columns of the fields that a record with these names has, and the names of fields kept as they are."""
    present = frozenset(names)
    columns = enumerate((*TEXT_FIELDS, *NESTED_FIELDS))
    places = tuple((place, name) for place, name in columns if name in present)
    kept = (name for name in KEPT_FIELDS if name in present)
    return places, (*kept, *sorted(present - KNOWN_FIELDS))


def is_known(operation: str | None, number: str | None, workload: str | None) -> bool:
    """Return whether operation, record type and workload give a kind whose records are not kept whole."""
    if sum(map(len, filter(None, (operation, number, workload)))) > _SHORT:
        # Long texts are not cached.
        return judge.kind(operation, number, workload, None)[0] not in judge.WHOLE_KINDS
    return _is_known_kind(operation, number, workload)


@lru_cache(1024)
def _is_known_kind(operation: str | None, number: str | None, workload: str | None) -> bool:
    return judge.kind(operation, number, workload, None)[0] not in judge.WHOLE_KINDS


def folders_summary(value: Any) -> list[str | None]:
    """Return the path of the first folder, and the number of items in all folders, as text."""
    folders = [folder for folder in _list(read_structure(value)) if isinstance(folder, dict)]
    if not folders:
        return [None, None]
    count = sum(len(_list(read_structure(folder.get("FolderItems")))) for folder in folders)
    return [as_text(folders[0].get("Path")), str(count)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _keep(record: dict[str, Any], names: Names) -> str | None:
    kept = {name: record[name] for name in names if record[name] not in (None, "", [], {})}
    return encode(kept) if kept else None
