"""The organisation of `seawall demo`, as the command makes and scans it: a dozen seconds, so that all tests share one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.once import make_once

OUT = "demo"


@dataclass(frozen=True)
class Demo:
    """What `seawall demo --out demo` left behind, made under a umask that forbids nobody anything."""

    out: Path
    printed: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's folder, which nobody may change, and what was printed."""

    def make(place: Path) -> None:
        done = subprocess.run(
            ["seawall", "demo", "--out", OUT],
            cwd=place,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            check=False,
            encoding="utf-8",
            umask=0,
        )
        assert done.returncode == 0, done.stderr
        (place / "printed").write_text(done.stdout + done.stderr, encoding="utf-8")

    place = make_once(tmp_path_factory, "demo", make)
    return Demo(place / OUT, (place / "printed").read_text(encoding="utf-8"))
