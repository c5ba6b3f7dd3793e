"""Locks between processes: a file beside what they guard. Closing it gives the lock back, and so does a crash."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FileLock:
    """An open lock file, made for its owner alone; nothing is held yet. Raises OSError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def try_hold(self) -> bool:
        """Hold the lock alone if nobody else holds it; return whether it is held."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def hold(self) -> None:
        """Wait until nobody else holds the lock, then hold it alone."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def share(self) -> None:
        """Wait until nobody holds the lock alone, then hold it with others. What was held alone is shared from now on."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)
