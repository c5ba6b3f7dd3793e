"""The Delta tables beside a scan's files: upserts by key, and files of events that replace others in one version."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.spark.rows import LakeRow
from seawall.spark.scoring import FILE
from seawall.spark.tables import EVENTS, PARTITION, write_tables
from seawall.storage.files.incident_documents import read_incidents
from tests.spark.sparking import scanned_logs


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Incident, ...]:
    incidents = tuple(read_incidents(scanned_logs(tmp_path_factory) / "one" / "incidents.jsonl"))
    assert len(incidents) > 4
    return incidents


def version(out: Path, name: str) -> int:
    return int(DeltaTable(str(out / "tables" / name)).version())


def ids(out: Path) -> list[str]:
    return sorted(DeltaTable(str(out / "tables" / "incidents")).to_pyarrow_table()["id"].to_pylist())


def test_incidents_are_updated_by_their_id(found: tuple[Incident, ...], tmp_path: Path) -> None:
    note = CoverageNote("contoso", "sign_in", "no-source", 1, 2, "The logs hold no sign-in records.")
    write_tables(tmp_path, found[:3], [note], [])
    assert ids(tmp_path) == sorted(one.id for one in found[:3])
    first = version(tmp_path, "incidents")
    write_tables(tmp_path, found[:3], [note], [])
    assert version(tmp_path, "incidents") == first
    write_tables(tmp_path, found[1:5], [], [])
    assert version(tmp_path, "incidents") > first
    assert ids(tmp_path) == sorted(one.id for one in found[1:5])
    evidence = DeltaTable(str(tmp_path / "tables" / "evidence")).to_pyarrow_table()
    assert evidence.num_rows == sum(len(one.reasons) for one in found[1:5])
    assert DeltaTable(str(tmp_path / "tables" / "coverage")).to_pyarrow_table().num_rows == 0


def write_file(out: Path, name: str, rows: int, shelf: int) -> LakeRow:
    path = out / "tables" / "events" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([field for field in EVENTS if field.name not in PARTITION])
    pq.write_table(
        pa.Table.from_pylist([{"metadata_uid": f"{name}{row}"} for row in range(rows)], schema), path
    )
    return LakeRow(FILE, shelf, rows=rows, names=(name, name.partition("/")[0]))


def test_files_of_events_replace_others(tmp_path: Path) -> None:
    one, two = (write_file(tmp_path, f"2026-03/0000{shelf}-a.parquet", 3, shelf) for shelf in (1, 2))
    write_tables(tmp_path, (), [], [one, two])
    place = str(tmp_path / "tables" / "events")
    assert DeltaTable(place).to_pyarrow_table(columns=["metadata_uid", "shelf", "month"]).num_rows == 6
    later = write_file(tmp_path, "2026-03/00001-b.parquet", 5, 1)
    write_tables(tmp_path, (), [], [later, two])
    table = DeltaTable(place).to_pyarrow_table(columns=["metadata_uid", "shelf", "month"])
    assert sorted(table["shelf"].to_pylist()) == [1] * 5 + [2] * 3
    assert set(table["month"].to_pylist()) == {"2026-03"}
    before = version(tmp_path, "events")
    write_tables(tmp_path, (), [], [later, two])
    assert version(tmp_path, "events") == before
