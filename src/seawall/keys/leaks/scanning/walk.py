"""List what to search under the given paths: regular files; everything else is reported as skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seawall.keys.leaks.findings import SkippedBytes

KERNEL = frozenset({"/proc", "/sys", "/dev"})
"""Folders with views of the running system instead of files; not entered unless named."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file; `place` opens it, `path` is its name in output. Size in bytes, modification time in nanoseconds."""

    place: str
    path: str
    size: int
    changed: int
    identity: tuple[int, int]
    """Device and inode, to verify that the opened file is the same."""


def show_path(place: str) -> str:
    """Return a path as printable text; bytes that are no UTF-8 are escaped."""
    return os.fsencode(place).decode("utf-8", "backslashreplace")


def walk(paths: Sequence[str]) -> Iterator[FoundFile | SkippedBytes]:
    """Yield the files under the paths by name, entering each folder once. Links that lead out of the paths are skipped."""
    roots = [os.path.realpath(path) for path in paths]
    entered: set[tuple[int, int]] = set()
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116 - names may be no UTF-8; a link that was named is followed
        except (OSError, ValueError) as error:
            yield _unreadable(path, error)
            continue
        if stat.S_ISDIR(found.st_mode):
            yield from _folder(path, found, roots, entered)
        else:
            yield _file(path, found)


def _folder(
    top: str, found: os.stat_result, roots: list[str], entered: set[tuple[int, int]]
) -> Iterator[FoundFile | SkippedBytes]:
    waiting = [(top, found)]
    while waiting:
        place, found = waiting.pop()
        if (found.st_dev, found.st_ino) in entered:
            continue
        entered.add((found.st_dev, found.st_ino))
        try:
            with os.scandir(place) as listing:
                names = sorted(entry.name for entry in listing)
        except OSError as error:
            yield _unreadable(place, error)
            continue
        folders = []
        for name in names:
            inner = os.path.join(place, name)  # noqa: PTH118
            outcome = _look_at(inner, roots)
            if isinstance(outcome, os.stat_result):
                folders.append((inner, outcome))
            elif outcome is not None:
                yield outcome
        waiting += reversed(folders)


def _look_at(place: str, roots: list[str]) -> FoundFile | SkippedBytes | os.stat_result | None:
    """Classify a path: a file, a folder (as its status), a skipped entry, or None if it can be ignored."""
    try:
        found = os.lstat(place)
    except OSError as error:
        return _unreadable(place, error)
    if stat.S_ISLNK(found.st_mode):
        return _link(place, roots)
    if not stat.S_ISDIR(found.st_mode):
        return _file(place, found)
    if os.path.realpath(place) in KERNEL:
        return SkippedBytes(show_path(place), "the kernel's view of the machine")
    return found


def _link(place: str, roots: list[str]) -> SkippedBytes | None:
    target = os.path.realpath(place)
    is_inside = any(target == root or target.startswith(root.rstrip("/") + "/") for root in roots)
    if is_inside or not os.path.exists(target):  # noqa: PTH110
        return None
    return SkippedBytes(show_path(place), "a link that leads out of what is searched")


def _file(place: str, found: os.stat_result) -> FoundFile | SkippedBytes:
    if stat.S_ISREG(found.st_mode):
        return FoundFile(
            place, show_path(place), found.st_size, found.st_mtime_ns, (found.st_dev, found.st_ino)
        )
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device: pipe it in, with `-` as path"),
    )
    kind = next((words for is_kind, words in kinds if is_kind(found.st_mode)), "no regular file")
    return SkippedBytes(show_path(place), kind)


def _unreadable(place: str, error: OSError | ValueError) -> SkippedBytes:
    words = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "no such path"
    return SkippedBytes(show_path(place), f"cannot be read: {words}")
