"""Lock between processes with a lock file. Closing the file, or the end of the process, releases the lock.

Every lock of a file goes through `lock_descriptor`: it alone needs the module `fcntl`, which Windows lacks.
"""

from __future__ import annotations

import os
from pathlib import Path

from seawall_base.errors import SystemUnsupported
from seawall_base.operating_system import BINARY, CLOEXEC, NOFOLLOW


def lock_descriptor(descriptor: int, *, is_shared: bool = False, wait: bool = False) -> None:
    """Lock an open file for this process alone, or together with other processes that share the lock.

    Raises BlockingIOError if another process has the lock, unless `wait` is true. Raises SystemUnsupported on a system
    without file locks, and OSError.
    """
    try:
        import fcntl
    except ImportError:
        raise SystemUnsupported(
            "this operating system has no file locks of POSIX, so that two programs could write at once",
            fix="run this command on Linux; `seawall scan` runs without locks",
        ) from None
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)


class FileLock:
    """Hold an exclusive or shared lock on a file. The constructor opens the file without locking it; it raises OSError."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NOFOLLOW | CLOEXEC | BINARY, 0o600)

    def try_hold(self) -> bool:
        """Take the exclusive lock if no other process has any; return whether this succeeded. Never waits."""
        try:
            lock_descriptor(self._descriptor)
        except OSError:
            return False
        return True

    def hold(self) -> None:
        """Wait for the exclusive lock."""
        lock_descriptor(self._descriptor, wait=True)

    def share(self) -> None:
        """Wait for a shared lock, or turn the exclusive lock into a shared one."""
        lock_descriptor(self._descriptor, is_shared=True, wait=True)

    def is_linked(self, path: Path) -> bool:
        """Return whether the path still names the locked file. Raises OSError."""
        try:
            named = path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self._descriptor))

    def close(self) -> None:
        """Close the file, which releases the lock."""
        os.close(self._descriptor)
