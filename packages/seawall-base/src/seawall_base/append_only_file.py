"""A file that only grows, a line at a time: held against every other writer, each line on the disk when `append` returns.

A crash leaves at most a last line that is cut off. What it would have announced did not happen, if nothing happens before its
line is on the disk: the next writer cuts it off and says so in a line of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Final, Self

from seawall_base.durable_file import sync_folder

LARGEST: Final = 256 * 1024 * 1024
_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class AppendOnlyFile:
    """An open file of lines. Every method raises OSError, whose `strerror` says why."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_whole = True

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file for reading. Raises FileNotFoundError where there is none."""
        return cls(_regular(os.open(path, os.O_RDONLY | _FLAGS)))

    @classmethod
    def hold(cls, path: Path) -> Self:
        """Open a file for its only writer, and make it where there is none. Raises BlockingIOError where another holds it."""
        descriptor = _regular(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS, 0o600))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sync_folder(path.parent)
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    @property
    def is_private(self) -> bool:
        """Whether the file belongs to this user, and nobody else may read or change it."""
        about = os.fstat(self._descriptor)
        return about.st_uid == os.getuid() and not stat.S_IMODE(about.st_mode) & 0o077

    def read(self) -> tuple[bytes, bytes]:
        """Return the whole lines, and what a crash left of one more."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST:,} bytes")
        end = content.rfind(b"\n") + 1
        return content[:end], content[end:]

    def cut(self, size: int) -> None:
        """Cut off what lies behind `size` bytes."""
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    def append(self, line: bytes) -> None:
        """Add a line with its end. Where that fails nothing is taken any more: it would be one with what was written of this."""
        if not self._is_whole:
            raise OSError(errno.EIO, "the last line was not written whole")
        self._is_whole = False
        _write_all(self._descriptor, line)
        os.fsync(self._descriptor)
        self._is_whole = True

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _regular(descriptor: int) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
