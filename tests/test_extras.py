"""What an installation without extras brings is enough for a scan and the questions after it; other verbs name their extra."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from seawall.cli.extras import BROUGHT_BY, NEEDED_BY
from tests.installation import (
    BASE,
    ROOT,
    TOKENS,
    closure,
    copy_distribution,
    declared,
    disk_size,
    make_environment,
    wheel_of,
)

pytestmark = pytest.mark.slow
LARGEST = 406 * 2**20
"""Bytes that an installation without extras may take on disk."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an installation without extras: what is declared and what that brings, and nothing else."""
    place = tmp_path_factory.mktemp("core")
    (place / "wheels").mkdir()
    wheels = [
        Path(shutil.copy(wheel_of(source, tmp_path_factory), place / "wheels"))
        for source in (BASE, ROOT, TOKENS)
    ]
    found = make_environment(wheels[:2], place / "env")
    for name in closure([*declared(ROOT), *declared(BASE)]):
        copy_distribution(name, found)
    return found


@pytest.fixture(scope="module")
def types(
    packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Types a command of that installation."""
    folder = tmp_path_factory.mktemp("work")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SEAWALL"))}

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [packages.parents[2] / "bin" / "seawall", *map(str, words)],
            cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    made = call(
        "lab",
        "make",
        "--out",
        "world",
        "--seed",
        5,
        "--accounts",
        20,
        "--days",
        12,
        "--attacks",
        2,
        "--density",
        0.4,
    )
    assert made.returncode == 0, made.stderr
    scanned = call("scan", "world/logs", "--out", "out")
    assert scanned.returncode == 0, scanned.stderr
    return call


@pytest.mark.parametrize(
    "words",
    [("explain", 1, "--out", "out"), ("scope", "out", "--incident", 1), ("respond", "plan", 1, "--out", "out"),
     ("rules", "list"), ("assurance", "world/logs"), ("demo", "--help"),
     ("respond", "export", 1, "--out", "out", "--form", "stix")],
    ids=lambda words: " ".join(map(str, words[:2])),
)  # fmt: skip
def test_a_scan_and_the_questions_after_it_need_no_extra(
    types: Callable[..., subprocess.CompletedProcess[str]], words: tuple[object, ...]
) -> None:
    done = types(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    ("words", "extra"),
    [(("serve", "world/logs", "--store", "s"), "console"), (("watch", "world/logs", "--store", "s", "--once"), "store"),
     (("mcp", "--out", "out"), "mcp"),
     (("keys", "scan", "world"), "keys"), (("token", "check", "a.b.c", "--policy", "p.toml"), "gate"),
     (("gate", "--policy", "p.toml"), "gate"), (("respond", "plan", 1, "--store", "s"), "store")],
    ids=lambda value: value if isinstance(value, str) else value[0],
)  # fmt: skip
def test_other_verbs_name_the_extra_to_install(
    types: Callable[..., subprocess.CompletedProcess[str]], words: tuple[object, ...], extra: str
) -> None:
    done = types(*words)
    assert done.returncode == 1
    assert "unexpected" not in done.stderr
    (fix,) = [line for line in done.stderr.splitlines() if line.startswith("  fix: ")]
    python, *options = shlex.split(fix.removeprefix("  fix: "))
    assert options[:3] == ["-m", "pip", "install"]
    assert options[-1].endswith(f"[{extra}]")
    assert all(
        Path(word.partition("[")[0]).exists() for word in options[3:]
    )  # and nothing that an index would have to bring
    pip = [sys.executable, "-m", "pip", "--python", python]
    tried = subprocess.run(
        [*pip, *options[2:], "--dry-run", "--no-deps", "--no-index"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr


def test_what_is_not_installed_is_no_fault(types: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = types("doctor", "--json")
    assert done.returncode == 0, done.stdout
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert {name for name, one in checks.items() if one["state"] == "absent"} == {"Signatures", "Key search"}
    assert "needs [keys]" in checks["Key search"]["detail"]
    assert all(one["state"] in {"ok", "warn", "absent"} for one in checks.values())


def test_it_is_small(packages: Path) -> None:
    size = disk_size(packages)
    print(f"{size / 2**20:.0f} MB")
    assert size < LARGEST


def test_every_extra_that_is_named_is_declared() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {*BROUGHT_BY, *NEEDED_BY.values()} <= set(extras)
