"""A real disk that takes no more for a while: it is said, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pipeline.live.stored import Stored, stored

ROOT = Path(__file__).parents[3]


def test_files_that_may_not_grow(logs: Path, expected: Stored, tmp_path: Path) -> None:
    store = tmp_path / "store"
    command = [sys.executable, "-m", "tests.pipeline.live.filling", str(logs), str(store)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr
    assert any("cannot be" in line for line in ended.stdout.splitlines()), ended.stdout
    assert stored(store) == expected
