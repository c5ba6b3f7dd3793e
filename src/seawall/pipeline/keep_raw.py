"""Keep the records of raised incidents as they came, from the files that a scan has read.

Reading keeps no copy: events name the file and number of their record, and their few records are looked up when
the incidents are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.events.raw_records import find_raw_records
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.raw_records import (
    MOST_CHARACTERS,
    MOST_RECORDS,
    RAW_RECORDS,
    KeptRecord,
    RecordOrigin,
    keep_record,
    write_kept_records,
)

_COLUMNS = ("metadata_uid", "org_uid", "account", "time", "source_file", "source_line")


def keep_raw_records(
    folder: Path, inputs: Sequence[Path], incidents: Sequence[Incident], totals: Mapping[str, int]
) -> int:
    """Write the records of raised incidents beside the results of a scan; return their number.

    `totals` is the number of the last record of each file.
    """
    wanted = frozenset(uid for one in incidents if one.raised for uid in one.events)
    origins = list(locate_records(read_events_file(folder / EVENTS, _COLUMNS), wanted))
    return write_kept_records(folder / RAW_RECORDS, find_kept(inputs, origins[:MOST_RECORDS], totals))


def find_kept(
    paths: Sequence[Path], origins: Sequence[RecordOrigin], totals: Mapping[str, int] | None = None
) -> Iterator[KeptRecord]:
    """Yield what is kept of records that are still in their files, until `MOST_CHARACTERS` are reached."""
    by_place = {(one.source_file, one.source_line): one for one in origins}
    wanted: dict[str, set[int]] = defaultdict(set)
    for file, line in by_place:
        wanted[file].add(line)
    left = MOST_CHARACTERS
    for found in find_raw_records(paths, wanted, totals):
        kept = keep_record(by_place[found.source_file, found.source_line], found.text)
        left -= len(kept.text)
        if left < 0:
            return
        yield kept


def locate_records(tables: Iterable[pa.Table], wanted: Iterable[str]) -> Iterator[RecordOrigin]:
    """Yield where the records with these ids are, from tables with the columns of events."""
    ids = pa.array(sorted(wanted), pa.string())
    for table in tables:
        column = table["metadata_uid"]
        rows = table.filter(pc.is_in(column, value_set=ids)) if len(ids) else table.slice(0, 0)
        times = rows["time"].cast(pa.int64()).to_pylist()
        names = (rows[name].to_pylist() for name in _COLUMNS if name != "time")
        for uid, tenant, account, file, line, time in zip(*names, times, strict=True):
            if file is not None and line is not None:
                yield RecordOrigin(uid, tenant or "", account, time, file, line)
