"""Writes a file whole or not at all, on the disk when it returns, for its owner alone: what Seawall writes names accounts."""

from __future__ import annotations

import os
from pathlib import Path

from seawall.errors import OutputUnwritable


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
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputUnwritable(f"{path}: {error.strerror or error}", fix=fix) from error
