"""`seawall incident` changes what analysts add, shows it, and writes report and summary."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.storage.database import Database
from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.location import open_store
from tests.storage.database.test_incidents import incident

ONE, TWO, THREE = incident(0x10), incident(0x20), incident(0x30)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    with open_store(place, make=True) as opened, opened.database.writing() as work:
        work.incidents.put([ONE, TWO, THREE])
    return place


def run(store: Path, *words: str) -> int:
    return main(["incident", *words, "--store", str(store)])


def show(store: Path, capsys: pytest.CaptureFixture[str], wanted: str = ONE.id) -> dict[str, object]:
    capsys.readouterr()
    assert run(store, "show", wanted, "--json") == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_owner_status_due_time_and_tags(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(store, "set", ONE.id, "--owner", "ann", "--due", "2026-03-02T12:00:00Z", "--tag", "Phishing") == 0
    )
    assert run(store, "set", ONE.id, "--status", "waiting") == 0
    found = show(store, capsys)
    assert (found["owner"], found["status"], found["due_at"]) == ("ann", "waiting", "2026-03-02T12:00:00Z")
    assert found["tags"] == ["phishing"]
    assert run(store, "set", ONE.id, "--owner", "none", "--due", "none", "--untag", "phishing") == 0
    found = show(store, capsys)
    assert (found["owner"], found["due_at"], found["tags"]) == (None, None, [])
    for words in ((), ("--status", "solved"), ("--due", "tomorrow")):
        assert run(store, "set", ONE.id, *words) == 2
    with Database.open(store / "seawall.db").reading() as work:
        entries = work.audit.page()
    assert {(one.actor, one.details["by"]) for one in entries} == {("local", "seawall incident")}
    assert [one.action for one in entries] == ["handling-changed", "tags-changed"] + [
        "handling-changed"
    ] * 2 + ["tags-changed"]


def test_tasks_and_comments(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "task", ONE.id, "Call the owner", "--who", "bob") == 0
    assert run(store, "comment", ONE.id, "On holiday\x1b[31m.") == 0
    assert run(store, "task", ONE.id, "--done", "1") == 0
    assert run(store, "task", ONE.id, "--done", "9") == 2
    assert run(store, "task", ONE.id) == 2
    capsys.readouterr()
    assert run(store, "show", ONE.id) == 0
    shown = capsys.readouterr().out
    assert "task 1: Call the owner (bob, done by local)" in shown
    assert "On holiday⟨U+001B⟩[31m." in shown


def test_merge_and_split(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "merge", ONE.id, TWO.id, THREE.id, "--why", "one mail") == 0
    assert show(store, capsys)["members"] == [TWO.id, THREE.id]
    assert show(store, capsys, TWO.id)["part_of"] == ONE.id
    assert run(store, "split", ONE.id, TWO.id) == 0
    assert show(store, capsys)["members"] == [THREE.id]
    for words in (("split", ONE.id, TWO.id), ("merge", ONE.id, "0"), ("merge", ONE.id, "zz")):
        assert run(store, *words) == 2
    assert run(store, "merge", TWO.id, ONE.id) == 2


def test_report_and_summary_of_a_store(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    assert run(store, "comment", ONE.id, "<script>alert(1)</script>") == 0
    for verb in ("report", "summary"):
        for form in ("html", "pdf"):
            to = tmp_path / f"{verb}.{form}"
            assert run(store, verb, ONE.id, "--to", str(to)) == 0
            assert to.stat().st_mode & 0o077 == 0
            assert to.read_bytes().startswith(b"%PDF" if form == "pdf" else b"<!doctype html>")
    assert "&lt;script&gt;" in (tmp_path / "report.html").read_text("utf-8")
    assert run(store, "report", ONE.id, "--to", str(tmp_path / "report.docx")) == 2
    assert run(store, "report", ONE.id, "--to", str(tmp_path / "no" / "such" / "report.html")) == 1


def test_the_summary_of_a_scan(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_incidents(out / "incidents.jsonl", [replace(ONE, account="ann@x.example")])
    to = tmp_path / "summary.html"
    assert main(["incident", "summary", "1", "--out", str(out), "--to", str(to)]) == 0
    assert "Somebody other than the owner may have used ann@x.example" in to.read_text("utf-8")
    assert main(["incident", "summary", "9", "--out", str(out), "--to", str(to)]) == 2
