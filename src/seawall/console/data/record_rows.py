"""Convert events of the lake to API records. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec
import pyarrow as pa

from seawall.console.data.presentation import time_text
from seawall.console.data.record_values import Record
from seawall.events.applications import find_application_name
from seawall.events.event import ENRICHED_SCHEMA

_DOCUMENTS: Final = ("parameters", "unmapped")
_LONGEST_DOCUMENT: Final = 1 << 20
"""Bytes of a record's unmapped fields; longer ones are cut and marked."""


def record_rows(events: pa.Table, intruders: Collection[str]) -> list[Record]:
    """Convert a table (`ENRICHED_SCHEMA`); `intruders` are the record ids that incidents list."""
    return [_record(row, intruders) for row in _plain(events).to_pylist()]


def _plain(events: pa.Table) -> pa.Table:
    """Convert categories to texts and times to integers, which are faster to iterate and exact."""
    columns = []
    for name in ENRICHED_SCHEMA.names:
        column = events.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        elif pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns.append(column)
    return pa.table(columns, names=ENRICHED_SCHEMA.names)


_TIMES: Final = frozenset(field.name for field in ENRICHED_SCHEMA if pa.types.is_timestamp(field.type))


def _record(row: dict[str, Any], intruders: Collection[str]) -> Record:
    raw = {
        name: time_text(value) if name in _TIMES else value
        for name, value in row.items()
        if value is not None and name not in _DOCUMENTS
    }
    raw |= {name: _document(row[name]) for name in _DOCUMENTS if row[name] is not None}
    return Record(
        id=row["metadata_uid"] or "",
        time=time_text(row["time"]),
        source=row["source"],
        source_file=row["source_file"],
        source_line=row["source_line"],
        kind=row["kind"],
        activity=row["activity_name"],
        status=row["status"],
        status_code=row["status_code"],
        account=row["account"],
        mailbox=row["mailbox"],
        app=row["app_uid"],
        app_name=row["app_name"] or find_application_name(row["app_uid"]),
        client=row["client"],
        user_agent=row["user_agent"],
        ip=row["src_ip"],
        network=network_name(row["src_asn"], row["src_asn_name"], row["src_prefix"]),
        country=row["src_location"] or row["src_country"],
        session=row["session_uid"],
        token=row["token_uid"],
        item_count=row["item_count"],
        access_type=row["access_type"],
        folder=row["folder"],
        is_intruder=row["metadata_uid"] in intruders,
        raw=raw,
    )


def network_name(number: object, name: object, prefix: object) -> str | None:
    """Return a network's name as detection uses it: the autonomous system if known, else the address block."""
    if isinstance(number, int) and number >= 0:
        return f"AS{number} {name or ''}".strip()
    return None if prefix is None else str(prefix)


def _document(text: str) -> Any:
    """Parse a record's unmapped fields; return them as text if they are invalid or too long."""
    if len(text) > _LONGEST_DOCUMENT:
        return f"{text[:_LONGEST_DOCUMENT]}… ({len(text) - _LONGEST_DOCUMENT:,} more characters)"
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text
