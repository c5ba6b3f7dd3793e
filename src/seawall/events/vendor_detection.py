"""Detect the source of a record from its fields. To add a source, add its module to `SOURCES`."""

from __future__ import annotations

from typing import Any, Protocol, cast

from seawall.events import generic as other
from seawall.events.consoles.tables import add_organisation, find_table, restore_record, unwrap_streamed
from seawall.events.envelopes import FIELDS as ENVELOPE_FIELDS
from seawall.events.envelopes import MOST_LEVELS, EmbeddedDocumentError, open_envelopes, read_object
from seawall.events.event_table import Normalised
from seawall.events.google import activities as google_workspace
from seawall.events.google import alert_center
from seawall.events.microsoft import (
    entra_audit,
    entra_risk,
    entra_signin,
    graph_activity,
    mail_flow,
    office_activity,
    security_alerts,
)
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
    (
        m365_audit,
        office_activity,
        entra_signin,
        graph_activity,
        entra_audit,
        okta,
        google_workspace,
        mail_flow,
        entra_risk,
        security_alerts,
        alert_center,
        other,
    ),
)
"""Sources in the order of detection; the last accepts every object."""

_BY_NAME = {source.NAME: source for source in SOURCES}


def recognise(record: dict[str, Any], depth: int) -> tuple[LogFormat, dict[str, Any]]:
    """Return the source of an object, and the record without its envelopes.

    Raises EmbeddedDocumentError if the text in an envelope is damaged.
    """
    return _recognise(record, depth, MOST_LEVELS) if record else (SOURCES[-1], record)


def is_known(record: dict[str, Any], depth: int) -> bool:
    """Return whether an object is a known log's record, in an envelope or not, or a damaged one in an envelope."""
    try:
        return recognise(record, depth)[0] is not SOURCES[-1]
    except EmbeddedDocumentError:
        return True


def _recognise(record: dict[str, Any], depth: int, levels: int) -> tuple[LogFormat, dict[str, Any]]:
    if levels and not ENVELOPE_FIELDS.isdisjoint(record):
        found = _open(record, depth, levels)
        if found is not None:
            return found
    for source in SOURCES[:-1]:
        if source.recognises(record):
            return source, record
    row = unwrap_streamed(record)
    restored = _restore(row, depth, levels)
    if restored is None:
        return SOURCES[-1], record
    source, inner = restored
    return source, inner if row is record else add_organisation(source.NAME, inner, record)


def _restore(row: dict[str, Any], depth: int, levels: int) -> tuple[LogFormat, dict[str, Any]] | None:
    """Return the record of a row of a console's table: the one that it holds, else the one that its columns say."""
    table = find_table(tuple(row))
    held = None if table is None or not levels else table.find_embedded(row)
    inner = None if held is None else read_object(held[1], held[0], depth)
    if inner:
        found = _recognise(inner, depth, levels - 1)
        if found[0] is not SOURCES[-1]:
            return found
    restored = restore_record(row)
    return None if restored is None else (_BY_NAME[restored[0]], restored[1])


def _open(record: dict[str, Any], depth: int, levels: int) -> tuple[LogFormat, dict[str, Any]] | None:
    """Return the record in an envelope: the first that a known log's format recognises, else the first of any log."""
    rest = None
    for holds, inner in open_envelopes(record, depth, is_bare=m365_audit.recognises(record)):
        found = _recognise(inner, depth, levels - 1)
        if found[0] is not SOURCES[-1] or holds == "its own record":
            return found
        if holds == "any log" and rest is None:
            rest = found
    return rest
