"""What a version of a Delta table says, as the Delta protocol writes it: protocol, schema, and the parts added and removed.

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
"""One line of a version: one key, which names the kind of action, and its values."""

PROTOCOL: Action = {
    "protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["seawallManaged"]}
}
"""Every Delta reader may read. No Delta writer knows the writer feature, so that none writes into the lake."""

_TYPES = {
    pa.string(): "string",
    pa.int64(): "long",
    pa.int32(): "integer",
    pa.bool_(): "boolean",
    pa.timestamp("us", "UTC"): "timestamp",
}


def schema_text() -> str:
    """Return the columns of events as a Delta schema. Delta knows no unsigned number: the digest is left out."""
    fields = [
        {"name": field.name, "type": _TYPES[field.type], "nullable": True, "metadata": {}}
        for field in SCHEMA
        if field.name != DIGEST
    ]
    return json.dumps({"type": "struct", "fields": fields})


def describe_table(at: int) -> Action:
    """Return the metadata of a new table; `at` is the time now in microseconds since the epoch.

    The table has no partition columns: some readers take their values from paths, which do not state an organisation's id.
    Only times have statistics, and the table says so: of other columns a reader knows nothing before it opens a part.
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
    """Return who wrote a version, and when (microseconds since the epoch)."""
    return {
        "commitInfo": {
            "timestamp": at // 1000,
            "operation": "WRITE",
            "operationParameters": {"mode": "Append"},
            "engineInfo": "Seawall",
        }
    }


def add_part(path: str, footer: Footer) -> Action:
    """Return the action that makes a part one of the table's; `path` is relative to the lake and names its day.

    Raises OSError where the part cannot be read, and ValueError where it has no rows.
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
    """Return the action that takes a part out of the table; `at` is the time now in microseconds since the epoch."""
    return {"remove": {"path": path, "deletionTimestamp": at // 1000, "dataChange": True}}


def _statistics(day: date, footer: Footer) -> dict[str, Any]:
    """Return the rows of a part of a day, and its least and greatest time.

    Accounts are left out on purpose: versions outlive the parts that retention deletes.
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
    """Return a time in microseconds as Delta writes it in statistics, its part of a millisecond cut off."""
    return moment(time).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time // 1000 % 1000:03d}Z"
