"""Detect the source of a record from its fields. To add a source, add its module to `SOURCES`."""

from __future__ import annotations

from typing import Any, Protocol, cast

from seawall.events import generic as other
from seawall.events.event_table import Normalised
from seawall.events.formats.json_values import NotJson, TooDeep, parse, read_structure
from seawall.events.google import activities as google_workspace
from seawall.events.microsoft import entra_audit, entra_signin, office_activity
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.okta import system_log as okta


class LogFormat(Protocol):
    """Describe a source. A module with these names is one; `row` never raises for an object that it recognises."""

    NAME: str
    RAW_COLUMNS: tuple[str, ...]

    def recognises(self, record: dict[str, Any]) -> bool:
        """Return whether the object is a record of this source."""
        ...

    def row(self, record: dict[str, Any]) -> tuple[str | None, ...]:
        """Return the raw columns of one record, and its `unmapped` last."""
        ...

    def normalise(self, table: Any) -> Normalised:
        """Return the event columns of a table of raw columns."""
        ...


SOURCES: tuple[LogFormat, ...] = cast(
    "tuple[LogFormat, ...]",
    (m365_audit, office_activity, entra_signin, entra_audit, okta, google_workspace, other),
)
"""Sources in the order of detection; the last accepts every object."""

AUDIT_DATA = ("AuditData", "auditData", "Auditdata", "auditdata")


class EmbeddedDocumentError(ValueError):
    """An embedded document is damaged; `field` names the field with it."""

    def __init__(self, field: str, reason: str, text: str) -> None:
        super().__init__(reason)
        self.field = field
        self.text = text


def recognise(record: dict[str, Any], depth: int) -> tuple[LogFormat, dict[str, Any]]:
    """Return the source of an object, and the record without its wrappers.

    Raises EmbeddedDocumentError if an embedded document is no JSON object.
    """
    if not record:
        return SOURCES[-1], record
    for _ in range(3):
        inner = _inner(record, depth)
        if inner is None:
            break
        record = inner
    for source in SOURCES:
        if source.recognises(record):
            return source, record
    raise AssertionError("the last source takes every object")


def _inner(record: dict[str, Any], depth: int) -> dict[str, Any] | None:
    for field in AUDIT_DATA:
        if field in record:
            return _audit_data(record[field], field, depth)
    if m365_audit.recognises(record):
        return None
    log = record.get("log")
    if isinstance(log, dict) and ("rule_id" in record or len(record) <= 3):
        return log
    source = record.get("_source")
    if isinstance(source, dict):
        return source
    result = record.get("result")
    if isinstance(result, dict) and ("preview" in record or "_raw" in result):
        return result
    raw = read_structure(record.get("_raw")) if isinstance(record.get("_raw"), str) else None
    return raw if isinstance(raw, dict) else None


def _audit_data(value: Any, field: str, depth: int) -> dict[str, Any]:
    text = value
    for _ in range(3):
        if not isinstance(value, str):
            break
        text = value
        try:
            value = parse(value, depth)
        except (NotJson, TooDeep) as error:
            raise EmbeddedDocumentError(field, str(error) or "nested too deep", text) from error
    if not isinstance(value, dict):
        raise EmbeddedDocumentError(field, "no JSON object", str(text)[:400])
    return value
