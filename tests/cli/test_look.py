"""`seawall look`: first and last seen, who, from where, rules and incidents; hostile text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.raw_records import RAW_RECORDS, RecordOrigin, keep_record, write_kept_records
from tests.cli.conftest import Run
from tests.response.look_up.test_looking_up import AWAY, TAKEOVER, rows
from tests.sample_events import event, table

NASTY = "<script>\x1b[31m@x.example"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    pq.write_table(rows(), folder / EVENTS)
    write_incidents(folder / "incidents.jsonl", [TAKEOVER])
    return folder


def test_the_terminal_says_who_when_and_what_to_do_next(run: Run, out: Path) -> None:
    got = run("look", "ip:198.51.100.66", "--out", str(out))
    assert got.code == 0
    for words in (
        "3 records on 2 days",
        "ann@x.example",
        "AS64501 Example Hosting",
        "Inbox rule hides mail",
        TAKEOVER.id,
    ):
        assert words in got.out
    assert "seawall scope" in got.err
    assert "--address 198.51.100.66" in got.err


@pytest.mark.parametrize("text", ["198.51.100.66", "ann@x.example", "ann", "ANN@x.example"])
def test_a_value_is_taken_without_its_kind(run: Run, out: Path, text: str) -> None:
    document = json.loads(run("look", text, "--out", str(out), "--json").out)
    kind = "ip" if text[0].isdigit() else "account"
    assert document["subject"] == {"kind": kind, "value": text.lower()}
    assert document["records"] > 0
    whole = "ann@x.example" if kind == "account" else text
    assert (
        document["records"]
        == json.loads(run("look", f"{kind}:{whole}", "--out", str(out), "--json").out)["records"]
    )


def test_json_has_the_same_numbers(run: Run, out: Path) -> None:
    document = json.loads(run("look", "network:AS64501", "--out", str(out), "--json").out)
    assert document["subject"] == {"kind": "network", "value": "AS64501"}
    assert (document["records"], document["first"]) == (3, "2026-03-03T10:40:00Z")
    assert [one["records"] for one in document["by_day"]] == [2, 1]
    assert [one["tenant"] for one in document["seen"]["accounts"]["values"]] == ["org", "two"]
    assert [one["records"] for one in document["incidents"]] == [2]


def test_nothing_found_is_said_with_what_was_looked_at(run: Run, out: Path) -> None:
    got = run("look", "ip:192.0.2.1", "--out", str(out))
    assert (got.code, "No record shows it. 33 records looked at." in got.out) == (0, True)
    assert "next:" not in got.err


def test_bad_questions_and_folders(run: Run, tmp_path: Path) -> None:
    assert run("look", "ip:nowhere").code == 2
    assert run("look", " ").code == 2
    assert run("look", "ip:203.0.113.7", "--out", str(tmp_path / "none")).code == 3


def test_text_of_logs_is_made_visible(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    pq.write_table(table([event("x", **{**AWAY, "account": NASTY, "src_asn_name": NASTY})]), folder / EVENTS)
    write_incidents(folder / "incidents.jsonl", [])
    got = run("look", "ip:198.51.100.66", "--out", str(folder))
    assert "\x1b" not in got.out
    assert "⟨U+001B⟩" in got.out
    assert "No incident lists a record of it." in got.out


def test_records_as_they_came_are_shown_as_text(run: Run, out: Path) -> None:
    uid = TAKEOVER.events[0]
    text = json.dumps({"Id": uid, "Subject": NASTY, "password": "hunter2"}, ensure_ascii=False)
    origin = RecordOrigin(uid, "org", "ann@x.example", 0, f"logs/{NASTY}.jsonl", 12)
    other = RecordOrigin("elsewhere", "org", "bob@x.example", 0, "logs/b.jsonl", 1)
    write_kept_records(
        out / RAW_RECORDS, [keep_record(origin, text), keep_record(other, '{"Id": "elsewhere"}')]
    )
    got = run("look", "ip:198.51.100.66", "--out", str(out), "--raw")
    assert got.code == 0
    assert f'"Id": "{uid}"' in got.out
    assert "record 12" in got.out
    assert "elsewhere" not in got.out
    assert "hunter2" not in got.out
    assert "\x1b[31m" not in got.out
    document = json.loads(run("look", "ip:198.51.100.66", "--out", str(out), "--raw", "--json").out)
    (record,) = document["raw_records"]
    assert (record["record"], record["source_line"], record["is_cut"]) == (uid, 12, False)
    assert json.loads(record["text"]) == {"Id": uid, "Subject": NASTY, "password": "[masked]"}


def test_without_kept_records_that_is_said(run: Run, out: Path) -> None:
    got = run("look", "ip:198.51.100.66", "--out", str(out), "--raw")
    assert (got.code, "No record of it was kept as it came" in got.out) == (0, True)
    assert (
        json.loads(run("look", "ip:198.51.100.66", "--out", str(out), "--json", "--raw").out)["raw_records"]
        == []
    )
    assert "raw_records" not in json.loads(run("look", "ip:198.51.100.66", "--out", str(out), "--json").out)


def test_the_scope_of_an_account_begins_on_a_date_that_the_option_takes(run: Run, out: Path) -> None:
    got = run("look", "account:ann@x.example", "--out", str(out))
    assert got.code == 0
    assert re.search(
        r"seawall scope .* --account ann@x\.example --from \d{4}-\d\d-\d\d$", got.err, re.MULTILINE
    )
