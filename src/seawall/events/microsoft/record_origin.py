"""Tell where a record of Microsoft comes from: its category, its table, the log whose fields it has, and its tenant."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, KeysView
from typing import Any, TypeVar

from seawall.events.formats.field_capitals import Names, once_for_names, spellings

Form = TypeVar("Form")
OriginReader = Callable[[dict[str, Any]], tuple[Any, Any, Form]]

_TENANT = re.compile(r"(?i)/tenants/([^/]+)")


def read_origin_with(find_form: Callable[[KeysView[str]], Form]) -> OriginReader[Form]:
    """Return a function that reads a record's category, its table, and what `find_form` says of its fields.

    `find_form` gets the names of the fields in lower case; its answer is cached by names. Category and table are values of any
    type, None if the record has none.
    """

    @once_for_names
    def look_up(fields: Names) -> tuple[str, str, Form]:
        names = spellings(fields)
        return names.get("category", ""), names.get("type", ""), find_form(names.keys())

    def read(record: dict[str, Any]) -> tuple[Any, Any, Form]:
        category, table, form = look_up(tuple(record))
        return record.get(category), record.get(table), form

    return read


def has_one_of_each(names: KeysView[str], marks: Collection[Collection[str]]) -> bool:
    """Return whether there is a field of each line of `marks`."""
    return all(not names.isdisjoint(some) for some in marks)


def find_tenant(resource: str | None) -> str | None:
    """Return the tenant in the resource id of a diagnostic record."""
    tenant = _TENANT.search(resource or "")
    return tenant[1] if tenant else None
