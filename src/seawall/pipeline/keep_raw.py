"""Keep the records of raised incidents as they came, from the files that a scan has read.

Reading keeps no copy: events name the file and number of their record, and their few records are looked up when
the incidents are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.events.raw_records import find_raw_records
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.events_place import find_events
from seawall.storage.raw_records import (
    MOST_CHARACTERS,
    MOST_RECORDS,
    RAW_RECORDS,
    KeptRecord,
    RecordOrigin,
    keep_record,
    write_kept_records,
)

_SHORTEST_ID = 8
COLUMNS = ("metadata_uid", "org_uid", "account", "time", "source_file", "source_line")


def keep_raw_records(
    folder: Path,
    inputs: Sequence[Path],
    incidents: Sequence[Incident],
    totals: Mapping[str, int],
    *,
    earlier: Iterable[KeptRecord] = (),
) -> int:
    """Write the records of raised incidents beside the results of a scan; return their number.

    `totals` is the number of the last record of each file. `earlier` are kept records, which are not looked up again.
    """
    wanted = frozenset(uid for one in incidents if one.raised for uid in one.events)
    origins = list(locate_records(read_events_file(find_events(folder), COLUMNS), wanted))[:MOST_RECORDS]
    held = {_name_place(one.origin): one for one in earlier}
    again = (replace(held[place], origin=one) for one in origins if (place := _name_place(one)) in held)
    missing = [one for one in origins if _name_place(one) not in held]
    return write_kept_records(folder / RAW_RECORDS, chain(again, find_kept(inputs, missing, totals)))


def _name_place(origin: RecordOrigin) -> tuple[str, str, int]:
    return origin.record, origin.source_file, origin.source_line


def find_kept(
    paths: Sequence[Path], origins: Sequence[RecordOrigin], totals: Mapping[str, int] | None = None
) -> Iterator[KeptRecord]:
    """Yield what is kept of records that are still in their files, until `MOST_CHARACTERS` are reached.

    Without `totals`, the files may be others by now: what does not show the id of its event is left out.
    """
    by_place = {(one.source_file, one.source_line): one for one in origins}
    wanted: dict[str, set[int]] = defaultdict(set)
    for file, line in by_place:
        wanted[file].add(line)
    left = MOST_CHARACTERS
    ids = None if totals is not None else {place: one.record for place, one in by_place.items()}
    for found in find_raw_records(paths, wanted, totals, ids):
        origin = by_place[found.source_file, found.source_line]
        if totals is None and not shows_id(found.text, origin.record):
            continue
        kept = keep_record(origin, found.text)
        left -= len(kept.text)
        if left < 0:
            return
        yield kept


def shows_id(text: str, uid: str) -> bool:
    """Return whether a text holds the id of an event, or the first part of one that was made of several fields."""
    return uid in text or (
        ":" in uid and len(uid.partition(":")[0]) >= _SHORTEST_ID and uid.partition(":")[0] in text
    )


def locate_records(
    tables: Iterable[pa.Table], wanted: Iterable[str], tenant: str | None = None
) -> Iterator[RecordOrigin]:
    """Yield where the records with these ids are, from tables with `COLUMNS`; `tenant` is theirs where none is named."""
    ids = pa.array(sorted(wanted), pa.string())
    for table in tables:
        column = table["metadata_uid"]
        rows = table.filter(pc.is_in(column, value_set=ids)) if len(ids) else table.slice(0, 0)
        times = rows["time"].cast(pa.int64()).to_pylist()
        tenants = [tenant] * len(rows) if tenant is not None else rows["org_uid"].to_pylist()
        names = (rows[name].to_pylist() for name in ("metadata_uid", "account", "source_file", "source_line"))
        for uid, account, file, line, org, time in zip(*names, tenants, times, strict=True):
            if file is not None and line is not None:
                yield RecordOrigin(uid, org or "", account, time, file, line)
