"""An executor that dies while a scan runs on a cluster changes nothing in the results."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spark.sparking import check_equal, needs_java, scan, scanned_logs, start_spark
from tests.spark.standalone import StandaloneCluster, start_cluster

pytestmark = [needs_java, pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneCluster]:
    with start_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and the results of a scan on one machine in `one`."""
    return scanned_logs(tmp_path_factory)


def test_an_executor_that_is_killed_changes_nothing(
    cluster: StandaloneCluster, place: Path, tmp_path: Path
) -> None:
    """Its Java dies with what it held, while organisations are scored; Spark starts another one."""
    out = tmp_path / "two"
    before: list[list[int]] = []
    is_over = threading.Event()

    def kill() -> None:
        while not is_over.wait(0.1):
            executors = cluster.list_executors()
            if len(executors) == 2 and any(
                (out / "lake" / "scored" / "run=1").rglob("_temporary/0/_temporary")
            ):
                before.append(executors)
                os.kill(executors[0], signal.SIGKILL)
                return

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        with start_spark(cluster.url) as session:
            scan(place / "logs", out, session, partitions=8)
            after = cluster.list_executors()
    finally:
        is_over.set()
        thread.join()
    assert before
    assert before[0][0] not in after
    check_equal(place / "one", out)
