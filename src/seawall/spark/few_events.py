"""Write one events file from the table of events, as a scan on one machine has it: where events are few enough for that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.events.coded_batch import hash_text
from seawall.pipeline.scan_inputs import SCRATCH
from seawall.spark.event_files import name_month
from seawall.spark.event_parts import DAY
from seawall.storage.files.events_file import ROW_GROUP, EventsFile
from seawall.storage.files.merged_events import EVENTS

AT_ONCE: Final = 500_000
"""Events that are in memory together, about."""


def write_events_file(
    folder: Path, files: Iterable[Path], days: Mapping[int, int], at_once: int = AT_ONCE
) -> None:
    """Write `events.parquet` into a folder of results, ordered by time and record id as a scan orders it.

    `files` are those of the table of events, each in a folder with the name of its month; `days` is the number of events of
    each day. The file is there as a whole or not at all.
    """
    by_month: dict[str, list[Path]] = {}
    for file in files:
        by_month.setdefault(file.parent.name, []).append(file)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        path = Path(scratch) / EVENTS
        with EventsFile(path) as sink:
            for start, end in _cut(days, at_once):
                months = dict.fromkeys((name_month(start // DAY), name_month((end - 1) // DAY)))
                _write_span(sink, [one for month in months for one in by_month.get(month, ())], start, end)
        path.replace(folder / EVENTS)


def _cut(days: Mapping[int, int], at_once: int) -> Iterator[tuple[int, int]]:
    """Yield spans (start, end) in microseconds with about so many events: days of one month, or a part of a large day."""
    begin, held, last = -1, 0, -1
    for day, rows in sorted(days.items()):
        is_full = held + rows > at_once or (begin >= 0 and name_month(begin) != name_month(day))
        if begin >= 0 and is_full:
            yield begin * DAY, (last + 1) * DAY
            begin, held = -1, 0
        if rows > at_once:
            bounds = np.linspace(day * DAY, (day + 1) * DAY, -(-rows // at_once) + 1).astype(np.int64)
            yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
            continue
        begin, held, last = (day if begin < 0 else begin), held + rows, day
    if begin >= 0:
        yield begin * DAY, (last + 1) * DAY


def _write_span(sink: EventsFile, files: Iterable[Path], start: int, end: int) -> None:
    parts = [part for file in files if (part := _read_span(file, start, end)) is not None]
    if not parts:
        return
    whole = pa.concat_tables(parts).unify_dictionaries()
    keys = [hash_text(_join(whole[name])) for name in ("org_uid", "metadata_uid")]
    order = np.lexsort((*keys, whole["time"].cast(pa.int64()).to_numpy()))
    for first in range(0, len(order), ROW_GROUP):
        sink.write_table(whole.take(pa.array(order[first : first + ROW_GROUP])))


def _read_span(path: Path, start: int, end: int) -> pa.Table | None:
    """Return the events of a file from `start` to before `end`, in microseconds; None if its statistics show that none is."""
    kind = pa.timestamp("us", "UTC")
    first, after = pa.scalar(start, pa.int64()).cast(kind), pa.scalar(end, pa.int64()).cast(kind)
    with pq.ParquetFile(path) as file:
        at = file.schema_arrow.names.index("time")
        groups = [
            number
            for number in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(number).column(at).statistics, start, end)
        ]
        if not groups:
            return None
        table = file.read_row_groups(groups)
    return table.filter(pc.and_(pc.greater_equal(table["time"], first), pc.less(table["time"], after)))


def _may_hold(found: Any, start: int, end: int) -> bool:
    if found is None or not found.has_min_max:
        return True
    least, most = (
        pa.scalar(one, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py() for one in (found.min, found.max)
    )
    return bool(least < end and most >= start)


def _join(column: pa.ChunkedArray) -> pa.Array:
    joined = column.cast(pa.string()).combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined
