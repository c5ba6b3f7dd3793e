"""Append lines to a file that one writer locks; `append` returns when the line is on the disk.

A crash may leave a last line that is cut off. The next writer truncates the file there, and records that in a line of its
own. So a caller writes the line first and acts afterwards: then every action has its line.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final, Self

from seawall_base.durable_file import sync_folder
from seawall_base.errors import SystemUnsupported
from seawall_base.file_lock import lock_descriptor
from seawall_base.operating_system import BINARY, CLOEXEC, NOFOLLOW, NONBLOCK

LARGEST: Final = 256 * 1024 * 1024
_FLAGS: Final = NOFOLLOW | CLOEXEC | NONBLOCK | BINARY


class AppendOnlyFile:
    """Append lines to a file, and read them. Every method raises OSError, whose `strerror` says why."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_whole = True

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing file for reading. Raises FileNotFoundError if it does not exist."""
        return cls(_regular(os.open(path, os.O_RDONLY | _FLAGS)))

    @classmethod
    def hold(cls, path: Path) -> Self:
        """Lock the file for its only writer; create it if it is missing.

        Raises BlockingIOError if another process holds the lock, and SystemUnsupported on a system without file locks.
        """
        descriptor = _regular(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _FLAGS, 0o600))
        try:
            lock_descriptor(descriptor)
            sync_folder(path.parent)
        except (OSError, SystemUnsupported):
            os.close(descriptor)
            raise
        return cls(descriptor)

    @property
    def is_private(self) -> bool:
        """Return whether the file belongs to this user, and no other user may read or change it."""
        about = os.fstat(self._descriptor)
        return about.st_uid == os.getuid() and not stat.S_IMODE(about.st_mode) & 0o077

    def read(self) -> tuple[bytes, bytes]:
        """Return the complete lines as bytes, then the incomplete last line that a crash left (usually empty)."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST:,} bytes")
        end = content.rfind(b"\n") + 1
        return content[:end], content[end:]

    def cut(self, size: int) -> None:
        """Truncate the file to `size` bytes."""
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)

    def append(self, line: bytes) -> None:
        """Append a line, which includes its line feed.

        After a failed write, refuse every further line: it would continue the broken one.
        """
        if not self._is_whole:
            raise OSError(errno.EIO, "the last line was not written whole")
        self._is_whole = False
        _write_all(self._descriptor, line)
        os.fsync(self._descriptor)
        self._is_whole = True

    def close(self) -> None:
        """Close the file, which releases the lock."""
        os.close(self._descriptor)


def _regular(descriptor: int) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
