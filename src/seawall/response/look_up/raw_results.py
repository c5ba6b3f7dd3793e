"""Find the records that show a value as they came: what a scan or a store kept of raised incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.response.incident_sources import read_events_file
from seawall.response.look_up.links import read_rules, records_of_rule
from seawall.response.look_up.matching import filter_of
from seawall.response.look_up.results import INCIDENTS, list_records_of_rule
from seawall.response.look_up.stored import MOST_INCIDENTS, LookUpSpan, list_days, make_query, narrow_span
from seawall.response.look_up.subject import LookUpSubject
from seawall.response.look_up.summary import DAY
from seawall.storage.files.events_place import find_events
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.lake.layout import start_of
from seawall.storage.location import Store
from seawall.storage.raw_records import RAW_RECORDS, KeptRecord, RawFolder, list_kept_ids, read_kept_records

MOST: Final = 20
"""Records that are shown."""


def find_raw_in_scan(folder: Path, subject: LookUpSubject, *, most: int = MOST) -> list[KeptRecord]:
    """Return up to `most` kept records of a scan that show a value, by time. Raises InputUnreadable."""
    path = folder / RAW_RECORDS
    ids = list_kept_ids(path)
    if not len(ids):
        return []
    rule = frozenset[str]()
    if subject.kind == "rule":
        rule = list_records_of_rule(subject, list(read_incidents(folder / INCIDENTS)), read_rules(folder))
    chosen = filter_of(subject, rule)
    start, end = narrow_span(LookUpSpan(), subject)
    found = list[tuple[int, str]]()
    for table in read_events_file(
        find_events(folder), list(dict.fromkeys(["time", "metadata_uid", *chosen.columns]))
    ):
        rows = table.filter(pc.is_in(table["metadata_uid"], value_set=ids))
        time = rows["time"].cast(pa.int64()).to_numpy()
        shown = rows.filter(pa.array(chosen.matches(rows) & (time >= start) & (time < end)))
        found += zip(
            shown["time"].cast(pa.int64()).to_pylist(), shown["metadata_uid"].to_pylist(), strict=True
        )
    wanted = {uid for _, uid in sorted(found)[:most]}
    return sorted(
        read_kept_records(path, wanted, most=most), key=lambda one: (one.origin.time, one.origin.record)
    )


def find_raw_in_store(store: Store, subject: LookUpSubject, *, most: int = MOST) -> list[KeptRecord]:
    """Return up to `most` kept records of a store that show a value, of the newest days that have any. Raises `LakeBroken`."""
    span, copies = LookUpSpan(), RawFolder(store.lake.root)
    rule = frozenset[str]()
    if subject.kind == "rule":
        with store.database.reading() as work:
            rule = records_of_rule(subject, work.incidents.page(limit=MOST_INCIDENTS))
    start, end = narrow_span(span, subject)
    found = list[KeptRecord]()
    for day in list_days(store.lake, span, subject):
        if len(found) >= most:
            break
        held = copies.list_ids(day.tenant, day.day)
        first = start_of(day.day)
        query = make_query(subject, max(first, start), min(first + DAY, end), rule)
        ids = set[str]()
        for tables in store.lake.rows_of_days(day.tenant, query, ["metadata_uid"]) if held else ():
            ids.update(uid for table in tables for uid in table["metadata_uid"].to_pylist() if uid in held)
        found += copies.find(day.tenant, ids, day=day.day, most=most - len(found))
    return sorted(found, key=lambda one: (one.origin.time, one.origin.record))
