"""Use what POSIX systems offer and Windows lacks, so that modules can be imported on both.

The flags for `os.open` are 0 where the system does not have them. Then links are followed, and the access rights of files
are those of their folder.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

from seawall_base.errors import SystemUnsupported

NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
NONBLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0)
DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)
CLOEXEC: Final[int] = getattr(os, "O_CLOEXEC", 0)
"""Python opens no file for child processes, so a system without this flag loses nothing."""

BINARY: Final[int] = getattr(os, "O_BINARY", 0)
"""Windows alone has this flag, and changes line ends without it."""


def require_posix(what: str) -> None:
    """Raise SystemUnsupported unless files have an owner and access rights; `what` is what cannot be protected else."""
    if not hasattr(os, "geteuid"):
        raise SystemUnsupported(
            f"{what} needs the access rights of POSIX, which this operating system lacks",
            fix="run this command on Linux; `seawall scan` runs on both",
        )


def set_mode(descriptor: int, mode: int) -> None:
    """Set the access rights of an open file, where the system has them by user. Raises OSError."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


def peak_memory() -> int | None:
    """Return the largest memory that this process has occupied, in bytes; None if the system does not tell it."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


_LARGE = 8 << 20
_KEPT_AT_END = 64 << 20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def give_back_large_memory() -> None:
    """Have the C library give memory of 8 MiB and more back to the system when it is freed, where it is glibc.

    By itself it raises that limit as large pieces are freed, and keeps them: 50 to 150 MB of a scan's peak. Once told, it would
    also give back the end of its heap at each chance and ask for it anew: half of a scan's page faults.
    """
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_AT_END)
    except (OSError, AttributeError, TypeError):
        return


def share_heaps(most: int) -> None:
    """Have the C library serve all threads from at most so many heaps, where it is glibc; by default it has 8 for each processor.

    Each heap keeps what its threads have freed.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, most)
    except (OSError, AttributeError, TypeError):
        return


def give_back_free_memory() -> None:
    """Have the C library, where it is glibc, give back to the system what lies free between pieces in use."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return
