"""Fill a store with the results of a scan, so that the console shows them: incidents, events, coverage, raw records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from seawall.events.event import ENRICHED_SCHEMA
from seawall.pipeline.live.commit import COVERAGE, SEQUENCE
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.coverage_file import COVERAGE_FILE, read_coverage
from seawall.storage.files.events_place import find_events
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.location import Store
from seawall.storage.raw_records import RAW_RECORDS, RawFolder, list_kept_ids, read_kept_records
from seawall_base.errors import UsageError
from seawall_base.progress import Progress

TOGETHER: Final = 1_000
"""Incidents and records that are written together."""

Item = TypeVar("Item")
_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class FilledStore:
    """Hold what a store has from results: incidents and events, and incidents of earlier results that are gone."""

    incidents: int
    events: int
    gone: int


def fill_store(results: Path, store: Store, progress: Progress | None = None) -> FilledStore:
    """Put results into a store that no watch writes; those of an earlier time are replaced, answers of analysts stay.

    A stop on the way loses nothing: fill again. Raises `UsageError` for the store of a watch, `DatabaseInUse`,
    `InputUnreadable`, `MissingExtra` for a table of events without the package `deltalake`, and `LakeBroken`.
    """
    notes = [asdict(note) for note in read_coverage(results / COVERAGE_FILE)]
    with store.database.only_writer() as writer:
        with store.database.reading() as work:
            if work.checkpoints.get(SEQUENCE) is not None:
                raise UsageError(
                    f"{store.folder}: a watch writes this store", fix="name a new folder with --store"
                )
            before = work.incidents.ids()
        events = 0
        for day in _join_days(read_events_file(find_events(results), ENRICHED_SCHEMA.names)):
            store.lake.append(day)
            events += len(day)
            if progress:
                progress("write", events, 0, events)
        _copy_raw(results / RAW_RECORDS, RawFolder(store.lake.root))
        found = set[str]()
        for together in _cut(read_incidents(results / "incidents.jsonl")):
            with store.database.writing(writer) as work:
                work.incidents.put(together)
            found.update(one.id for one in together)
        with store.database.writing(writer) as work:
            gone = work.incidents.remove(before - found)
            work.settings.put(COVERAGE, {"notes": notes, "from": None})
    return FilledStore(len(found), events, gone)


def _join_days(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the events of each day together, as far as they follow each other: a part of the lake is of one day."""
    waiting, last = list[pa.Table](), -1
    for table in tables:
        days = table["time"].cast(pa.int64()).to_numpy() // _DAY
        bounds = np.flatnonzero(np.r_[True, days[1:] != days[:-1], True]) if len(days) else np.zeros(1, int)
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            if waiting and int(days[begin]) != last:
                yield pa.concat_tables(waiting)
                waiting = []
            waiting.append(table.slice(begin, end - begin))
            last = int(days[begin])
    if waiting:
        yield pa.concat_tables(waiting)


def _copy_raw(path: Path, raw: RawFolder) -> None:
    for ids in _cut(list_kept_ids(path).to_pylist()):
        raw.append(read_kept_records(path, ids, most=10 * TOGETHER))


def _cut(items: Iterable[Item]) -> Iterator[list[Item]]:
    taken = iter(items)
    while together := list(islice(taken, TOGETHER)):
        yield together
