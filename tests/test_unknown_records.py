"""Records of no log that is judged: whoever scans them is told so, and never that nothing was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import seawall
from seawall.cli.main import main
from tests.events.support import mail_read, signed_in, write_lines

AUDIT = {"Operation": "UserLoggedIn", "UserId": "mara@example.org", "Workload": "AzureActiveDirectory"}


def _time(number: int) -> str:
    return f"2026-03-02T10:{number:02d}:00Z"


SHAPES: dict[str, Any] = {
    "filebeat": lambda n: {
        "@timestamp": _time(n),
        "event": {
            "module": "github",
            "dataset": "github.audit",
            "action": "UserLoggedIn",
            "outcome": "success",
        },
        "github": {"audit": AUDIT},
        "user": {"name": "mara", "domain": "example.org"},
        "source": {"ip": "198.51.100.7"},
        "agent": {"type": "filebeat", "id": "00000000-0000-4000-8000-000000000001"},
    },
    "wazuh": lambda n: {
        "timestamp": _time(n),
        "rule": {"id": "91545", "level": 3, "description": "Office 365"},
        "agent": {"id": "000", "name": "manager"},
        "id": f"1772445600.{n:05d}",
        "data": {"integration": "office365", "office365": AUDIT},
        "location": "office365",
    },
    "hec": lambda n: {
        "time": 1772445600 + n,
        "host": "collector",
        "sourcetype": "o365:management:activity",
        "event": AUDIT,
    },
    "ocsf": lambda n: {
        "time": 1772445600000 + n,
        "class_uid": 3002,
        "activity_id": 1,
        "metadata": {"version": "1.3.0", "product": {"name": "Slack"}, "uid": f"{n}"},
        "user": {"name": "mara@example.org"},
        "src_endpoint": {"ip": "198.51.100.7"},
    },
    "cloudtrail": lambda n: {
        "eventVersion": "1.08",
        "eventTime": _time(n),
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "sourceIPAddress": "198.51.100.7",
        "eventID": f"00000000-0000-4000-8000-{n:012d}",
    },
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_records_of_no_known_log_are_no_nothing_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str
) -> None:
    logs, out = tmp_path / "logs", tmp_path / "out"
    logs.mkdir()
    write_lines(logs / f"{shape}.jsonl", [SHAPES[shape](number) for number in range(20)])
    assert main(["scan", str(logs), "--out", str(out), "--fail-on", "low"]) == 10
    said = capsys.readouterr()
    assert "20 of 20 records" in said.out
    assert f"{shape}.jsonl" in said.out
    assert "Nothing was raised." not in said.out
    (note,) = [note for note in _notes(out) if note["code"] == "not-judged"]
    assert "20 of 20 records" in note["text"]
    assert note["start"][:16] == "2026-03-02T10:00"
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["unrecognised"], summary["files_not_judged"]) == (20, 1)
    page = (out / "report.html").read_text()
    assert "20 of 20 records" in page[: page.index('id="queue"')]
    assert "Nothing was raised" not in page


def test_json_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_lines(tmp_path / "a.jsonl", [SHAPES["ocsf"](number) for number in range(3)])
    assert main(["scan", str(path), "--out", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert ["3 of 3 records" in text for text in document["not_judged"]] == [True]


def test_a_known_log_raises_no_alarm_for_operations_that_nobody_judges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most records of a unified audit log can be of operations that no detector asks for: the log is known all the same."""
    records = [
        mail_read(number, Operation="SearchMtpStatus", RecordType=52, Workload="SecurityComplianceCenter")
        for number in range(1, 20)
    ]
    path = write_lines(tmp_path / "a.jsonl", [*records, signed_in(1)])
    assert main(["scan", str(path), "--out", str(tmp_path / "out"), "--fail-on", "low"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == [
        "Nothing was raised.",
        "A day or less of history: what is usual is hardly known yet.",
    ]
    assert not any(line.startswith("NOT JUDGED") for line in shown)
    assert not [note for note in _notes(tmp_path / "out") if note["code"] == "not-judged"]
    assert json.loads((tmp_path / "out/summary.json").read_text())["unrecognised"] == 0


@pytest.mark.parametrize(("unknown", "is_told"), [(4, False), (5, True), (6, True)])
def test_half_of_a_file_is_most_of_it(tmp_path: Path, unknown: int, is_told: bool) -> None:
    records = [mail_read(number) for number in range(1, 11 - unknown)]
    records += [SHAPES["cloudtrail"](number) for number in range(unknown)]
    result = seawall.scan(write_lines(tmp_path / "a.jsonl", records), tmp_path / "out")
    assert bool([note for note in result.coverage if note.code == "not-judged"]) == is_told
    assert result.summary["unrecognised"] == unknown


def test_one_unknown_file_among_known_ones_is_told(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    write_lines(logs / "audit.jsonl", [mail_read(number) for number in range(1, 50)])
    write_lines(logs / "signins.jsonl", [SHAPES["filebeat"](number) for number in range(5)])
    assert main(["scan", str(logs), "--out", str(tmp_path / "out"), "--fail-on", "critical"]) == 10
    (note,) = [note for note in _notes(tmp_path / "out") if note["code"] == "not-judged"]
    assert "5 of 5 records" in note["text"]
    assert "signins.jsonl" in note["text"]


def test_records_that_could_not_be_read_were_not_judged(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    write_lines(logs / "audit.jsonl", [mail_read(number) for number in range(1, 50)])
    broken = [mail_read(number, CreationTime="soon") for number in range(1, 4)]
    write_lines(logs / "broken.jsonl", [*broken, SHAPES["wazuh"](1), mail_read(60)])
    result = seawall.scan(logs, tmp_path / "out")
    (note,) = [note for note in result.coverage if note.code == "not-judged"]
    assert "1 of 5 records" in note.text
    assert "3 could not be read" in note.text


def test_files_in_any_order_say_the_same(tmp_path: Path) -> None:
    texts = []
    for names in (("a", "b", "c"), ("c", "a", "b")):
        logs = tmp_path / "".join(names)
        logs.mkdir()
        for name in names:
            write_lines(logs / f"{name}.jsonl", [SHAPES["hec"](number) for number in range(ord(name) - 94)])
        seawall.scan(logs, logs / "out")
        texts.append((logs / "out/coverage.json").read_text().replace(logs.name, "logs"))
    assert texts[0] == texts[1]


def _notes(out: Path) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = json.loads((out / "coverage.json").read_text())["coverage"]
    return notes
