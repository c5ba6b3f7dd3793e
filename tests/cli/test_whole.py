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


def test_an_export_of_nothing_is_an_empty_log(run: Run, tmp_path: Path) -> None:
    """A quiet hour is no failure; what cannot be read, or is no log, beside it or alone, still is one."""
    folder = tmp_path / "quiet"
    folder.mkdir()
    assert run("scan", "quiet").code == 3, "a folder of no files was never exported"
    (folder / "audit.csv").write_bytes(b"CreationDate,UserIds,Operations,AuditData\r\n")
    got = run("scan", "quiet", "--out", "empty")
    assert got.code == 0, got.err
    assert got.out == "Nothing was raised.\nThe files hold no record of any event: no account was judged.\n"
    assert "Nothing was read" in Path("empty/report.html").read_text("utf-8")
    assert "0 records = 0 events + 0 duplicates + 0 problems" in got.err
    assert Path("empty/problems.jsonl").read_bytes() == b""
    (folder / "prices.csv").write_bytes(b"created,price,colour\r\n")
    got = run("scan", "quiet", "--out", "foreign")
    assert got.code == 3
    assert json.loads(Path("foreign/problems.jsonl").read_bytes())["code"] == "not-a-log"
    assert "nothing can be said about any account: 1 × not a log that Seawall reads" in got.err
    assert "seawall doctor" in got.err
    assert "0 raised" not in got.err, "what was not judged is not said to be quiet"


def test_a_folder_without_logs_says_where_to_look(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("hello\n")
    for folder, reason in (
        ("empty", "there is no file"),
        ("other", "1 × not a log that Seawall reads (see other-out/problems.jsonl)"),
    ):
        found = run("scan", folder, "--out", f"{folder}-out")
        error, fix = found.err.splitlines()[-2:]
        assert found.code == 3
        assert error.endswith(f"nothing can be said about any account: {reason}")
        assert fix.strip().startswith(f"fix: `seawall doctor {folder}` says what each file is")
