"""Writes a file whole or not at all, on the disk when it returns, for its owner alone: what Seawall writes names accounts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from seawall_base.errors import OutputUnwritable


def write_whole(path: Path, content: bytes, *, fix: str) -> None:
    """Write `content` to `path`; what was there stays if that fails, and links are not followed. Raises OutputUnwritable."""
    if not path.name:
        raise OutputUnwritable(f"{path}: is a folder", fix=fix)
    part = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            os.fchmod(target.fileno(), 0o600)
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
    """Have the names in a folder on the disk: a file that was given its name is there after a crash too. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
