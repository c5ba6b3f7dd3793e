"""Read a hostile file in a process of its own, and measure what it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

_PROGRAM: Final = """
import sys
from pathlib import Path
from seawall.events.formats.containers import open_members
from seawall.events.formats.limits import Limits
from seawall.events.problem import Problem
size, problems = 0, []
with open(sys.argv[1], "rb") as raw:
    for found in open_members(raw, "a", Limits()):
        if isinstance(found, Problem):
            problems.append(found.code)
            continue
        while data := found.stream.read(1 << 20):
            size += len(data)
        if found.stream.problem is not None:
            problems.append(found.stream.problem.code)
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(size, peak, *problems)
"""


def measure_bomb(path: Path) -> tuple[int, int, list[str]]:
    """The bytes that a file expands to, the peak of memory in MiB, and the codes of problems."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(path)], capture_output=True, text=True, check=True
    )
    size, peak, *problems = done.stdout.split()
    return int(size), int(peak), problems
