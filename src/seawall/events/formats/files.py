"""Find the files under the given paths. Each link target is visited once; a bad path becomes a problem."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem


def walk(paths: Sequence[Path]) -> Iterator[Path | Problem]:
    """Yield every regular file once, in a stable order, and a problem for everything unreadable."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        yield from _walk_one(Path(path), seen)


def total_bytes(paths: Sequence[Path]) -> int:
    """Return the size in bytes of all files under the paths, for progress. Unreadable files count 0."""
    total = 0
    for found in walk(paths):
        if isinstance(found, Path):
            try:
                total += found.stat().st_size
            except OSError:
                continue
    return total


def _walk_one(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Problem]:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        yield file_problem(name_of(path), "unreadable", _reason(error))
        return
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    if stat.S_ISREG(status.st_mode):
        yield path
    elif stat.S_ISDIR(status.st_mode):
        try:
            names = sorted(entry.name for entry in os.scandir(path))
        except OSError as error:
            yield file_problem(name_of(path), "unreadable", _reason(error))
            return
        for name in names:
            if name not in (".git", ".DS_Store"):
                yield from _walk_one(path / name, seen)
    else:
        # A pipe, socket or device could block for ever.
        yield file_problem(name_of(path), "not-a-log", "neither a file nor a folder")


def name_of(path: Path) -> str:
    """Return the path as valid text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
