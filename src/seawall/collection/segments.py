"""Files of records, each written in full before it has its name: whoever follows the folder sees whole files only.

A segment lies in a waiting place beside the folder until the ledger has it, because a name in the folder is a promise that
what is in it is counted. Both lie in one file system, or no name could be given in one step.
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
    """A file of records, one a line. `name` is its path below the folder, with `/` between parts."""

    name: str
    records: int
    size: int
    sha256: bytes


class Segments:
    """The folder that is followed and the place where segments wait. Raises OutputUnwritable when the disk does not take
    them."""

    def __init__(self, folder: Path, waiting: Path) -> None:
        self._folder, self._waiting = folder, waiting

    def write(self, name: str, lines: Sequence[bytes]) -> Segment:
        """Write a segment to the waiting place, and to the disk itself."""
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
        """Give a waiting segment its name; false when it neither waits nor is there.

        One that waits but is not what was written is not placed either: the disk lost a part of it.
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
            # Another process that shares this ledger was quicker.
            return final.exists()
        except OSError as error:
            raise _unwritable(final, error) from error
        return True

    def discard(self) -> None:
        """Remove what still waits: a transaction that never ended left it, and it will be fetched again."""
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
        fix="free space or correct its permissions; what was not written is fetched again",
    )
