"""Let Spark find pandas, which lies beside the environment, and take it away again: pyarrow imports it in every process."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
