"""Open files without ever blocking: a pipe in place of a file could block for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from seawall_base.operating_system import BINARY, CLOEXEC, NONBLOCK

_FLAGS = os.O_RDONLY | CLOEXEC | NONBLOCK | BINARY
"""Without blocking, because a pipe may have replaced the file since it was checked."""

_WORDS = "not a regular file"


def open_regular(path: Path) -> int:
    """Return the descriptor of a regular file. Raises OSError for anything else."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket: the system's text "No such device or address" misleads
            raise OSError(errno.EINVAL, _WORDS, str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _WORDS, str(path))
    return descriptor


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError for anything else."""
    return open(path, "rb", opener=lambda _, __: open_regular(path))
