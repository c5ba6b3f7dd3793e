"""Segments: files of records, complete before they get their name, so that readers of the folder see complete files only.

A segment waits in a folder beside the output until the ledger has counted it. Both folders are on one file system, so that
the rename is atomic.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seawall_base.durable_file import sync_folder
from seawall_base.errors import OutputUnwritable


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of records, one a line. `name` is its path below the output folder, with `/` as separator."""

    name: str
    records: int
    size: int
    sha256: bytes


class SegmentFolder:
    """The output folder and the folder of waiting segments. Methods raise `OutputUnwritable` if the disk fails."""

    def __init__(self, folder: Path, waiting: Path) -> None:
        self._folder, self._waiting = folder, waiting

    def write(self, name: str, lines: Sequence[bytes]) -> Segment:
        """Write a segment to the waiting folder, on disk on return."""
        data = b"\n".join(lines) + b"\n"
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self._waiting)
        except OSError as error:
            raise _unwritable(path, error) from error
        return Segment(name, len(lines), len(data), hashlib.sha256(data).digest())

    def place(self, segment: Segment) -> bool:
        """Rename a waiting segment into the output folder; return False if it is in neither folder.

        A waiting file with another size or digest is not renamed: the disk lost a part of it.
        """
        waiting, final = self._path(segment.name), self._folder / segment.name
        try:
            if not waiting.exists():
                return final.exists()
            data = waiting.read_bytes()
            if len(data) != segment.size or hashlib.sha256(data).digest() != segment.sha256:
                return False
            final.parent.mkdir(parents=True, exist_ok=True)
            waiting.rename(final)
            sync_folder(final.parent)
        except FileNotFoundError:
            # another process that shares the ledger renamed it
            return final.exists()
        except OSError as error:
            raise _unwritable(final, error) from error
        return True

    def discard(self) -> None:
        """Delete all waiting segments: their transactions were never committed, and they will be fetched again."""
        try:
            for path in self._waiting.iterdir():
                if path.suffix == ".jsonl":
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._waiting, error) from error

    def _path(self, name: str) -> Path:
        return self._waiting / name.replace("/", "~")


def _unwritable(path: Path, error: OSError) -> OutputUnwritable:
    return OutputUnwritable(
        f"{path}: cannot be written: {error.strerror or error}",
        fix="free disk space or correct the permissions; the next run fetches the missing records again",
    )
