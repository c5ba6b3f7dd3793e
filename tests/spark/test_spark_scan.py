"""A scan on Spark says what a scan on one machine says, to the byte, and goes on day by day from what it kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

import seawall
from seawall.spark.lake import LAKE
from tests.spark.sparking import check_equal, needs_java, read_summary, scan

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_scan_is_the_same_on_spark(spark: SparkSession, place: Path) -> None:
    result = scan(place / "logs", place / "two", spark, partitions=2)
    check_equal(place / "one", place / "two")
    summary = read_summary(place / "two")
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
    assert summary["tenants"] >= 4
    assert summary["duplicates"] >= 40
    assert result.incidents
    check_tables(place / "two", summary["events"])


def check_tables(out: Path, events: int) -> None:
    tables = out / "tables"
    found = DeltaTable(str(tables / "events")).to_pyarrow_table(
        columns=["metadata_uid", "org_uid", "time", "score"]
    )
    assert found.num_rows == events
    assert found["score"].null_count < events
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    incidents = DeltaTable(str(tables / "incidents")).to_pyarrow_table()
    assert sorted(incidents["document"].to_pylist()) == sorted(lines)
    evidence = DeltaTable(str(tables / "evidence")).to_pyarrow_table()
    assert set(evidence["incident"].to_pylist()) == set(incidents["id"].to_pylist())


def test_relative_paths_mean_the_same_to_executors(
    spark: SparkSession, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executors work in another folder than the program that the user started."""
    files = sorted((place / "logs").glob("*.jsonl"))[:2]
    assert files
    some = place / "few" / "logs"
    some.mkdir(parents=True)
    for file in files:
        os.link(file, some / file.name)
    monkeypatch.chdir(place / "few")
    result = scan(Path("logs"), Path("out"), spark)
    wanted = seawall.scan(some)
    assert result.summary["records"] == wanted.summary["records"] > 0
    assert [one.id for one in result.incidents] == [one.id for one in wanted.incidents]
    again = scan(some, Path("out"), spark)
    assert again.summary["records"] == wanted.summary["records"]


def test_a_scan_that_read_nothing_is_forgotten(spark: SparkSession, tmp_path: Path) -> None:
    """Executors that could not reach the files may reach them the next time."""
    (tmp_path / "notes.txt").write_text("nothing to read here\n", "utf-8")
    for _ in range(2):
        result = scan(tmp_path / "notes.txt", tmp_path / "out", spark)
        assert result.nothing_read
        assert result.problem_counts == {"not-a-log": 1}
        assert not (tmp_path / "out" / "report.html").exists()
        assert not list((tmp_path / "out" / LAKE / "runs").glob("*.json"))


@pytest.mark.soak
def test_later_days_go_on_from_kept_state(spark: SparkSession, place: Path) -> None:
    """The first part, one task, fewer shelves; then all files: those that were read are not read again."""
    logs, some = place / "logs", place / "some"
    files = sorted(path for path in logs.rglob("*") if path.is_file())
    for path in files[: len(files) // 2]:
        copy = some / path.relative_to(logs)
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy)
    first = scan(some, place / "three", spark, shelves=3, partitions=1)
    for path in files[len(files) // 2 :]:
        copy = some / path.relative_to(logs)
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy)
    second = scan(some, place / "three", spark, shelves=3, partitions=1)
    assert 0 < first.summary["records"] < second.summary["records"]
    seawall.scan(some, place / "whole")
    check_equal(place / "whole", place / "three")
    check_tables(place / "three", second.summary["events"])
    shutil.rmtree(some)
