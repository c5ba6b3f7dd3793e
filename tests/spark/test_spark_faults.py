"""More of Spark: the Python of a task that is killed, and a Delta table as input."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

import seawall
from tests.spark.sparking import check_equal, needs_java, scan, start_spark, write_logs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with start_spark("local[2,4]") as session:
        yield session


def test_a_killed_python_changes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    """Spark runs the task of a Python that was killed again; it writes the same."""
    logs = write_logs(tmp_path)
    seawall.scan(logs, tmp_path / "one")
    killed: list[int] = []
    is_over = threading.Event()

    def kill() -> None:
        while not is_over.wait(1.0) and len(killed) < 3:
            for process in list_workers()[:1]:
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        scan(logs, tmp_path / "two", spark, partitions=8)
    finally:
        is_over.set()
        thread.join()
    assert killed
    check_equal(tmp_path / "one", tmp_path / "two")


def list_workers() -> list[int]:
    """The Pythons of tasks below this process: children of the daemon that Java started."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text("utf-8").rpartition(")")[2].split()
            words = (place.parent / "cmdline").read_bytes()
        except OSError:
            continue
        parents[int(place.parent.name)] = (int(fields[1]), b"spark.daemon" in words)

    def is_below(process: int) -> bool:
        while process in parents and process != os.getpid():
            process = parents[process][0]
        return process == os.getpid()

    return [
        process
        for process, (parent, is_python) in parents.items()
        if is_python and parents.get(parent, (0, False))[1] and is_below(process)
    ]


def test_a_delta_table_of_raw_records_is_read(spark: SparkSession, tmp_path: Path) -> None:
    """Only files of the latest version count, and the partition's values are fields of their records."""
    records = [
        {"CreationTime": f"2026-03-{2 + at % 9:02}T09:{at % 60:02}:00", "Id": f"r{at}", "Operation": "MailItemsAccessed",
         "RecordType": 50, "UserType": 0, "Workload": "Exchange", "UserId": f"p{at % 7}@x.example",
         "ClientIPAddress": f"203.0.113.{at % 5}", "OrganizationId": f"6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d{at % 2}"}
        for at in range(300)
    ]  # fmt: skip
    table = tmp_path / "logs" / "raw"
    write_deltalake(str(table), pa.Table.from_pylist(records), partition_by=["OrganizationId"])
    write_deltalake(
        str(table), pa.Table.from_pylist(records[:50]), mode="append", partition_by=["OrganizationId"]
    )
    assert DeltaTable(str(table)).delete("\"Id\" = 'r7'")["num_deleted_rows"] == 2
    result = scan(tmp_path / "logs", tmp_path / "out", spark)
    assert result.summary["records"] == 348
    assert result.summary["duplicates"] == 49
    events = DeltaTable(str(tmp_path / "out" / "tables" / "events")).to_pyarrow_table(columns=["org_uid"])
    assert set(events["org_uid"].to_pylist()) == {one["OrganizationId"] for one in records[:2]}
    assert result.summary["problems"] == 0
