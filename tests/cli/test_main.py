"""Failures, help, streams and start-up time."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seawall import __version__
from seawall.cli import checks, output, progress, scan
from seawall_base import program_name
from seawall_base.errors import InputUnreadable, UsageError

from .conftest import Run
from .samples import written

HEAVY = (
    "duckdb",
    "pyarrow",
    "numpy",
    "rich",
    "jinja2",
    "msgspec",
    "maxminddb",
    "seawall.report.incident_page",
)


def seawall(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seawall.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


def test_help_starts_fast_and_loads_nothing_heavy() -> None:
    seawall("--help")
    spent = []
    for _ in range(3):
        started = os.times()
        seawall("--help")
        ended = os.times()
        spent.append(
            ended.children_user + ended.children_system - started.children_user - started.children_system
        )
    assert min(spent) < 0.6, "the aim is 0.3 s of a processor; the margin is for slow machines"
    code = f"import sys, seawall.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"seawall {__version__}\n"
    got = run("--help")
    assert got.code == 0
    assert got.out.index("Examples:") < got.out.index("Options:")


@pytest.mark.parametrize("verb", [["demo"], ["scan"], ["explain"], ["lab", "make"], ["evaluate"], ["doctor"]])
def test_every_verb_puts_examples_before_options(run: Run, verb: list[str]) -> None:
    got = run(*verb, "--help")
    assert got.code == 0
    assert f"seawall {' '.join(verb)}" in got.out
    assert got.out.index("Examples:") < got.out.index("Options:")


@pytest.mark.parametrize("group", ["keys", "token", "step-up"])
def test_every_group_shows_examples_and_whole_sentences(run: Run, group: str) -> None:
    got = run(group, "--help")
    assert got.code == 0
    assert f"  seawall {group} " in got.out.split("Examples:")[1].split("Options:")[0]
    assert "..." not in got.out.split("Commands:")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scna"], "Did you mean 'scan'"),
        (["scan"], "Missing argument"),
        (["scan", "x", "--budget", "-1"], "budget"),
        (["scan", "x", "--fail-on", "fatal"], "critical"),
        (["scan", "x", "--nonsense"], "--nonsense"),
        ([], "Usage"),
        (["lab"], "Usage"),
    ],
)
def test_usage_errors_are_2_and_on_stderr(run: Run, arguments: list[str], words: str) -> None:
    got = run(*arguments)
    assert got.code == 2
    assert words in got.err
    assert got.out == ""


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(scan, "run", fail)


def test_a_known_failure_says_what_and_the_fix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, InputUnreadable("no logs in \x1b[2J/nope", fix="name a folder"))
    got = run("scan", "/nope")
    assert (got.code, got.out) == (3, "")
    assert got.err == "error: no logs in ⟨U+001B⟩[2J/nope\n  fix: name a folder\n"


def test_an_unknown_failure_is_two_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError("division\nby zero"))
    got = run("scan", "x")
    assert got.code == 1
    assert got.err.count("\n") == 2
    assert "seawall doctor" in got.err
    assert "Traceback" not in got.err
    monkeypatch.setenv("SEAWALL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("scan", "x")


def test_an_interrupt_is_130_and_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    got = run("scan", "x")
    assert (got.code, got.out, got.err.split()) == (130, "", ["interrupted"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["token", "conformance", "--list"], ["doctor", "--json"], ["doctor"]])
def test_an_answer_for_which_there_is_no_room_fails_in_two_lines(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "seawall.cli.main", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the output cannot be written: No space left on device\n  fix: ")
    assert done.stderr.count("\n") == 2


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    written(tmp_path / "seawall-out")
    command = [sys.executable, "-m", "seawall.cli.main", "explain", "1"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert done.returncode == 0
    called = shlex.join([sys.executable, "-m", "seawall.cli.main"])
    assert done.stderr.splitlines() == [f"next: {called} explain 2 --out seawall-out"]


def test_an_old_locale_gets_stand_ins_and_no_crash(tmp_path: Path) -> None:
    written(tmp_path / "seawall-out")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = seawall("explain", "1", cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_colour_only_when_wanted(tmp_path: Path) -> None:
    written(tmp_path / "seawall-out")
    plain = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "NO_COLOR"}}
    assert "\x1b" not in seawall("explain", "1", cwd=tmp_path, env=plain).stdout
    coloured = {**plain, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[" in seawall("explain", "1", cwd=tmp_path, env=coloured).stdout
    silenced = seawall("explain", "1", cwd=tmp_path, env={**coloured, "NO_COLOR": "1"}).stdout
    assert "\x1b[3" not in silenced


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_names_rate_and_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.show_progress(quiet=False) as report:
        report("read", 0, 4_000_000, 0)
        report("read", 2_000_000, 4_000_000, 5_000)
        report("score", 3, 30, 5_000)
        report("write", 1, 1, 5_000)
    shown = stream.getvalue()
    for part in ("Reading", "Scoring", "of 30", "5,000 records"):
        assert part in shown, part


def test_progress_is_silent_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.show_progress(quiet=False) as report:
        report("read", 1, 2, 3)
    assert capsys.readouterr().err == ""


def test_doctor(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    good = (
        checks.DoctorCheck("Python", "ok", "3.11"),
        checks.DoctorCheck("Terminal", "warn", "ascii", "set PYTHONUTF8=1"),
    )
    monkeypatch.setattr(checks, "run_all", lambda _: good)
    got = run("doctor")
    assert got.code == 0
    assert "fix: set PYTHONUTF8=1" in got.out
    monkeypatch.setattr(
        checks, "run_all", lambda _: (*good, checks.DoctorCheck("Disk", "fail", "full", "free some"))
    )
    document = json.loads(run("doctor", "--json").out)
    assert document["ok"] is False
    assert run("doctor").code == 1


def test_doctor_notices_a_library_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yara_x", None)
    found = {check.name: check for check in checks.run_all(tmp_path)}
    assert found["Key search"].state == "fail"
    assert "yara_x" in found["Key search"].detail
    assert "reinstall" in found["Key search"].fix


def test_real_checks_never_raise(tmp_path: Path) -> None:
    found = {check.name: check for check in checks.run_all(tmp_path / "not" / "there")}
    loading = {"Python", "Packages", "DuckDB", "Signatures", "Key search"}
    assert set(found) == loading | {"Network table", "Ranker", "Disk", "Terminal"}
    for name in (*loading, "Disk"):
        assert found[name].state == "ok", found[name]
    assert all(check.fix for check in found.values() if check.state != "ok")


@pytest.mark.parametrize(
    ("called", "found", "shown"),
    [
        (".venv/bin/seawall", "", ".venv/bin/seawall"),
        ("a place/seawall", "", "'a place/seawall'"),
        ("here/seawall", "here", "seawall"),
        ("here/seawall", "other", "here/seawall"),  # another installation is found by the name
        ("/usr/bin/pytest", "", "seawall"),
    ],
)
def test_what_is_printed_can_be_typed(
    called: str,
    found: str,
    shown: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("here", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "seawall").write_text("")
        (tmp_path / name / "seawall").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setenv("PATH", str(tmp_path / (found or "nowhere")))
    monkeypatch.setattr(program_name, "_called", program_name._Called())
    program_name.note_program(["respond", "scan"])
    output.next_step("fill it in, then seawall respond notify draft seawall.toml")
    output.say("what seawall reads is `seawall scan`")
    assert capsys.readouterr().err.splitlines() == [
        f"next: fill it in, then {shown} respond notify draft seawall.toml",
        f"what seawall reads is `{shown} scan`",
    ]
    assert UsageError("no", fix="run `seawall scan`").fix == f"run `{shown} scan`"
    first = shlex.split(program_name.program_anywhere())[0]
    assert first == "seawall" or Path(first).is_absolute()
