"""Lock between processes with a lock file. Closing the file, or the end of the process, releases the lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """Hold an exclusive or shared lock on a file. The constructor opens the file without locking it; it raises OSError."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def try_hold(self) -> bool:
        """Take the exclusive lock if no other process has any; return whether this succeeded. Never waits."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def hold(self) -> None:
        """Wait for the exclusive lock."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def share(self) -> None:
        """Wait for a shared lock, or turn the exclusive lock into a shared one."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Close the file, which releases the lock."""
        os.close(self._descriptor)
