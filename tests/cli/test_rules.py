"""`seawall rules`, and what a scan and a watch say of rules before they begin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.detection.rules.vendor_records import m365

RULE = {
    "title": "New rule", "id": "0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11", "level": "high", "logsource": {"product": "m365"},
    "detection": {"s": {"Operation": "New-InboxRule"}, "condition": "s"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One rule that runs, two files that do not, one rule that cannot hit."""
    place = tmp_path / "mine"
    place.mkdir()
    idle = {
        **RULE,
        "id": "1f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11",
        "detection": {"s": {"UserId": "UPN"}, "condition": "s"},
    }
    (place / "good.yml").write_text(yaml.safe_dump(RULE), "utf-8")
    (place / "idle.yml").write_text(yaml.safe_dump(idle), "utf-8")
    (place / "broken.yml").write_text("title: 'x\n", "utf-8")
    (place / "windows.yml").write_text(
        yaml.safe_dump(
            {**RULE, "id": "2f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11", "logsource": {"product": "windows"}}
        ),
        "utf-8",
    )
    return place


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    (place / "a.jsonl").write_text(json.dumps(m365("New-InboxRule", "Exchange", 1)) + "\n", "utf-8")
    return place


def says_all(told: str) -> None:
    assert "only as parts of correlation rules, 1 cannot hit), 2 skipped\n" in told
    assert "not run: mine/broken.yml: is no YAML" in told
    assert "not run: mine/windows.yml: looks at logs that are not read here: windows\n" in told
    assert "\x1b" not in told


def test_a_scan_says_first_which_rules_run_and_why_others_do_not(
    run: Run, folder: Path, logs: Path, tmp_path: Path
) -> None:
    got = run("scan", str(logs), "--out", str(tmp_path / "out"), "--rules", str(folder))
    assert got.code == 0
    assert got.err.startswith("rules: ")
    says_all(got.err)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["rules"]
    assert (summary["cannot_hit"], summary["skipped"], summary["hits"] > 0) == (1, 2, True)
    quiet = run("scan", str(logs), "--out", str(tmp_path / "out"), "--rules", str(folder), "--quiet")
    assert (quiet.code, quiet.err) == (0, "")


def test_a_watch_says_it_too(run: Run, folder: Path, logs: Path, tmp_path: Path) -> None:
    got = run("watch", str(logs), "--store", str(tmp_path / "store"), "--once", "--rules", str(folder))
    assert got.code == 0
    assert got.err.startswith("rules: ")
    says_all(got.err)


def test_of_many_broken_files_the_first_are_named(run: Run, logs: Path, tmp_path: Path) -> None:
    place = tmp_path / "many"
    place.mkdir()
    for number in range(25):
        (place / f"{number:02}.yml").write_text("- no rule\n", "utf-8")
    got = run("scan", str(logs), "--out", str(tmp_path / "out"), "--rules", str(place))
    assert got.err.count("not run: many/") == 10
    assert "not run: 15 more rules, see seawall rules list" in got.err


def test_a_list_says_of_each_whether_it_runs(run: Run, folder: Path) -> None:
    got = run("rules", "list", "--rules", str(folder), "--json")
    document: dict[str, Any] = json.loads(got.out)
    assert (document["cannot_hit"], document["skipped"]) == (1, 2)
    said = {Path(row["file"]).stem: row for row in document["rules"]}
    assert said["good"]["status"] == said["idle"]["status"] == "runs"
    assert "UPN" in said["idle"]["cannot_hit"]
    assert "cannot_hit" not in said["good"]
    assert said["broken"]["status"] == "skipped"
    lines = run("rules", "list", "--rules", str(folder)).out.splitlines()
    assert sum("  CANNOT HIT: asks for an account called UPN" in line for line in lines) == 1
    assert sum("  SKIPPED: " in line for line in lines) == 2


def test_what_is_asked_for_others_alone_is_marked(run: Run) -> None:
    rows = {row["id"]: row for row in json.loads(run("rules", "list", "--json").out)["rules"]}
    parts = sum(row["is_part"] for row in rows.values())
    assert 0 < parts < len(rows)
    listed = run("rules", "list")
    assert sum(line.endswith("  PART of a correlation rule") for line in listed.out.splitlines()) == parts
    assert f"({parts} of them only as parts of correlation rules)" in listed.err


def test_a_rule_is_explained_by_its_file_the_whole_before_its_parts(run: Run, folder: Path) -> None:
    counts = run("rules", "explain", "mailboxes_granted_in_a_row").out
    assert counts.startswith("One account gave out many mailboxes")
    assert "field Operation: m365: activity_name" in counts
    assert "looks at: m365\n" in run("rules", "explain", "good", "--rules", str(folder)).out
    assert (
        "cannot hit: it asks for an account called UPN"
        in run("rules", "explain", "idle", "--rules", str(folder)).out
    )
    for name in ("windows", "2f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11"):
        got = run("rules", "explain", name, "--rules", str(folder))
        assert got.code == 2
        assert "runs: looks at logs that are not read here" in got.err


def test_an_explanation_is_wrapped_at_the_width_and_loses_no_word(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "google_account_hijacked"
    document = json.loads(run("rules", "explain", name, "--json").out)
    words = {}
    for width in (60, 100, 2_000):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = run("rules", "explain", name).out.splitlines()
        assert max(map(len, lines)) <= width
        words[width] = " ".join(lines).split()
        if width < 2_000:
            first = next(place for place, line in enumerate(lines) if line.startswith("field eventName: "))
            assert len(lines) > first + 1
            assert all(line.startswith("  ") for line in lines[first + 1 :])
    assert words[60] == words[100] == words[2_000]
    assert document["description"] in " ".join(words[60])
    monkeypatch.delenv("COLUMNS")
    assert max(map(len, run("rules", "explain", name).out.splitlines())) <= 140


def test_a_rule_that_does_not_run_fails_its_trial(run: Run, folder: Path) -> None:
    got = run("rules", "test", str(folder))
    assert got.code == 1
    assert "mine/broken.yml: does not run: is no YAML" in got.out
    assert "mine/good.yml: good.positive.jsonl is not there" in got.out
    assert got.err == "0 rules pass, 4 fail\n"


def test_one_rule_that_passes_is_one(run: Run, folder: Path) -> None:
    for name in ("broken", "idle", "windows"):
        (folder / f"{name}.yml").unlink()
    for name, operation in (("positive", "New-InboxRule"), ("negative", "Send")):
        records = json.dumps(m365(operation, "Exchange", 1)) + "\n"
        (folder / f"good.{name}.jsonl").write_text(records, "utf-8")
    assert run("rules", "test", str(folder)).err == "1 rule passes, 0 fail\n"
    (folder / "good.positive.jsonl").unlink()
    assert run("rules", "test", str(folder)).err == "0 rules pass, 1 fails\n"


@pytest.mark.parametrize("arguments", [["--help"], ["rules", "list", "--help"], ["scan", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """The reader of rules alone takes longer than all of the help."""
    script = (
        "import sys\nfrom seawall.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "heavy = {'sigma', 'yaml', 're2', 'numpy', 'pyarrow', 'duckdb', 'msgspec', 'rich'} & set(sys.modules)\n"
        "sys.stderr.write(' '.join(sorted(heavy)))"
    )
    got = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert got.stderr == ""
    assert "Usage: seawall" in got.stdout
