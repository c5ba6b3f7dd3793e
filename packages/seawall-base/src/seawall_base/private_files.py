"""Folders and files that hold whole records: their owner alone may read them, whatever the umask."""

from __future__ import annotations

import os
from pathlib import Path

from seawall_base.errors import OutputUnwritable

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for their owner alone; one that is there keeps its mode. Raises OutputUnwritable."""
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
    """Return the descriptor of an empty file for its owner alone, for `os.fdopen`. What was there is emptied.

    Links are not followed, and nothing waits for a pipe. Raises OutputUnwritable.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, _FLAGS, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise OutputUnwritable(
            f"cannot write {path}: {error.strerror or error}",
            fix="remove what is there, or choose another folder",
        ) from error
    return descriptor


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 for its owner alone; halves of surrogate pairs become `?`. Raises OutputUnwritable, OSError."""
    with os.fdopen(open_for_writing(path), "w", encoding="utf-8", errors="replace") as target:
        target.write(text)
