"""What a scan of version 0.1 left behind is explained, searched, planned upon and exported; its logs give the same incidents."""

from __future__ import annotations

import json
import shutil
from typing import Any

from tests.cli.conftest import Run
from tests.upgrade.conftest import Unpack, VerbInJson
from tests.upgrade.told import as_before, told_of

WORST = "f9e06141b3f0"
BEN = "ben.garcia@thistle-labs.test"


def test_an_incident_is_explained(unpack: Unpack, answer: VerbInJson, run: Run) -> None:
    unpack("results")
    found = answer("explain", 1, "--out", "out")
    assert (found["incident"]["id"], found["incident"]["account"]) == (WORST, BEN)
    assert found["incident"]["score"] == -4.29669
    assert BEN in run("explain", WORST[:4], "--out", "out").out


def test_a_scope_is_found_again(unpack: Unpack, run: Run) -> None:
    folder = unpack("results")
    before = json.loads((folder / "scope/scope.json").read_text("utf-8"))
    assert before["seeds"][0]["value"] == WORST
    assert run("scope", "out", "--incident", "1", "--out", "again", "--quiet").code == 0
    again = json.loads(as_before((folder / "again/scope.json").read_text("utf-8")))
    for kind in ("organisations", "mailboxes", "accounts"):
        for subject in again[kind]:
            del subject["acts"]  # later than the fixtures
    assert again == before
    for table in (folder / "scope").glob("*.csv"):
        assert as_before((folder / "again" / table.name).read_text("utf-8")) == table.read_text("utf-8")


def test_a_plan_is_made_of_results_and_a_kept_scope(unpack: Unpack, answer: VerbInJson) -> None:
    unpack("results")
    plan = answer("respond", "plan", 1, "--out", "out", "--scope", "scope/scope.json")["plan"]
    assert plan["incident"] == WORST
    assert {action["account"] for action in plan["actions"] if action["kind"] == "disable_account"} >= {BEN}


def test_an_incident_is_exported(unpack: Unpack, run: Run) -> None:
    unpack("results")
    done = run("respond", "export", WORST, "--out", "out", "--form", "ocsf")
    assert done.code == 0, done.err
    finding = json.loads(done.out)
    assert finding["finding_info"]["uid"] == WORST


def test_the_same_logs_give_the_same_incidents(
    unpack: Unpack, run: Run, rescored: dict[str, dict[str, Any]]
) -> None:
    folder = unpack("results")
    assert told_of(folder / "out/incidents.jsonl") == rescored["logs-1 of then"]
    assert run("scan", "logs-1", "--out", "again", "--budget", "2", "--quiet").code == 0
    assert told_of(folder / "again/incidents.jsonl") == rescored["logs-1"]
    assert json.loads((folder / "again/coverage.json").read_bytes()) == json.loads(
        (folder / "out/coverage.json").read_bytes()
    )


def test_results_are_replaced_by_those_of_more_logs(
    unpack: Unpack, run: Run, rescored: dict[str, dict[str, Any]]
) -> None:
    folder = unpack("results")
    for file in (folder / "logs-2").iterdir():
        shutil.copy(file, folder / "logs-1")
    assert run("scan", "logs-1", "--out", "out", "--budget", "2", "--quiet").code == 0
    assert told_of(folder / "out/incidents.jsonl") == rescored["logs-1 and logs-2"]
    assert (folder / "out/report.html").stat().st_size > 10_000
