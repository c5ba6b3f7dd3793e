"""Opens files that an operator names or a folder holds, without ever waiting for one: a pipe may block for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""A file may have been replaced by a pipe since it was looked at, which must not block."""

_WORDS = "not a regular file"


def open_regular(path: Path) -> int:
    """Return the descriptor of a regular file. Raises OSError for anything else."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if (
            error.errno == errno.ENXIO
        ):  # a socket, for which the system's words are "No such device or address"
            raise OSError(errno.EINVAL, _WORDS, str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _WORDS, str(path))
    return descriptor


def open_file(path: Path) -> BinaryIO:
    """Return a regular file, open for reading. Raises OSError for anything else."""
    return open(path, "rb", opener=lambda _, __: open_regular(path))
