"""What a user installs holds everything that the verbs need: every data file, and the verbs work far from the source."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.console.browser.test_wheel import BUNDLE
from tests.installation import ROOT, installed, wheel_of, wheels_of_parts
from tests.response.cases import case_text

pytestmark = pytest.mark.slow
SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT, tmp_path_factory)


@pytest.fixture(scope="module")
def types(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Types a command of the installed wheel, in an empty folder, and returns what it answers."""
    parts = wheels_of_parts(tmp_path_factory)
    command = installed([*parts, wheel], tmp_path_factory.mktemp("clean"))
    folder = tmp_path_factory.mktemp("work")

    def call(*words: object) -> str:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SEAWALL"))
        }
        done = subprocess.run(
            [command, *map(str, words)], cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    place = subprocess.run(
        [command.with_name("python"), "-c", "import seawall; print(seawall.__file__)"],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert str(ROOT) not in place
    call(
        "lab",
        "make",
        "--out",
        "world",
        "--seed",
        "5",
        "--accounts",
        "9",
        "--days",
        "14",
        "--attacks",
        "2",
        "--density",
        "0.25",
    )
    call("scan", "world/logs", "--out", "out", "--quiet")
    call("watch", "world/logs", "--store", "store", "--once", "--quiet")
    (folder / "case").mkdir()
    return call


def test_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    data = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "seawall").rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".nbi", ".nbc"} and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("seawall/")}
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    tried_on = {
        name for name in data if name.startswith("seawall/detection/rules/pack/") and name.endswith(".jsonl")
    }
    assert tried_on, "rules have records that only tests read"
    assert {name for name in data - tried_on if not name.startswith(BUNDLE)} <= inside
    assert not tried_on & inside
    kinds = {Path(name).suffix for name in inside if not name.endswith(".py")}
    assert kinds >= {".toml", ".html", ".typ", ".css", ".yml", ".csv", ".json"}
    for part in (
        "response/notification/languages/de.toml",
        "response/notification/languages/en.toml",
        "py.typed",
    ):
        assert f"seawall/{part}" in inside
    assert all(sizes[name] == (SOURCE / name).stat().st_size for name in data & inside)


def test_the_answers_to_an_incident_work_from_it(types: Callable[..., str], tmp_path: Path) -> None:
    plan = json.loads(types("respond", "plan", "1", "--out", "out", "--json"))["plan"]
    assert plan["actions"]
    named = ("--store", "store", "--incident", plan["incident"])
    again = json.loads(types("respond", "plan", *named, "--json"))["plan"]
    assert again["actions"] == plan["actions"]
    types("respond", "export", *named, "--to", tmp_path / "forms")
    assert (tmp_path / "forms/finding.json").is_file()
    types("scope", "out", "--incident", "1", "--out", tmp_path / "scope", "--quiet")
    assert "<html" in (tmp_path / "scope/scope.html").read_text("utf-8")
    types("respond", "notify", "begin", tmp_path / "begun", *named, "--quiet")
    assert "[[recipients]]" in (tmp_path / "begun/case.toml").read_text("utf-8")


@pytest.mark.parametrize("language", ["de", "en"])
def test_letters_are_written_from_it(types: Callable[..., str], tmp_path: Path, language: str) -> None:
    types("scope", "out", "--incident", "1", "--out", tmp_path, "--quiet")
    scope = json.loads((tmp_path / "scope.json").read_text("utf-8"))
    mailbox = next(one for one in scope["mailboxes"] if one["verdict"] != "not_touched")
    who = {
        "kind": "owner", "name": "Viktor Opfer", "mailboxes": [mailbox["name"]], "organisation": mailbox["tenant"],
        "email": "v@private.example", "language": language,
    }  # fmt: skip
    (tmp_path / "case.toml").write_text(case_text({"victim": who}), "utf-8")
    types("respond", "notify", "draft", tmp_path / "case.toml", "--json")
    letters = tmp_path / "drafts/letters/victim"
    assert (letters / "letter.pdf").read_bytes().startswith(b"%PDF-")
    assert mailbox["name"] in (letters / "letter.txt").read_text("utf-8")


def test_what_reads_data_of_its_own_works_from_it(types: Callable[..., str], tmp_path: Path) -> None:
    assert len(json.loads(types("rules", "list", "--json"))["rules"]) > 50
    types("doctor")  # says by its exit code that everything is there
    types("respond", "signals", "key", tmp_path / "signals.pem")
    assert (tmp_path / "signals.pem").stat().st_mode & 0o777 == 0o600


def test_every_page_that_a_message_names_is_printed(types: Callable[..., str]) -> None:
    pages = [line.split()[0] for line in types("help").splitlines()]
    named = {
        found
        for path in [*SOURCE.rglob("*.py"), *(ROOT / "packages").rglob("*.py")]
        for found in re.findall(
            r"docs/((?:tutorials|how-to|reference|explanation)/[\w-]+)\.md", path.read_text("utf-8")
        )
        + re.findall(r"seawall help ([\w/-]+)", path.read_text("utf-8"))
    }
    assert len(named) > 15
    by_name = {page.partition("/")[2]: page for page in pages}
    assert {by_name.get(one, one) for one in named} <= set(pages)
    assert types("help", "export-logs") == (ROOT / "docs/how-to/export-logs.md").read_text("utf-8")


def test_a_wheel_without_the_consoles_pages_is_built(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".git", ".venv*", "node_modules", "bundle", ".*_cache", "demo", "site"),
    )
    (source / "console" / "package-lock.json").write_text(
        "{}"
    )  # npm refuses it, as it would without a network
    environment = {name: value for name, value in os.environ.items() if name != "SEAWALL_CONSOLE"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no pages of the console" in done.stdout + done.stderr
    refused = subprocess.run(
        command,
        cwd=source,
        env={**environment, "SEAWALL_CONSOLE": "required"},
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        names = set(archive.namelist())
    assert "seawall/documentation/how-to/respond.md" in names
    assert not any(name.startswith("seawall/console/bundle/") for name in names)
