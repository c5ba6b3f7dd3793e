"""Organisations cut in parts on Spark: to the byte what a scan on one machine says, also when tasks are killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seawall
from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from tests.spark.sparking import check_equal, needs_java, scan, start_spark
from tests.spark.test_spark_faults import list_workers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with start_spark("local[2,4]") as session:
        yield session


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the logs of one organisation of 120 accounts, and the results of a scan on one machine in `one`."""
    place = tmp_path_factory.mktemp("parts")
    make_world(WorldSettings(11, accounts=120, days=12, attacks=4, start=date(2026, 2, 22)), place)
    seawall.scan(place / "logs", place / "one")
    return place


def test_one_organisation_in_eight_parts_is_the_same(spark: SparkSession, place: Path) -> None:
    result = scan(place / "logs", place / "eight", spark, cut_above=100, parts=8)
    assert result.incidents
    check_equal(place / "one", place / "eight")
    assert not list((place / "eight" / "lake" / "coded").glob("*"))


def test_later_days_go_on_from_the_states_of_the_parts(spark: SparkSession, place: Path) -> None:
    some = place / "some"
    some.mkdir()
    files = sorted(path for path in (place / "logs").rglob("*") if path.is_file())
    for half in (files[::2], files[1::2]):
        for path in half:
            os.link(path, some / f"{path.parent.name}-{path.name}")
        scan(some, place / "halves", spark, cut_above=100, parts=3)
    seawall.scan(some, place / "whole")
    check_equal(place / "whole", place / "halves")


def test_a_killed_task_of_a_part_changes_nothing(spark: SparkSession, place: Path) -> None:
    """Spark runs all parts again if one was killed: what they told each other before is the same."""
    killed: list[int] = []
    is_over = threading.Event()

    def kill() -> None:
        """Kill a Python while parts exchange, three times."""
        while not is_over.wait(0.5) and len(killed) < 3:
            told = list((place / "killed" / "lake" / "coded").glob("*/*/exchange/*"))
            if len(told) > 10 * (len(killed) + 1):
                for process in list_workers()[:1]:
                    os.kill(process, signal.SIGKILL)
                    killed.append(process)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        scan(place / "logs", place / "killed", spark, cut_above=100, parts=8)
    finally:
        is_over.set()
        thread.join()
    assert killed
    check_equal(place / "one", place / "killed")
