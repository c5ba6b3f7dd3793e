"""Where tests put their files: in memory, where there is room for them.

The product syncs what it keeps to the disk at every step. On a disk each of that takes milliseconds, and tests do it some hundred
thousand times; what they prove of processes that are killed is the same in memory, which outlives a process as a disk does.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 3 << 30


def room_in_memory() -> None:
    """Put temporary files into memory, unless somebody said where they belong (TMPDIR) or there is no room."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(_SHARED_MEMORY)
        tempfile.tempdir = None


def _has_room() -> bool:
    try:
        found = os.statvfs(_SHARED_MEMORY)
        available = _available_bytes(Path("/proc/meminfo").read_text("ascii"))
    except OSError:
        return False
    is_usable = os.access(_SHARED_MEMORY, os.W_OK) and not found.f_flag & os.ST_NOEXEC
    return is_usable and min(found.f_bavail * found.f_frsize, available) >= _ROOM_BYTES


def _available_bytes(meminfo: str) -> int:
    """What `MemAvailable` says, 0 without it."""
    for line in meminfo.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return 0
