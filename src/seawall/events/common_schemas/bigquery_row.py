"""Turn a row of BigQuery's interface, values without names beside a schema, into an object with names.

Source: BigQuery API v2, `tabledata.list`; elastic/integrations, `packages/google_workspace/data_stream/gmail/_dev/test`.
"""

from __future__ import annotations

from typing import Any


def make_named_row(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row of `{"row": {"f": […]}, "schema": {"fields": […]}}`; None if its values do not fit the schema."""
    schema = record.get("schema")
    return _name_values(record.get("row"), schema.get("fields") if isinstance(schema, dict) else None)


def _name_values(row: Any, fields: Any) -> dict[str, Any] | None:
    values = row.get("f") if isinstance(row, dict) else None
    if not isinstance(values, list) or not isinstance(fields, list) or len(values) != len(fields):
        return None
    found: dict[str, Any] = {}
    for cell, field in zip(values, fields, strict=True):
        name = field.get("name") if isinstance(field, dict) else None
        if not isinstance(name, str) or name in found or not isinstance(cell, dict):
            return None
        found[name] = _read_value(cell.get("v"), field)
    return found


def _read_value(value: Any, field: dict[str, Any]) -> Any:
    """Return a value with names in it; one that does not fit its field stays as it is."""
    if isinstance(value, list):
        return [
            _read_value(item["v"], field) if isinstance(item, dict) and "v" in item else item
            for item in value
        ]
    named = _name_values(value, field.get("fields")) if isinstance(value, dict) else None
    return value if named is None else named
