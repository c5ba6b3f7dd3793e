"""Streams of Spark give the results of one scan, whatever is killed while they run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seawall
from seawall.spark.settings import SparkSettings
from tests.collection.kafka_mock import kafka
from tests.spark.sparking import check_equal, needs_java, read_summary, write_logs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.soak, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).parents[2]


def test_a_stream_gives_the_results_of_a_scan(spark: SparkSession, place: Path) -> None:
    from seawall.spark.streaming import stream_folder

    files = sum(path.is_file() for path in (place / "logs").rglob("*"))
    query = stream_folder(
        spark, place / "logs", place / "two", SparkSettings(partitions=2), files=files // 3 + 1
    )
    query.awaitTermination()
    assert query.exception() is None
    check_equal(place / "one", place / "two", in_order=False)
    assert len(list((place / "two" / "lake" / "runs").iterdir())) == 3


def test_a_driver_that_is_killed_goes_on(place: Path) -> None:
    files = sum(path.is_file() for path in (place / "logs").rglob("*"))
    command = [
        sys.executable,
        "-m",
        "tests.spark.stream_files",
        place / "logs",
        place / "three",
        files // 4 + 1,
    ]
    runs = place / "three" / "lake" / "runs"
    killed = 0
    for wanted in (1, 2, 3):
        with subprocess.Popen(list(map(str, command)), cwd=ROOT) as driver:
            while driver.poll() is None and len(list(runs.glob("*.json"))) < wanted:
                time.sleep(0.05)
            time.sleep(0.4 * wanted)  # somewhere in the next batch, or in writing this one's results
            if driver.poll() is None:
                driver.send_signal(signal.SIGKILL)
                killed += 1
    assert killed >= 2
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True)
    check_equal(place / "one", place / "three", in_order=False)


def test_messages_of_kafka_give_the_results_of_a_scan(spark: SparkSession, tmp_path: Path) -> None:
    from seawall.spark.streaming import stream_messages

    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [
        json.dumps(json.loads(line))
        for path in sorted((write_logs(tmp_path / "made")).glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if line.startswith('{"')
    ]
    (logs / "all.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    seawall.scan(logs, tmp_path / "one")
    with kafka() as cluster:
        cluster.make("logs", 3)
        options = {"servers": cluster.servers, "topics": "logs", "messages": "120"}
        for half in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
            cluster.produce("logs", [line.encode() for line in half])
            query = stream_messages(spark, options, tmp_path / "two", SparkSettings(partitions=2))
            query.awaitTermination()
            assert query.exception() is None
    one, two = tmp_path / "one", tmp_path / "two"
    assert (one / "incidents.jsonl").read_bytes() == (two / "incidents.jsonl").read_bytes()
    assert read_summary(one) == read_summary(two)
