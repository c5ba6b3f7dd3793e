"""`seawall watch`: what it takes, what it says, and what it refuses."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from tests.events.archives import member, zip_of
from tests.events.support import mail_read

from .conftest import Run


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_world(
        WorldSettings(58, accounts=12, days=8, attacks=2, quiet_days=5, mess=False, density=0.5), folder
    )
    return folder / "logs"


def test_once_reads_scores_tells_and_stops(run: Run, logs: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    got = run("watch", str(logs), "--store", store, "--once", "--budget", "2")
    assert got.code == 0
    lines = got.out.splitlines()
    assert lines
    for line in lines:
        assert len(line.split("  ")) == 7
    assert "records = " in got.err
    assert "\x1b" not in got.out + got.err
    again = run("watch", str(logs), "--store", store, "--once", "--budget", "2")
    assert (again.code, again.out) == (0, "")
    assert got.err.splitlines()[-1] == again.err.splitlines()[-1]


def test_hostile_files_stop_no_watch(run: Run, tmp_path: Path) -> None:
    """A cut record with half a surrogate pair, and a ZIP member without a name, ended a watch at every start."""
    folder, store = tmp_path / "logs", str(tmp_path / "store")
    folder.mkdir()
    sound = "".join(json.dumps(mail_read(n)) + "\n" for n in range(9))
    cut = json.dumps(mail_read(50, UserId="\ud800")).partition("MailboxOwner")[0]
    (folder / "a.jsonl").write_text(sound + cut + "\n")
    (folder / "b.zip").write_bytes(zip_of(member(b"", json.dumps(mail_read(60)).encode())))
    for _ in range(2):
        got = run("watch", str(folder), "--store", store, "--once")
        assert got.code == 0
        assert "11 records = 10 events + 0 duplicates + 1 problem" in got.err


def test_json_lines_of_standard_input(
    run: Run, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b'{"CreationTime": "2025-01-01T00:00:00", "Id": "1", "Operation": "FileAccessed", "UserId": "a@b.example"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data + b"nothing\n")))
    got = run("watch", "-", "--store", str(tmp_path / "store"), "--json", "--quiet")
    assert got.code == 0
    assert got.err == ""
    documents = [json.loads(line) for line in got.out.splitlines()]
    assert documents[-1] == {
        "schema_version": 1, "type": "summary", "records": 2, "events": 1, "duplicates": 0, "problems": 1, "waiting": 0,
        "not_judged": ["1 of 1 record of organisation unknown is of no log that Seawall recognises: nothing in it was judged."],
    }  # fmt: skip
    assert all(document["type"] == "incident.raised" for document in documents[:-1])


def test_records_of_no_known_log_are_told(run: Run, tmp_path: Path) -> None:
    """A collector's own format is read by nobody: a watch that stays silent must not look like one that finds nothing."""
    logs = tmp_path / "logs"
    logs.mkdir()
    records = [
        {"@timestamp": f"2026-03-02T10:00:{n:02d}Z", "event": {"module": "o365"}, "user": {"name": "ann"}}
        for n in range(20)
    ]
    (logs / "filebeat.jsonl").write_text("\n".join(map(json.dumps, records)))
    store = str(tmp_path / "store")
    got = run("watch", str(logs), "--store", store, "--once")
    words = "NOT JUDGED: 20 of 20 records of organisation unknown are of no log that Seawall recognises"
    assert words in got.out
    assert words in got.err
    again = run("watch", str(logs), "--store", store, "--once", "--json", "--quiet")
    (summary,) = [json.loads(line) for line in again.out.splitlines()]
    assert ["20 of 20 records" in text for text in summary["not_judged"]] == [True]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 3, "no such file or folder"),
        ([".", "--once", "--until-idle"], 2, "exclude each other"),
        ([".", "--store", "inside"], 2, "a folder that this command tails"),
        ([".", "--store", "../s", "--webhook", "http://example.com/"], 2, "webhook"),
        ([".", "--store", "../s", "--webhook-secret-file", "x"], 2, "needs --webhook"),
        (
            [".", "--store", "../s", "--webhook", "https://a.example/", "--webhook-secret-file", "x"],
            3,
            "cannot be read",
        ),
        ([".", "--store", "../s", "--database", "mysql://x/y"], 2, "no support"),
        ([], 2, "nothing to watch"),
        ([".", "--group", "g"], 2, "no folders"),
        (["--group", "g"], 2, "the settings of the cluster are missing"),
        (["--group", "g", "--once", "--until-idle"], 2, "exclude each other"),
        (["--group", "g", "--kafka", "gone.toml", "--store", "../s"], 2, "gone.toml"),
        (["--group", "g", "--kafka", "../two.toml", "--store", "../s"], 2, "reads one topic"),
        (["--group", "g", "--kafka", "../one.toml", "--store", "../s"], 2, "needs a PostgreSQL database"),
        ([".", "--worker", "w"], 2, "need --group"),
    ],
    ids=[
        "nowhere",
        "both",
        "inside",
        "plain http",
        "secret alone",
        "no secret",
        "database",
        "nothing",
        "group and folder",
        "group without cluster",
        "group and once",
        "no settings",
        "two topics",
        "group on a file",
        "worker alone",
    ],
)
def test_what_it_refuses(
    run: Run,
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "here").mkdir()
    for name, topics in (("one", '["a"]'), ("two", '["a", "b"]')):
        table = f'[kafka]\nservers = ["localhost:9"]\nprotocol = "plaintext"\ntopics = {topics}\n'
        (tmp_path / f"{name}.toml").write_text(table, "utf-8")
    monkeypatch.chdir(tmp_path / "here")
    got = run("watch", *arguments)
    assert got.code == code
    assert words in got.err
    assert got.out == ""
