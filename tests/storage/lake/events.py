"""Tables of events for the lake's tests."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.layout import TENANTS, start_of
from tests.sample_events import START, event, table

DAY = START.date()
ALL = EventQuery(start_of(DAY - timedelta(days=400)), start_of(DAY + timedelta(days=400)))
LATER = DAY + timedelta(days=100)


def numbered(first: int, last: int, day: int = 0, **columns: Any) -> pa.Table:
    """Events of one day with the numbers as record ids, a second apart."""
    return table([event(f"id-{n}", day, n / 60, **{"source_line": n, **columns}) for n in range(first, last)])


def ids(events: pa.Table) -> list[str]:
    found: list[str] = events["metadata_uid"].to_pylist()
    return found


def part_files(lake: Lake) -> list[Path]:
    return sorted((lake.root / TENANTS).rglob("*.parquet"))


def everything(lake: Lake, tenant: str = "org") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lake.page(tenant, ALL, limit=10_000).events.to_pylist()
    return rows
