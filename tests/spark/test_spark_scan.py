"""A scan on Spark says what a scan on one machine says, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

import seawall
from tests.spark.sparking import check_equal, needs_java, read_summary, scan, start_spark, write_logs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with start_spark("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and the results of a scan on one machine in `one`."""
    place = tmp_path_factory.mktemp("spark")
    seawall.scan(write_logs(place), place / "one")
    return place


def test_a_scan_is_the_same_on_spark(spark: SparkSession, place: Path) -> None:
    result = scan(place / "logs", place / "two", spark, partitions=2)
    check_equal(place / "one", place / "two")
    summary = read_summary(place / "two")
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
    assert summary["tenants"] >= 5
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
