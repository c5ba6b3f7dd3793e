"""Write a file completely or not at all, flushed to the disk and readable by its owner alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from seawall_base.errors import OutputUnwritable
from seawall_base.operating_system import BINARY, DIRECTORY, NOFOLLOW, set_mode


def write_whole(path: Path, content: bytes, *, fix: str) -> None:
    """Replace the content of `path` atomically, with mode 0600. Raises OutputUnwritable, and then the old content stays.

    Symbolic links are not followed. `fix` is the advice that the error carries.
    """
    if not path.name:
        raise OutputUnwritable(f"{path}: is a folder", fix=fix)
    part = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NOFOLLOW | BINARY, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            set_mode(target.fileno(), 0o600)
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputUnwritable(f"{path}: {error.strerror or error}", fix=fix) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a new or renamed file survives a crash. Raises OSError.

    Windows opens no folders, and gives no such promise.
    """
    if not DIRECTORY:
        return
    descriptor = os.open(folder, os.O_RDONLY | DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
