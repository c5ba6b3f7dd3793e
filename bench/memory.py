"""Measure the memory of a process and its descendants by kind, and their processor time (Linux).

For each process, `/proc/PID/smaps_rollup` gives three sums. `rss` is resident pages, counting shared pages for each
process. `pss` divides shared pages among the processes. `anonymous` is the part of `pss` without files: only this part can
grow without end.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROLES = (("seawall.pipeline.live.parser", "readers"), ("seawall.pipeline.live.child", "watch"))
"""Role of a process by a part of its command line; other processes belong to the server."""

OTHERS = "serve"
_KINDS = {"Rss:": "rss", "Pss:": "pss", "Pss_Anon:": "anonymous"}


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory at a time: `at` in seconds, bytes over all processes by kind, and anonymous bytes by role."""

    at: float
    kinds: dict[str, int]
    roles: dict[str, int]


def family(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def measured(pid: int, at: float) -> Memory:
    """Return the memory of a process and its descendants; one that ends meanwhile is left out."""
    kinds = dict.fromkeys(_KINDS.values(), 0)
    roles: dict[str, int] = {}
    for one in family(pid):
        try:
            words = Path(f"/proc/{one}/cmdline").read_bytes().decode(errors="replace")
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
        for name, kind in _KINDS.items():
            kinds[kind] += sizes.get(name, 0)
        role = _role_of(words)
        roles[role] = roles.get(role, 0) + sizes.get("Pss_Anon:", 0)
    return Memory(at, kinds, roles)


def processor_by_role(pid: int) -> dict[str, float]:
    """Return the processor time of a process and its living descendants, in seconds, by role."""
    found: dict[str, float] = {}
    for one in family(pid):
        try:
            words = Path(f"/proc/{one}/cmdline").read_bytes().decode(errors="replace")
            parts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        role = _role_of(words)
        seconds = (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
        found[role] = found.get(role, 0.0) + seconds
    return found


def _role_of(words: str) -> str:
    return next((role for text, role in ROLES if text in words), OTHERS)


def told(samples: Sequence[Memory], parts: int = 6) -> str:
    """Return lines of text with the median of each kind, and of each role's anonymous memory, for each part of the time."""
    if not samples:
        return "memory: not measured"
    whole = {
        "resident, shared pages counted in each process": [one.kinds["rss"] for one in samples],
        "shared pages counted once": [one.kinds["pss"] for one in samples],
        "of it anonymous": [one.kinds["anonymous"] for one in samples],
    }
    names = sorted({name for one in samples for name in one.roles})
    whole |= {f"anonymous in {name}": [one.roles.get(name, 0) for one in samples] for name in names}
    lines = [f"  {name:50} {_curve(sizes, parts)}" for name, sizes in whole.items()]
    return "\n".join([f"memory in MiB, medians of {parts} parts of the time, and the most:", *lines])


def _curve(sizes: Sequence[int], parts: int) -> str:
    cuts = [sizes[len(sizes) * at // parts : len(sizes) * (at + 1) // parts] for at in range(parts)]
    curve = ", ".join(f"{statistics.median(part) / 2**20:,.0f}" for part in cuts if part)
    return f"{curve}; {max(sizes) / 2**20:,.0f}"
