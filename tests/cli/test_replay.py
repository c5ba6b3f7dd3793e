"""`seawall replay`: the list, and what is refused before anything is made."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Run


def test_the_list_names_every_incident_with_its_logs(run: Run) -> None:
    told = run("replay", "list")
    assert told.code == 0
    assert "storm-0558" in told.out
    assert "2023-05-15" in told.out


def test_the_list_as_a_document(run: Run) -> None:
    document = json.loads(run("replay", "list", "--json").out)
    assert {"incidents", "layers"} <= document.keys()
    storm = next(one for one in document["incidents"] if one["name"] == "storm-0558")
    assert storm["stages"][0]["at"].startswith("2016-04")
    assert {source["mark"] for source in storm["sources"]} == {"M"}
    assert [layer["name"] for layer in document["layers"]][:3] == ["policies", "tokens", "keys"]


def test_an_unknown_incident_is_refused(run: Run, tmp_path: Path) -> None:
    told = run("replay", "heist", "--out", str(tmp_path / "out"))
    assert told.code == 2
    assert "no such incident: heist" in told.err
    assert not (tmp_path / "out").exists()


def test_systems_that_do_not_fit_are_refused(run: Run, tmp_path: Path) -> None:
    told = run("replay", "storm-0558", "--systems", "okta", "--out", str(tmp_path / "out"))
    assert told.code == 2
    assert "cannot be staged in logs of okta" in told.err


def test_logs_that_are_not_there_are_refused(run: Run, tmp_path: Path) -> None:
    told = run("replay", "storm-0558", "--logs-like", str(tmp_path / "no"), "--out", str(tmp_path / "out"))
    assert told.code == 3
    assert "no such file or folder" in told.err
