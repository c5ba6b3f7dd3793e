"""The examples of docs/reference/lake.md run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.storage.lake.events import ALL, numbered

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "lake.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    example, opening, *others = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"events": numbered(0, 120), "start": ALL.start, "end": ALL.end, "now": 1}
    exec(compile(example, str(DOCS), "exec"), names)
    assert [len(names[name].events) for name in ("page", "more", "record")] == [50, 50, 1]
    assert sum(map(len, names["day"])) == 120
    assert len(list(Path("restored").rglob("*.parquet"))) == 1
    assert len(others) == 2  # of Polars and Spark, which the tests do without
    (tmp_path / "seawall-store").mkdir()
    Path("events").rename("seawall-store/events")
    found: dict[str, Any] = {}
    exec(compile(opening, str(DOCS), "exec"), found)
    assert (len(found["events"]), len(found["once"])) == (120, 120)
