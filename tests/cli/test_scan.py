"""`seawall scan` and `seawall explain`: streams, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.incidents.alert_budget import LEAST_SCORE
from seawall.detection.ranking.chance import load_chance

from .conftest import Run
from .samples import written


def test_the_answer_is_on_stdout_and_the_rest_on_stderr(run: Run, engine: list[dict[str, Any]]) -> None:
    got = run("scan", "logs", "--out", "found", "--budget", "3", "--mmdb", "own.mmdb")
    assert got.code == 0
    assert "ann@contoso.example" in got.out
    assert "bob@contoso.example" not in got.out, "bob is below the budget"
    assert "report:" not in got.out
    assert "1,200 records = 1,100 events + 98 duplicates + 2 problems" in got.err
    assert got.err.splitlines()[-1] == "next: seawall explain 1 --out found"
    assert "\x1b" not in got.out + got.err
    [call] = engine
    assert call["paths"] == [Path("logs")]
    assert call["out"] == Path("found")
    assert call["settings"].budget == 3
    assert call["settings"].mmdb == (Path("own.mmdb"),)


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ((), None),
        (("--min-score", "-1.5"), -1.5),
        (("--min-score", "off"), LEAST_SCORE),
        (("--min-score", "-99"), LEAST_SCORE),
        (("--min-chance", "0"), LEAST_SCORE),
        (("--min-chance", "0.2"), load_chance().least_score(0.2)),
    ],
)
def test_a_threshold(run: Run, engine: list[dict[str, Any]], options: tuple[str, ...], least: float) -> None:
    assert run("scan", "logs", *options).code == 0
    assert engine[0]["settings"].least_score == least


@pytest.mark.parametrize(
    "options",
    [
        ("--min-score", "x"),
        ("--min-score", "nan"),
        ("--min-score", "inf"),
        ("--min-chance", "1"),
        ("--min-chance", "2"),
        ("--min-score", "1", "--min-chance", "0.1"),
    ],
)
def test_a_threshold_that_cannot_be(run: Run, engine: list[dict[str, Any]], options: tuple[str, ...]) -> None:
    assert run("scan", "logs", *options).code == 2
    assert engine == []


def test_quiet_says_nothing(run: Run, engine: list[dict[str, Any]]) -> None:
    assert run("scan", "logs", "--quiet").err == ""


def test_json_is_one_document(run: Run, engine: list[dict[str, Any]]) -> None:
    got = run("scan", "logs", "--json")
    document = json.loads(got.out)
    assert next(iter(document)) == "schema_version"
    assert [incident["id"] for incident in document["raised"]] == ["3f9a0001", "77aa0003"]
    assert document["summary"]["records"] == 1200
    assert "next: " in got.err


@pytest.mark.parametrize(("level", "code"), [("low", 10), ("medium", 10), ("high", 10), ("critical", 0)])
def test_fail_on_counts_raised_incidents_only(
    run: Run, engine: list[dict[str, Any]], level: str, code: int
) -> None:
    assert run("scan", "logs", "--fail-on", level).code == code


def test_nothing_raised(run: Run, engine: list[dict[str, Any]]) -> None:
    got = run("scan", "quiet-logs", "--fail-on", "low")
    assert got.code == 0
    assert got.out == "Nothing was raised.\n"
    assert "the logs had 1 limit," in got.err


@pytest.mark.parametrize(
    ("wanted", "account"), [("1", "ann"), ("2", "cy"), ("3", "bob"), ("77", "cy"), ("3f9a0001", "ann")]
)
def test_explain_finds_by_rank_id_or_start(run: Run, tmp_path: Path, wanted: str, account: str) -> None:
    written(tmp_path / "seawall-out")
    got = run("explain", wanted)
    assert got.code == 0
    assert f"{account}@contoso.example" in got.out.splitlines()[0]
    assert got.err.startswith("next: ")


def test_explain_shows_words_numbers_and_limits(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "found")
    out = run("explain", "1", "--out", "found").out
    for part in (
        "0 of 212 active days",
        "0 of 1,240 peers",
        "12 peers used it",
        "throttled",
        "Revoke",
        "⟨U+001B⟩[31mred",
    ):
        assert part in out, part
    assert "\x1b" not in out


def test_explain_json(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "seawall-out")
    document = json.loads(run("explain", "2", "--json").out)
    assert document["rank"] == 2
    assert document["incident"]["account"] == "cy@contoso.example"


def test_explain_refuses_what_is_not_there(run: Run, tmp_path: Path) -> None:
    assert run("explain", "1").code == 3
    written(tmp_path / "seawall-out")
    missing = run("explain", "nobody")
    assert missing.code == 2
    assert "error: no incident 'nobody'" in missing.err
    assert "fix: " in missing.err
    ambiguous = run("explain", "3f")
    assert ambiguous.code == 2
    assert "3f9a0001" in ambiguous.err
