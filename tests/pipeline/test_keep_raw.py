"""A scan keeps the records of raised incidents as they came, and everything else stays as without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seawall.pipeline.scan import ScanSettings, scan
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.raw_records import RAW_RECORDS, KeptRecord, list_kept_ids, read_kept_records
from tests.logs import world

SECRET = "Hunter2-of-the-export"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs in which every record also holds a secret."""
    folder = tmp_path_factory.mktemp("logs")
    source = world(3)(tmp_path_factory.mktemp("world"))
    for number, path in enumerate(one for one in sorted(source.rglob("*")) if one.is_file()):
        text = path.read_bytes()
        for plain, planted in (
            (b'{"CreationTime"', b'{"password":"%s","CreationTime"'),
            (b'{""CreationTime""', b'{""password"":""%s"",""CreationTime""'),
        ):
            text = text.replace(plain, planted % SECRET.encode())
        (folder / f"{number}{path.suffix}").write_bytes(text)
    return folder


@pytest.fixture(scope="module")
def out(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    scan(logs, folder)
    return folder


def kept_of(out: Path) -> Iterator[KeptRecord]:
    return read_kept_records(out / RAW_RECORDS, list_kept_ids(out / RAW_RECORDS).to_pylist())


def test_each_record_of_a_raised_incident_is_kept(out: Path) -> None:
    incidents = list(read_incidents(out / "incidents.jsonl"))
    listed = {uid for one in incidents if one.raised for uid in one.events}
    kept = {one.origin.record: one for one in kept_of(out)}
    assert kept.keys() == listed
    assert listed
    for uid, one in kept.items():
        assert uid in one.text
        assert isinstance(json.loads(one.text), dict)


def test_the_place_of_a_record_is_that_of_its_event(out: Path) -> None:
    columns = ["metadata_uid", "account", "source_file", "source_line"]
    events = {
        row["metadata_uid"]: row for row in pq.read_table(out / "events.parquet", columns=columns).to_pylist()
    }
    for one in kept_of(out):
        row = events[one.origin.record]
        assert (one.origin.source_file, one.origin.source_line) == (row["source_file"], row["source_line"])
        assert one.origin.account == row["account"]


def test_no_secret_of_the_logs_reaches_the_file(logs: Path, out: Path) -> None:
    assert any(SECRET.encode() in path.read_bytes() for path in logs.iterdir())
    assert SECRET not in str(pq.read_table(out / RAW_RECORDS).to_pylist())


def test_everything_else_is_the_same_to_the_byte_without_it(logs: Path, out: Path, tmp_path: Path) -> None:
    scan(logs, tmp_path, settings=ScanSettings(raw=False))
    assert not (tmp_path / RAW_RECORDS).exists()
    names = {path.name for path in out.iterdir()} - {RAW_RECORDS}
    assert {path.name for path in tmp_path.iterdir()} == names
    for name in names - {"summary.json", "report.html"}:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_a_later_scan_leaves_none_of_an_earlier_one(logs: Path, tmp_path: Path) -> None:
    (tmp_path / RAW_RECORDS).write_bytes(b"of an earlier scan")
    scan(logs, tmp_path, settings=ScanSettings(raw=False))
    assert not (tmp_path / RAW_RECORDS).exists()


def test_results_inside_the_scanned_folder_are_no_input(logs: Path, tmp_path: Path) -> None:
    for path in logs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = scan(tmp_path, tmp_path).summary["records"]
    assert (tmp_path / RAW_RECORDS).exists()
    assert scan(tmp_path, tmp_path).summary["records"] == first
