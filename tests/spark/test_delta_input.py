"""Delta tables of raw records as input: the latest version alone, with the values of partitions; hostile logs are problems."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from seawall.spark.event_parts import unpack_events
from seawall.spark.inputs import cut_into_pieces, decode_name, encode_name, find_files
from seawall.spark.reading import COUNTED, EVENTS, ReadingTask, read_piece
from seawall_base.errors import InputUnreadable


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"CreationTime": f"2026-03-{2 + at % 9:02}T09:{at % 60:02}:00", "Id": f"r{at}", "Operation": "MailItemsAccessed",
         "RecordType": 50, "UserType": 0, "Workload": "Exchange", "UserId": f"p{at % 7}@x.example", "Note": "{\"a\": \",}\"}",
         "ClientIPAddress": f"203.0.113.{at % 5}", "OrganizationId": f"6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d{at % 2}"}
        for at in range(count)
    ]  # fmt: skip


def read_all(logs: Path, out: Path) -> tuple[list[dict[str, Any]], int]:
    """The events of all pieces, and the number of records."""
    found = find_files([logs], out, ())
    events: list[dict[str, Any]] = []
    count = 0
    for number, piece in enumerate(cut_into_pieces(found.files, 1, found.values)):
        for row in read_piece(piece.paths, piece.values, number, ReadingTask(4, is_large=False)):
            if row.kind == EVENTS:
                events += unpack_events(row.content).to_pylist()
            elif row.kind == COUNTED:
                count += row.rows
    return events, count


@pytest.mark.parametrize("partition", [None, ["OrganizationId"]])
def test_only_the_latest_version_counts(tmp_path: Path, partition: list[str] | None) -> None:
    table = tmp_path / "logs" / "raw"
    write_deltalake(str(table), pa.Table.from_pylist(records(40)), partition_by=partition)
    write_deltalake(str(table), pa.Table.from_pylist(records(10)), mode="append", partition_by=partition)
    assert DeltaTable(str(table)).delete("\"Id\" = 'r7'")["num_deleted_rows"] == 2
    (tmp_path / "logs" / "more.jsonl").write_text(
        json.dumps({**records(1)[0], "Id": "other"}) + "\n", "utf-8"
    )
    events, count = read_all(tmp_path / "logs", tmp_path / "out")
    assert count == 49
    assert {one["metadata_uid"] for one in events} == {f"r{at}" for at in range(40) if at != 7} | {"other"}
    assert {one["org_uid"] for one in events} == {one["OrganizationId"] for one in records(2)}
    assert all('",}"' in one["unmapped"].replace("\\", "") for one in events)


def test_a_log_that_names_files_elsewhere_is_a_problem(tmp_path: Path) -> None:
    table = tmp_path / "logs" / "raw"
    write_deltalake(str(table), pa.Table.from_pylist(records(4)))
    (tmp_path / "secret.jsonl").write_text(json.dumps(records(1)[0]) + "\n", "utf-8")
    log = table / "_delta_log" / "00000000000000000000.json"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for line in lines:
        if "add" in line:
            line["add"]["path"] = "../../secret.jsonl"
    log.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    found = find_files([tmp_path / "logs"], tmp_path / "out", ())
    assert [one.code for one in found.problems] == ["unreadable"]
    assert found.files == []


def test_results_of_a_scan_are_no_input(tmp_path: Path) -> None:
    for name in (
        "logs.jsonl",
        "incidents.jsonl",
        "lake/records/a.parquet",
        "tables/events/_delta_log/0.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n", "utf-8")
    found = find_files([tmp_path], tmp_path, ())
    assert [Path(one.name).name for one in found.files] == ["logs.jsonl"]
    assert find_files([tmp_path], tmp_path, found.files).files == []
    with pytest.raises(InputUnreadable):
        find_files([tmp_path / "missing"], tmp_path, ())


def test_names_of_files_are_kept_whatever_they_are() -> None:
    for name in (b"/a/b.json", "/a/\u00fc.json".encode(), b"/a/\xff.json", b"/a/hex:00", b"hex:00"):
        assert decode_name(encode_name(Path(os.fsdecode(name)))) == name


def test_files_recorded_by_a_relative_name_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "one.json").write_text("[]", "utf-8")
    monkeypatch.chdir(tmp_path)
    earlier = find_files([Path("logs")], tmp_path / "out", ())
    assert [file.name for file in earlier.files] == ["logs/one.json"]
    assert find_files([tmp_path / "logs"], tmp_path / "out", earlier.files).files == []
