"""The file of a store: made for one user alone, and refused when it lies open to others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from seawall_base.errors import StoreBroken

MODE = 0o600


def create(path: Path) -> None:
    """Make an empty file that only this user can read or change; an existing one is `StoreBroken`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, MODE))
    except FileExistsError as error:
        raise StoreBroken(
            f"{path}: there is a file already", fix="open it instead, or choose another path"
        ) from error
    except OSError as error:
        raise StoreBroken(
            f"{path}: {error.strerror}", fix="is the folder there, and open to this user?"
        ) from error
    check(path)


def check(path: Path) -> None:
    """Raise `StoreBroken` unless this is a regular file that others can neither read, change nor replace."""
    try:
        own, folder = path.lstat(), path.absolute().parent.stat()
    except OSError as error:
        raise StoreBroken(f"{path}: {error.strerror}", fix="check the path, or make the store") from error
    if not stat.S_ISREG(own.st_mode):
        raise StoreBroken(f"{path}: no regular file", fix="name the file itself, not a link to it")
    if own.st_mode & 0o077:
        raise StoreBroken(f"{path}: others may read or change it", fix=f"chmod 600 {path}")
    if os.geteuid() not in (0, own.st_uid):
        raise StoreBroken(f"{path}: it belongs to another user", fix="run as the user that owns it")
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        raise StoreBroken(f"{path}: anybody may replace it", fix=f"chmod o-w {path.absolute().parent}")


def place(path: Path) -> tuple[int, int]:
    """Which file is there now: device and number. A missing one is `StoreBroken`."""
    try:
        found = path.lstat()
    except OSError as error:
        raise StoreBroken(f"{path}: {error.strerror}", fix="restore the store") from error
    return (found.st_dev, found.st_ino)
