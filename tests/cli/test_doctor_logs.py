"""`seawall doctor PATH`: what lies in a folder of logs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pipeline.test_inventory import audit, sign_in

from .conftest import Run


def put(folder: Path, *records: object, name: str = "log.jsonl") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")


def test_it_lists_logs_fields_and_what_is_missing(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "my logs", *(audit(day, ClientIPAddress="203.0.113.7") for day in range(1, 21)))
    got = run("doctor", "my logs")
    assert got.code == 0
    assert "20 records in 1 file of 1 organisation" in got.out
    assert "Mailbox access" in got.out
    assert "0 of 20" in got.out
    assert "- non-interactive sign-ins. It shows whether the token" in got.out
    assert "licence: Entra ID P1 or P2" in " ".join(got.out.split())
    assert "session (0%)" in got.out
    assert "Short history" not in got.out
    assert got.err.splitlines()[-1] == "next: seawall scan 'my logs' --out out"


def test_short_history_and_unknown_records_are_told(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "logs", audit(1), {"a": 1, "time": "2026-03-02T00:00:00Z"})
    out = run("doctor", "logs").out
    assert "The logs span 2 days" in out
    assert "Unknown records" in out


def test_logs_may_name_no_organisation(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "logs", sign_in(2, interactive=True))
    assert "1 record in 1 file, which name no organisation" in run("doctor", "logs").out


def test_json_holds_the_same(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "logs", audit(1), sign_in(2, interactive=False))
    document = json.loads(run("doctor", "logs", "--json", "--quiet").out)
    assert next(iter(document)) == "schema_version"
    assert [row["log"] for row in document["logs"]] == ["Mailbox access", "Non-interactive sign-ins"]
    assert document["logs"][0]["stated"]["account"] == 1.0
    assert {row["log"] for row in document["missing"]} >= {"interactive sign-ins", "Graph activity"}
    assert document["weak_fields"][0]["advice"]


def test_text_of_logs_is_made_harmless(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "logs", audit(1), name="a\x1b[31m[bold]red.jsonl")
    put(tmp_path / "logs", {"a": 1, "time": "2026-03-02T00:00:00Z"}, name="b\x1b[31m[bold]red.jsonl")
    got = run("doctor", "logs")
    assert "\x1b" not in got.out + got.err
    assert "[bold]red" in got.out


def test_nothing_readable_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    got = run("doctor", "logs")
    assert got.code == 3
    assert "no record of a log in logs" in got.err
    (tmp_path / "logs" / "notes.txt").write_text("hello\n", "utf-8")
    assert "1 × not-a-log" in run("doctor", "logs").err
    assert run("doctor", "elsewhere").code == 3
