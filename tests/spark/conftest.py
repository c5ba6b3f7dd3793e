"""Let Spark find pandas, and start it for a module.

Pandas lies beside the environment and is taken away again: pyarrow imports it in every process.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seawall
from tests.spark.sparking import start_spark, write_logs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PANDAS = Path(sys.prefix) / "pandas"


@pytest.fixture(autouse=True, scope="module")
def pandas_beside() -> Iterator[None]:
    """Put the folder of pandas behind everything else, here and in the processes that are started."""
    if importlib.util.find_spec("pandas") is not None:
        yield
        return
    if not PANDAS.is_dir():
        pytest.skip("Spark needs pandas, and it is not here: run `make .venv/development`")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PANDAS))
        sys.path.append(sys.path.pop(0))
        before = os.environ.get("PYTHONPATH", "")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (before, str(PANDAS)))))
        yield


@pytest.fixture(scope="module")
def spark(pandas_beside: None) -> Iterator[SparkSession]:
    """A session of Spark on this machine."""
    with start_spark("local[2]") as session:
        yield session


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and the results of a scan on one machine in `one`."""
    place = tmp_path_factory.mktemp("spark")
    seawall.scan(write_logs(place), place / "one")
    return place
