"""Compiled code on disk: used where only we can write, never trusted elsewhere, and no search fails for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from seawall_base.compiled import try_out
from small import double
seen = []
try_out(lambda: seen.append(double(21)))
print(seen[-1], sum(double.stats.cache_hits.values()))
"""
SMALL = """
from seawall_base.compiled import compile_kernel

@compile_kernel
def double(number):
    return 2 * number
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    (folder / "small.py").write_text(SMALL)
    return folder


@pytest.fixture(scope="module")
def kept(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled code that a first run kept."""
    folder = tmp_path_factory.mktemp("kept")
    folder.chmod(0o700)
    assert run(code, folder) == ["42", "0"]
    assert files(folder)
    return folder


@pytest.fixture
def cache(kept: Path, tmp_path: Path) -> Path:
    """A copy of the compiled code for one test to damage."""
    return Path(shutil.copytree(kept, tmp_path / "cache"))


def run(code: Path, cache: Path) -> list[str]:
    """What the program prints: the result, and how often code came from disk."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(code)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=code)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_code_is_kept_in_a_folder_of_ours_and_read_back(code: Path, cache: Path) -> None:
    assert run(code, cache) == ["42", "1"]


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x80\x04\x95"])
def test_broken_files_are_passed_over(code: Path, cache: Path, damage: bytes) -> None:
    for path in files(cache):
        path.write_bytes(damage)
    assert run(code, cache)[0] == "42"


def test_a_folder_that_others_may_write_to_is_not_used(code: Path, tmp_path: Path) -> None:
    cache = tmp_path / "shared"
    cache.mkdir()
    cache.chmod(0o777)
    assert run(code, cache) == ["42", "0"]
    assert files(cache) == []


def test_a_folder_that_cannot_be_made_is_done_without(code: Path) -> None:
    assert run(code, Path("/proc/nowhere/cache")) == ["42", "0"]


def test_help_does_not_wait_for_the_compiler() -> None:
    program = "import seawall.cli.main, sys; print(sorted({'numba', 'llvmlite', 'numpy', 'yara_x'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
