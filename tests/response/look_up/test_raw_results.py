"""Records as they came are found by the value that their events show, in results and in a store alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seawall.response.look_up import parse_subject
from seawall.response.look_up.raw_results import find_raw_in_scan, find_raw_in_store
from seawall.storage.database import Database
from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.lake import Lake
from seawall.storage.location import Store
from seawall.storage.raw_records import RAW_RECORDS, RawFolder, RecordOrigin, keep_record, write_kept_records
from tests.response.look_up.test_looking_up import TAKEOVER, rows


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    root, out = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("out")
    events = rows()
    database = Database.open(root / "seawall.db", should_migrate=True)
    lake = Lake.create(root / "events")
    lake.append(events)
    with database.writing() as work:
        work.incidents.put([TAKEOVER])
    wanted = set(TAKEOVER.events)
    kept = [
        keep_record(
            RecordOrigin(
                row["metadata_uid"], row["org_uid"], row["account"], row["time"], "logs/a.jsonl", 1 + place
            ),
            f'{{"Id": "{row["metadata_uid"]}"}}',
        )
        for place, row in enumerate(events.set_column(1, "time", events["time"].cast("int64")).to_pylist())
        if row["metadata_uid"] in wanted
    ]
    RawFolder(lake.root).append(kept)
    write_kept_records(out / RAW_RECORDS, kept)
    pq.write_table(events, out / EVENTS)
    write_incidents(out / "incidents.jsonl", [TAKEOVER])
    yield out, Store(root, database, lake)
    lake.close()
    database.close()


@pytest.mark.parametrize(
    "asked",
    [
        "ip:198.51.100.66",
        "account:ann@x.example",
        "network:AS64501",
        "rule:hides mail",
        "day:2026-03-03",
        "ip:192.0.2.1",
        "day:2031-01-01",
    ],
)
def test_results_and_store_hold_the_same_records(places: tuple[Path, Store], asked: str) -> None:
    out, store = places
    subject = parse_subject(asked)
    found = find_raw_in_scan(out, subject)
    assert found == find_raw_in_store(store, subject)
    assert bool(found) == (asked not in ("ip:192.0.2.1", "day:2031-01-01"))
    assert {one.origin.record for one in found} <= set(TAKEOVER.events)
    if found:
        assert (
            len(find_raw_in_scan(out, subject, most=1)) == len(find_raw_in_store(store, subject, most=1)) == 1
        )


def test_without_copies_nothing_is_found(tmp_path: Path) -> None:
    pq.write_table(rows(), tmp_path / EVENTS)
    write_incidents(tmp_path / "incidents.jsonl", [TAKEOVER])
    assert find_raw_in_scan(tmp_path, parse_subject("ip:198.51.100.66")) == []
