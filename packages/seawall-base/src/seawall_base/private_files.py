"""Create folders and files that only their owner can read, whatever the umask: they hold whole log records."""

from __future__ import annotations

import os
from pathlib import Path

from seawall_base.errors import OutputUnwritable
from seawall_base.operating_system import BINARY, CLOEXEC, NOFOLLOW, NONBLOCK, set_mode

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | CLOEXEC | NOFOLLOW | NONBLOCK | BINARY


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents with mode 0700; an existing folder keeps its mode. Raises OutputUnwritable."""
    missing: list[Path] = []
    try:
        for place in (folder, *folder.parents):
            if place.exists():
                break
            missing.insert(0, place)
        for place in missing:
            place.mkdir(mode=FOLDER_MODE, exist_ok=True)
        reason = "" if folder.is_dir() else "not a folder"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise OutputUnwritable(
            f"cannot write into {folder}: {reason}", fix="choose another folder with --out"
        )


def open_for_writing(path: Path) -> int:
    """Truncate or create a file with mode 0600, and return its descriptor, for `os.fdopen`.

    Symbolic links are not followed, and a pipe is refused without waiting. Raises OutputUnwritable.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, _FLAGS, FILE_MODE)
        set_mode(descriptor, FILE_MODE)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise OutputUnwritable(
            f"cannot write {path}: {error.strerror or error}",
            fix="remove the existing file, or choose another folder",
        ) from error
    return descriptor


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 with mode 0600; lone surrogates become `?`. Raises OutputUnwritable, OSError."""
    with os.fdopen(open_for_writing(path), "w", encoding="utf-8", errors="replace") as target:
        target.write(text)


def create_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 into a new file with mode 0600. Raises FileExistsError if anything is there, and OutputUnwritable."""
    try:
        descriptor = os.open(path, _FLAGS & ~os.O_TRUNC | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        raise
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write {path}: {error.strerror or error}",
            fix="choose a folder that exists and may be written",
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        set_mode(target.fileno(), FILE_MODE)
        target.write(text)
