"""Recognise that a disk is full, however the libraries that write say so, and tell how much room it has."""

from __future__ import annotations

import errno
import math
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_POSTGRESQL = "53100"
_WORDS = os.strerror(errno.ENOSPC)


def is_full_disk(error: BaseException) -> bool:
    """Return whether an error, or one that caused it, is that of a full disk or an exhausted quota.

    SQLite and PostgreSQL have codes of their own; DuckDB and Arrow quote the words of the system.
    """
    return any(map(_is_full, _list_causes(error)))


def describe_room(folder: Path) -> str:
    """Return how much of the disk of a folder is free, in words, which may be unknown. The folder need not exist."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return f"{describe_size(shutil.disk_usage(place).free)} are free on the disk of {folder}"
    except OSError:
        return f"how much is free on the disk of {folder} is unknown"


def describe_size(size: float) -> str:
    """Return a number of bytes in words: `1.4 GB`, `23 MB`, at least `1 kB` unless it is 0."""
    for unit, name in ((1e12, "TB"), (1e9, "GB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{math.ceil(size / 1e3):,} kB"


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    seen = set[int]()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [cause for cause in (one.__cause__, one.__context__, getattr(one, "orig", None)) if cause]


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == _POSTGRESQL or _WORDS in str(error)
