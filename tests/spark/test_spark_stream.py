"""A stream of Spark gives the results of one scan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seawall
from seawall.spark.settings import SparkSettings
from tests.spark.sparking import check_equal, needs_java, start_spark, write_logs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [needs_java, pytest.mark.soak, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with start_spark("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and the results of a scan on one machine in `one`."""
    place = tmp_path_factory.mktemp("stream")
    seawall.scan(write_logs(place), place / "one")
    return place


def test_a_stream_gives_the_results_of_a_scan(spark: SparkSession, place: Path) -> None:
    from seawall.spark.streaming import stream_folder

    files = sum(path.is_file() for path in (place / "logs").rglob("*"))
    query = stream_folder(
        spark, place / "logs", place / "two", SparkSettings(partitions=2), files=files // 3 + 1
    )
    query.awaitTermination()
    assert query.exception() is None
    check_equal(place / "one", place / "two")
    assert len(list((place / "two" / "lake" / "runs").iterdir())) == 3
