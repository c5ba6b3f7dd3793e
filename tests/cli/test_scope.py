"""`seawall scope`: what it takes, what it answers, and files in which nothing of a log is markup or formula."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from seawall.report.scope_files import FILES
from seawall.response.scope.document import read_scope
from tests.cli.conftest import Run
from tests.events.support import mail_read

EVIL = "198.51.100.250"
NASTY = '=HYPERLINK("http://evil.example")@x</td><script>alert(1)</script>\x1b[31m.example'


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two people for three weeks, and an intruder in the mailbox of one, with hostile names."""
    folder = tmp_path / "logs"
    folder.mkdir()
    number, lines = 0, []
    for day in range(1, 22):
        for hour in (1, 7, 13, 19):
            for who in ("mara", "ivo"):
                number += 1
                lines.append(
                    _read(
                        number, who, f"2026-03-{day:02d}T{hour:02d}:00:00", f"203.0.113.{len(who)}", "<own@x>"
                    )
                )
    lines.append(_read(9_000, "mara", "2026-03-20T11:00:00", EVIL, NASTY))
    (folder / "audit.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def _read(number: int, who: str, time: str, address: str, message: str) -> str:
    name = f"{who}@example.org"
    record: dict[str, Any] = mail_read(
        number,
        CreationTime=time,
        UserId=name,
        MailboxOwnerUPN=name,
        ClientIPAddress=address,
        AppAccessContext={"AADSessionId": f"s-{address}"},
        Folders=[{"Path": f"\\{message}", "FolderItems": [{"InternetMessageId": message}]}],
        OperationCount=1,
    )
    return json.dumps(record)


def test_a_table_for_a_person(run: Run, logs: Path) -> None:
    found = run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--quiet")
    assert found.code == 0
    assert "Mailboxes proved touched" in found.out
    assert "mara@example.org" in found.out
    assert "1 message" in found.out
    assert found.err == ""


def test_one_document(run: Run, logs: Path) -> None:
    found = run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--json")
    document = json.loads(found.out)
    assert document["schema_version"] == 1
    verdicts = {one["name"]: one["verdict"] for one in document["mailboxes"]}
    assert verdicts == {"mara@example.org": "touched", "ivo@example.org": "not_touched"}
    assert document["messages"][0]["id"] == NASTY
    assert document["seeds"][0]["value"] == EVIL


def test_files_to_hand_on(run: Run, logs: Path, tmp_path: Path) -> None:
    out = tmp_path / "scope"
    found = run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--out", str(out))
    assert {path.name for path in out.iterdir()} == set(FILES)
    assert found.err.splitlines()[-1].startswith("next: ")
    scope = read_scope(out / "scope.json")
    assert [one.id for one in scope.messages] == [NASTY]
    with (out / "messages.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["internet_message_id"].startswith("'=")
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values())
    page = (out / "scope.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert 'http-equiv="Content-Security-Policy"' in page
    again = tmp_path / "again"
    run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--out", str(again))
    for name in FILES:
        assert (again / name).read_bytes() == (out / name).read_bytes()


def test_a_damaged_record_is_told_and_clears_nobody(run: Run, logs: Path) -> None:
    with (logs / "audit.jsonl").open("a") as file:
        file.write('{"Id": "broken\n')
    found = run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--json")
    verdicts = {one["name"]: one["verdict"] for one in json.loads(found.out)["mailboxes"]}
    assert verdicts == {"mara@example.org": "touched", "ivo@example.org": "possible"}
    assert "not read: 1" in found.err
    sure = run("scope", str(logs), "--address", EVIL, "--from", "2026-03-18", "--unread-checked")
    assert "vouched that the records which could not be read" in sure.err
    assert "ivo@example.org" not in sure.out


def test_a_seed_that_nothing_carries_is_said_loudly(run: Run, logs: Path) -> None:
    found = run("scope", str(logs), "--address", "192.0.2.99", "--from", "2026-03-18")
    assert "No record of the span carries any of the seeds" in found.out
    assert "No record of the span carries any of the seeds" in found.err
    assert "presume that they were" not in found.out, "a mistyped address accuses nobody"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--address", EVIL], "not both"),
        (["LOGS", "--store", "x", "--address", EVIL], "not both"),
        (["LOGS"], "no indicator was given"),
        (["LOGS", "--app", "x"], "no beginning"),
        (["LOGS", "--address", "x"], "no address"),
        (["LOGS", "--address", EVIL, "--from", "yesterday"], "not a time"),
        (["LOGS", "--incident", "1"], "a scan's results"),
        (
            ["LOGS", "--account", "mara@example.org", "--from", "2026-03-01", "--complete"],
            "does not name them",
        ),
    ],
    ids=["no-input", "both", "no-seed", "loose", "address", "time", "incident", "complete"],
)
def test_what_makes_no_sense_is_refused(run: Run, logs: Path, arguments: list[str], words: str) -> None:
    found = run("scope", *[str(logs) if one == "LOGS" else one for one in arguments])
    assert found.code == 2
    assert words in found.err
    assert found.out == ""


def test_logs_without_an_event_are_no_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = run("scope", str(tmp_path / "empty"), "--address", EVIL)
    assert found.code == 3
    assert found.out == ""
