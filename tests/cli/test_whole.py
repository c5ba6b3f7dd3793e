"""The verbs on the real lab and the real engine, once, on a small world."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run


@pytest.fixture
def world(run: Run, tmp_path: Path) -> Path:
    made = run(
        "lab",
        "make",
        "--out",
        "world",
        "--accounts",
        "20",
        "--days",
        "24",
        "--attacks",
        "2",
        "--density",
        "0.3",
    )
    assert made.code == 0, made.err
    return tmp_path / "world"


def test_make_scan_and_explain(run: Run, world: Path) -> None:
    got = run("scan", "world/logs", "--out", "found", "--json")
    assert got.code == 0, got.err
    summary = json.loads(got.out)["summary"]
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
    found = {path.name for path in Path("found").iterdir()}
    assert found >= {
        "incidents.jsonl",
        "report.html",
        "problems.jsonl",
        "coverage.json",
        "events.parquet",
        "summary.json",
    }
    explained = run("explain", "1", "--out", "found")
    assert explained.code == 0, explained.err
    assert "Why" in explained.out
    assert run("lab", "make", "--out", "world").code == 1, "a folder with logs is never overwritten"
    assert run("lab", "make", "--out", "odd", "--families", "nonsense").code == 2
    assert run("scan", "nowhere").code == 3
