"""Build the actions of a Delta table: protocol, metadata, and parts added and removed.

Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import uuid4

import pyarrow as pa

from seawall.storage.lake.footers import Footer
from seawall.storage.lake.layout import DAY_MICROSECONDS, moment, start_of
from seawall.storage.lake.parts import DIGEST, SCHEMA

Action = dict[str, Any]
"""One line of a version: an object with one key, the kind of action."""

PROTOCOL: Action = {
    "protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["seawallManaged"]}
}
"""Every Delta reader may read the lake. The made-up writer feature keeps Delta writers from writing to it."""

_TYPES = {
    pa.string(): "string",
    pa.int64(): "long",
    pa.int32(): "integer",
    pa.bool_(): "boolean",
    pa.timestamp("us", "UTC"): "timestamp",
}


def schema_text() -> str:
    """Return the columns of events as a Delta schema, without the digest: Delta has no unsigned integers."""
    fields = [
        {"name": field.name, "type": _TYPES[field.type], "nullable": True, "metadata": {}}
        for field in SCHEMA
        if field.name != DIGEST
    ]
    return json.dumps({"type": "struct", "fields": fields})


def describe_table(at: int) -> Action:
    """Return the metadata of a new table; `at` is the current time in microseconds since 1970.

    The table has no partition columns: some readers take their values from paths, which do not state an organisation's id.
    Only `time` has statistics, as the configuration states: for other columns a reader must open the part.
    """
    return {
        "metaData": {
            "id": str(uuid4()),
            "name": "events",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema_text(),
            "partitionColumns": [],
            "configuration": {
                "delta.dataSkippingStatsColumns": "time",
                "delta.deletedFileRetentionDuration": "interval 1 hours",
            },
            "createdTime": at // 1000,
        }
    }


def describe_commit(at: int) -> Action:
    """Return the author and time of a version; `at` is in microseconds since 1970."""
    return {
        "commitInfo": {
            "timestamp": at // 1000,
            "operation": "WRITE",
            "operationParameters": {"mode": "Append"},
            "engineInfo": "Seawall",
        }
    }


def add_part(path: str, footer: Footer) -> Action:
    """Return the action that adds a part to the table; `path` is relative to the lake.

    Raises `OSError` if the part cannot be read, and `ValueError` if it has no rows.
    """
    day = date.fromisoformat(footer.path.parent.name)
    status = footer.path.stat()
    return {
        "add": {
            "path": path,
            "partitionValues": {},
            "size": status.st_size,
            "modificationTime": status.st_mtime_ns // 1_000_000,
            "dataChange": True,
            "stats": json.dumps(_statistics(day, footer)),
        }
    }


def remove_part(path: str, at: int) -> Action:
    """Return the action that removes a part from the table; `at` is the current time in microseconds since 1970."""
    return {"remove": {"path": path, "deletionTimestamp": at // 1000, "dataChange": True}}


def _statistics(day: date, footer: Footer) -> dict[str, Any]:
    """Return the number of rows of a part, and its first and last time, limited to the part's day.

    Accounts have no statistics on purpose: the log outlives parts that retention deletes.
    """
    first, last = footer.span
    first = max(first, start_of(day))
    last = min(last, start_of(day) + DAY_MICROSECONDS - 1)
    return {
        "numRecords": sum(group.rows for group in footer.groups),
        "minValues": {"time": _millisecond(first)},
        "maxValues": {"time": _millisecond(last + 999)},
    }


def _millisecond(time: int) -> str:
    """Return a time in microseconds as Delta writes it in statistics, rounded down to milliseconds."""
    return moment(time).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time // 1000 % 1000:03d}Z"
