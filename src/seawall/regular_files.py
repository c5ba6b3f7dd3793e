"""Opens files that an operator names or a folder holds, without ever waiting for one: a pipe may block for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""A file may have been replaced by a pipe since it was looked at, which must not block."""


def open_regular(path: Path) -> int:
    """Return the descriptor of a regular file. Raises OSError for anything else."""
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def open_file(path: Path) -> BinaryIO:
    """Return a regular file, open for reading. Raises OSError for anything else."""
    return open(path, "rb", opener=lambda _, __: open_regular(path))
