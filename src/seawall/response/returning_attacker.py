"""Search logs, scan results or a store for the return of a contained intruder. Combines reading, enrichment and search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.events.networks import Networks, enrich
from seawall.events.readers import read, total_bytes
from seawall.response.adaptation import COLUMNS, ReturnSearch, search_for_return
from seawall.response.containment.values import Containment
from seawall.response.search_window import LATEST, search_window
from seawall.storage.files.events_place import find_events, has_events, list_events_files
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.lake import Lake
from seawall.storage.lake.layout import day_of
from seawall_base.errors import InputUnreadable
from seawall_base.progress import Progress


@dataclass(slots=True)
class ReturnReading:
    """Counts of the records read, and of the problems by code."""

    records: int = 0
    problems: dict[str, int] = field(default_factory=dict)


def look_in_logs(
    paths: Sequence[Path], containment: Containment, progress: Progress | None = None
) -> tuple[ReturnSearch, ReturnReading]:
    """Search logs, and the events of scan result folders. Raises InputUnreadable."""
    for path in paths:
        if not path.exists():
            raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")
    reading = ReturnReading()
    return search_for_return(_pieces(paths, reading, progress), containment), reading


def look_in_store(
    lake: Lake, containment: Containment, progress: Progress | None = None
) -> tuple[ReturnSearch, ReturnReading]:
    """Search a store's events, from as long before the intrusion as `response.search_window` says. Raises LakeBroken."""
    reading = ReturnReading()
    return search_for_return(_store(lake, containment, reading, progress), containment), reading


def _store(
    lake: Lake, containment: Containment, reading: ReturnReading, progress: Progress | None
) -> Iterator[Any]:
    first = day_of(search_window(containment.actor.first, containment.actor.last)[0])
    last = day_of(min(containment.until, LATEST - 1))
    days = [held for held in lake.size().days if first <= held.day <= last]
    for number, held in enumerate(days, 1):
        for table in lake.day(held.tenant, held.day, is_named=True):
            reading.records += table.num_rows
            yield table
        if progress:
            progress("read", number, len(days), reading.records)


def _pieces(paths: Sequence[Path], reading: ReturnReading, progress: Progress | None) -> Iterator[Any]:
    scanned = [path for path in paths if has_events(path) or path.name == EVENTS]
    for path in scanned:
        for file in list_events_files(path if path.is_file() else find_events(path)):
            yield from _keep(file, reading)
    logs = [path for path in paths if path not in scanned]
    networks, total, done = Networks.load(()), total_bytes(logs), 0
    for batch in read(logs) if logs else ():
        reading.records += batch.records
        for problem in batch.problems:
            reading.problems[problem.code] = reading.problems.get(problem.code, 0) + 1
        if batch.events.num_rows:
            yield enrich(batch.events, networks)
        done += batch.bytes_read
        if progress:
            progress("read", min(done, total), total, reading.records)


def _keep(path: Path, reading: ReturnReading) -> Iterator[Any]:
    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in COLUMNS if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=names):
                reading.records += batch.num_rows
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no events file"
        raise InputUnreadable(f"{path}: {why}", fix="give logs, or a folder that a scan wrote") from None
