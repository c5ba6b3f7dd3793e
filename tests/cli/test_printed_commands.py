"""Every command that is printed runs as it is printed, where it is printed.

The program is started by its path, as nobody has activated its environment, in a folder that also holds the results of an earlier
scan of another organisation, under the name that results have by default.
"""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.lab.worlds import WorldSettings, make_world
from tests.docs.test_commands import stranger

PROGRAM = str(Path(sys.executable).parent / "seawall")
OUT = "my results"
PLACEHOLDER = re.compile(
    r"(?<![A-Za-z])(?:NAME|FILE|PATH|DIR|ID|URL|PLAN|STEP|NEW|DIGEST|YOUR NAME)(?![A-Za-z])"
)
"""Words in capitals that a person replaces: such a command is looked at, and not run."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the logs of a small organisation, and results of an earlier scan of another one."""
    place = tmp_path_factory.mktemp("printed")
    for seed, name in ((78, "earlier"), (77, "logs")):
        settings = WorldSettings(seed, accounts=20, days=12, attacks=3, quiet_days=6, density=0.5)
        (make_world(settings, tmp_path_factory.mktemp(name)).folder / "logs").rename(place / name)
    assert type_in(place, "scan", "earlier").returncode == 0
    assert (place / "seawall-out" / "incidents.jsonl").exists()
    return place


def type_in(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start the program by its path, without its folder on the search path."""
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "COLUMNS": "400"}
    return subprocess.run(
        [PROGRAM, *words],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def list_commands(text: str) -> Iterator[str]:
    """Yield the commands of what was printed: up to the end of their line, or of what stands between backticks."""
    for found in re.finditer(re.escape(shlex.quote(PROGRAM)) + r" ([^`\n]+)", text):
        yield found[1].strip()


def name_unnamed(text: str) -> list[str]:
    """Return the commands that name the program otherwise than it was called."""
    return [
        text[one.start() :][:80]
        for one in re.finditer(r"(?<![\w./-])seawall (?:scan|explain|respond|scope|doctor|look)\b", text)
    ]


@pytest.mark.slow
def test_what_the_terminal_prints_runs(place: Path) -> None:
    waiting, ran = [f"scan logs --out {shlex.quote(OUT)}"], set[str]()
    while waiting:
        command = waiting.pop(0)
        if command in ran:
            continue
        ran.add(command)
        words = shlex.split(command)
        assert stranger(words) == "", command
        if PLACEHOLDER.search(command) or words[0] == "demo" or len(ran) > 25:
            continue
        done = type_in(place, *words)
        assert done.returncode in (0, 10), (command, done.stderr)
        assert name_unnamed(done.stdout + done.stderr) == [], command
        waiting += list_commands(done.stdout + done.stderr)
    verbs = {tuple(shlex.split(one)[:2]) for one in ran}
    assert {("respond", "plan"), ("respond", "apply"), ("explain", "1")} <= verbs
    plan = json.loads((place / "plan.json").read_text("utf-8"))
    assert plan["created_from"] == OUT  # and not of the results that lie there by default


@pytest.mark.slow
def test_what_the_report_prints_runs(place: Path) -> None:
    out = place / "shown"
    assert type_in(place, "scan", "logs", "--out", str(out)).returncode == 0
    page = html.unescape(re.sub(r"</code>", "`", (out / "report.html").read_text("utf-8")))
    commands = [re.sub(r"<.*", "", one).strip() for one in list_commands(page)]
    assert name_unnamed(page) == []
    kinds: dict[str, str] = {}
    for command in commands:
        assert stranger(shlex.split(command)) == "", command
        if not PLACEHOLDER.search(command):
            kinds.setdefault(re.sub(r"\b(?:[0-9a-f]{8,}|[0-9]+)\b", "N", command), command)
    assert len(kinds) > 1
    for command in kinds.values():
        done = type_in(out, *shlex.split(command))
        assert done.returncode in (0, 10), (command, done.stderr)
    assert (out / "plan.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "nothing"),
        ("explain", "1", "--out", "nothing"),
        ("explain", "99", "--out", "seawall-out"),
        ("respond", "plan", "1", "--out", "nothing"),
        ("respond", "apply", "nothing.json"),
        ("respond", "undo", "nothing"),
        ("scope", "nothing", "--address", "203.0.113.7"),
        ("look", "203.0.113.7", "--out", "nothing"),
        ("campaigns", "nothing"),
        ("rules", "show", "nothing"),
        ("watch", "nothing", "--once"),
        ("store", "check", "--store", "nothing"),
        ("serve", "--no-watch", "--store", "nothing"),
    ],
)
def test_the_fix_of_an_error_names_commands_that_exist(place: Path, words: tuple[str, ...]) -> None:
    done = type_in(place, *words)
    assert done.returncode in (1, 2, 3)
    assert name_unnamed(done.stderr) == []
    for command in list_commands(done.stderr):
        assert stranger(shlex.split(re.split(r"[;,]| and ", command)[0])) == "", done.stderr
