"""Search one file or a range of it. Files are read, not memory-mapped, because they may shrink meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from seawall.keys.leaks.findings import SearchTotals, SkippedBytes
from seawall.keys.leaks.key_formats.family import AHEAD, BEFORE
from seawall.keys.leaks.scanning import archives
from seawall.keys.leaks.scanning.byte_source import PIECE, ByteSource, ReadBudget
from seawall.keys.leaks.scanning.search import BufferWindow
from seawall.keys.leaks.scanning.stream_search import WINDOW, LeakSearchEngine, StreamSearch
from seawall.keys.leaks.scanning.walk import FoundFile

_SEEK_DATA = getattr(os, "SEEK_DATA", None)


@dataclass(frozen=True, slots=True)
class FileRange:
    """A file, or the bytes `start`..`end` of a large one that is no archive."""

    entry: FoundFile
    start: int = 0
    end: int | None = None

    @property
    def size(self) -> int:
        """Return the bytes, as far as known before reading."""
        return (self.entry.size if self.end is None else self.end) - self.start


@contextmanager
def open_range(entry: FoundFile) -> Iterator[int]:
    """Open a file for reading, without waiting for a writer of a pipe.

    Raises `OSError` if the path now names another file or a link.
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    descriptor = os.open(entry.place, flags)
    try:
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != entry.identity:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        yield descriptor
    finally:
        os.close(descriptor)


def is_divisible(entry: FoundFile) -> bool:
    """Return whether ranges of the file may be searched separately: it is no archive and is readable."""
    try:
        with open_range(entry) as descriptor:
            head = os.pread(descriptor, 512, 0)
    except OSError:
        return False
    return not (archives.recognise(head) or archives.compression(head) or archives.name_unsupported(head))


def search(stretch: FileRange, engine: LeakSearchEngine) -> SearchTotals:
    """Search a file. Unreadable or changed parts are recorded in the totals. Never raises for content."""
    entry = stretch.entry
    found = StreamSearch(engine, entry.path)
    found.account.files = 1 if stretch.start == 0 else 0
    try:
        with open_range(entry) as descriptor:
            whole = stretch.end is None
            if whole and not is_divisible(entry):
                _stream(descriptor, found, entry)
            else:
                _stretch(descriptor, found, stretch)
            _is_changed(descriptor, found, stretch)
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else type(error).__name__
        left = max(0, stretch.size - found.account.bytes_scanned)
        found.skip(entry.path, f"cannot be read: {words}", left)
    return found.account


def _stream(descriptor: int, found: StreamSearch, entry: FoundFile) -> None:
    supply = ByteSource(_pieces(descriptor, 0, PIECE, found.budget))
    found.search(supply, entry.path)


def _pieces(descriptor: int, position: int, size: int, budget: ReadBudget | None = None) -> Iterator[bytes]:
    while data := os.pread(descriptor, size, position):
        position += len(data)
        if budget is not None:
            budget.read(len(data))
        yield data


def _stretch(descriptor: int, found: StreamSearch, stretch: FileRange) -> None:
    end = stretch.end if stretch.end is not None else max(stretch.entry.size, 1 << 62)
    position = stretch.start
    while position < end:
        data_at = _next_data(descriptor, position)
        if data_at > position:  # a hole in a sparse file: it takes no room and contains no key
            limit = min(end, os.fstat(descriptor).st_size)
            found.account.bytes_scanned += max(0, min(data_at, limit) - position)
            position = data_at
            continue
        stop = min(position + WINDOW, end)
        first = max(0, position - BEFORE)
        data = _read(descriptor, first, stop + AHEAD - first)
        here = position - first
        size = min(stop - position, len(data) - here)
        if size <= 0:
            break
        if _is_empty(data):
            found.account.bytes_scanned += size
        else:
            window = BufferWindow(data, here, here + size, position)
            found.window(window, stretch.entry.path, _rest(descriptor, first + len(data)))
        position += size


def _next_data(descriptor: int, position: int) -> int:
    """Return the offset of the next byte outside a hole, or `position` if the system cannot tell."""
    if _SEEK_DATA is None:
        return position
    try:
        return os.lseek(descriptor, position, _SEEK_DATA)
    except OSError as error:
        return 1 << 62 if error.errno == errno.ENXIO else position  # only a hole remains


def _read(descriptor: int, position: int, size: int) -> bytes:
    """Read `size` bytes, fewer at the end of the file."""
    data = os.pread(descriptor, size, position)
    while len(data) < size and (more := os.pread(descriptor, size - len(data), position + len(data))):
        data += more
    return data


def _is_empty(data: bytes) -> bool:
    return not any(data[:256]) and not np.frombuffer(data, np.uint8).any()


def _rest(descriptor: int, position: int) -> Callable[[int], Iterator[bytes]]:
    return lambda size: _pieces(descriptor, position, size)


def _is_changed(descriptor: int, found: StreamSearch, stretch: FileRange) -> None:
    """Record the file as skipped if it changed since it was found."""
    now, entry = os.fstat(descriptor), stretch.entry
    is_last = stretch.end is None or stretch.end >= entry.size
    if now.st_size < entry.size and stretch.start + stretch.size > now.st_size:
        lost = stretch.start + stretch.size - max(now.st_size, stretch.start)
        found.skip(entry.path, "shrank while it was searched", lost)
    elif now.st_size > entry.size and is_last and stretch.end is not None:
        found.skip(entry.path, "grew while it was searched", now.st_size - entry.size)
    elif now.st_mtime_ns != entry.changed and is_last:
        found.skip(entry.path, "changed while it was searched", 0)


def describe_failure(stretch: FileRange, error: BaseException) -> SearchTotals:
    """Return the totals of a file whose search failed: all of it counts as skipped."""
    reason = f"the search of it failed ({type(error).__name__})"
    return SearchTotals(skipped=[SkippedBytes(stretch.entry.path, reason, stretch.size)], files=1)
