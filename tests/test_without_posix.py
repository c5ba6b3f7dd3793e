"""`seawall scan` runs where Python has only what it has on Windows.

This is no run on Windows: the modules and functions that Windows lacks are taken away, its own ways are not there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.detection.rules.vendor_records import WHERE, m365

MODULES = ("resource", "fcntl", "pwd", "grp", "termios")
FUNCTIONS = (
    "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "fchmod", "fchown", "chown", "pread", "getuid", "geteuid", "getgid",
    "getegid", "getpgid", "killpg", "setsid", "fork", "sched_getaffinity", "mkfifo",
)  # fmt: skip
SIGNALS = ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE", "SIGQUIT", "SIGWINCH")

PROGRAM = f"""
import importlib, os, pkgutil, signal, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {MODULES!r}:
            raise ImportError(f"no module {{name}}", name=name)

sys.meta_path.insert(0, Absent())
for name in {MODULES!r}:
    sys.modules.pop(name, None)
for module, names in ((os, {FUNCTIONS!r}), (signal, {SIGNALS!r})):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
import seawall.cli
for module in pkgutil.walk_packages(seawall.cli.__path__, "seawall.cli."):
    importlib.import_module(module.name)
from seawall.cli.main import main
sys.exit(main())
"""


def run_without_posix(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Import every module of the command line, then run a command, in a process without the names of POSIX."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    records = [m365("New-InboxRule", "Exchange", 1, Id=f"rule-{number}") for number in range(3)]
    (place / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return place


def test_a_scan_runs_to_its_end(logs: Path) -> None:
    done = run_without_posix(logs.parent, "scan", "logs", "--out", "out")
    assert done.returncode == 0, done.stderr
    summary = json.loads((logs.parent / "out" / "summary.json").read_text("utf-8"))
    assert (summary["records"], summary["events"], summary["problems"]) == (3, 3, 0)
    assert summary["peak_memory_bytes"] is None
    for command in (
        ("explain", "1", "--out", "out"),
        ("respond", "plan", "--incident", "1", "--out", "out"),
        ("scope", "logs", "--address", WHERE, "--out", "scope"),
    ):
        done = run_without_posix(logs.parent, *command)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_its_incidents_are_those_of_other_systems(logs: Path) -> None:
    done = run_without_posix(logs.parent, "scan", "logs", "--out", "without")
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [sys.executable, "-m", "seawall.cli.main", "scan", "logs", "--out", "with"],
        cwd=logs.parent,
        capture_output=True,
        timeout=300,
        check=True,
    )
    found = (logs.parent / "without" / "incidents.jsonl").read_bytes()
    assert found == (logs.parent / "with" / "incidents.jsonl").read_bytes() != b""
    usual = json.loads((logs.parent / "with" / "summary.json").read_text("utf-8"))
    assert usual["peak_memory_bytes"] > 1_000_000


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("watch logs --once --store kept", "the data store"),
        ("step-up create --store kept", "kept"),
        ("keys audit keys.json --store kept", "kept"),
        (
            "token revoke --store kept --create-store --issuer https://a.example --token-id t --reason r",
            "the name of",
        ),
    ],
)
def test_what_needs_posix_is_refused_with_the_reason(logs: Path, command: str, what: str) -> None:
    (logs.parent / "keys.json").write_text('{"keys": []}', "utf-8")
    done = run_without_posix(logs.parent, *command.split())
    assert done.returncode == 1
    assert what in done.stderr
    assert "needs the access rights of POSIX, which this operating system lacks" in done.stderr
    assert not (logs.parent / "kept").exists()
