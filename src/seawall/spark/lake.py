"""The lake of a scan on Spark: what was read and scored, run after run. What a run wrote counts once its document is there.

A run that is stopped leaves files without a document; they are never read, and the next run writes over them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from seawall_base import private_files
from seawall_base.errors import DatabaseInUse, InputUnreadable, UsageError
from seawall_base.file_lock import FileLock

LAKE, TABLES = "lake", "tables"
"""Folders of the lake and of the tables within the folder of results."""

VERSION: Final = 1
_ABOUT = "lake.json"
_FIX = "scan into another folder, or remove this one"


class ReadFile(msgspec.Struct, frozen=True, order=True):
    """A file that was read: name, size in bytes, and time of its last change in nanoseconds."""

    name: str
    size: int
    changed: int


class RunDocument(msgspec.Struct, frozen=True):
    """What a complete run leaves: its number, its name for streams, the files that it read, and the homes as it knew them."""

    number: int
    name: str
    files: list[ReadFile]
    homes: dict[str, str]


class _About(msgspec.Struct, frozen=True):
    version: int
    shelves: int


@dataclass(slots=True)
class SparkLake:
    """The folders of a lake, and the runs that are complete."""

    folder: Path
    shelves: int
    runs: list[RunDocument] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, shelves: int) -> SparkLake:
        """Open the lake of a folder, or make one with so many shelves. Raises `InputUnreadable` and `OutputUnwritable`."""
        about = folder / _ABOUT
        if not about.exists():
            private_files.make_folder(folder / "runs")
            private_files.write_text(about, msgspec.json.encode(_About(VERSION, shelves)).decode() + "\n")
        try:
            found = msgspec.json.decode(about.read_bytes(), type=_About)
            documents = sorted((folder / "runs").glob("[0-9]*.json"))
            runs = [msgspec.json.decode(path.read_bytes(), type=RunDocument) for path in documents]
        except (OSError, msgspec.MsgspecError) as error:
            raise InputUnreadable(f"{folder}: no lake, or a damaged one ({error})", fix=_FIX) from error
        if found.version != VERSION or not 0 < found.shelves <= 1 << 20:
            raise InputUnreadable(f"{folder}: a lake of another version", fix=_FIX)
        return cls(folder, found.shelves, runs)

    @contextmanager
    def alone(self) -> Iterator[SparkLake]:
        """Hold the lake for one driver, with the runs that are complete by then. Raises `DatabaseInUse`."""
        lock = FileLock(self.folder / ".writing")
        try:
            if not lock.try_hold():
                raise DatabaseInUse(
                    f"{self.folder}: another scan on Spark is writing here", fix="wait until it has finished"
                )
            yield SparkLake.open(self.folder, self.shelves)
        finally:
            lock.close()

    @property
    def number(self) -> int:
        """Return the number of the next run."""
        return self.runs[-1].number + 1 if self.runs else 1

    def find_run(self, name: str) -> RunDocument | None:
        """Return the complete run of a name."""
        return next((run for run in self.runs if run.name == name), None)

    def place(self, kind: str, number: int, part: int = 0) -> str:
        """Return the folder of what a run writes; `kind` is `records` or `scored`, `part` that of a second pass."""
        return str(self.folder / kind / f"run={number}" / f"part={part}")

    def list_places(self, kind: str, numbers: Sequence[int]) -> list[str]:
        """Return the folders that runs have written."""
        runs = [self.folder / kind / f"run={number}" for number in numbers]
        return [str(path) for run in runs if run.is_dir() for path in sorted(run.iterdir())]

    @contextmanager
    def open_coded(self, number: int) -> Iterator[str]:
        """Make a folder for what the tasks of this run hand to each other, and remove it with those that stopped runs left."""
        base = self.folder / "coded"
        shutil.rmtree(base, ignore_errors=True)
        private_files.make_folder(base)
        yield tempfile.mkdtemp(prefix=f"run={number}-", dir=base)
        shutil.rmtree(base, ignore_errors=True)

    def begin(self, number: int) -> None:
        """Remove what a run of this number left that was stopped."""
        for kind in ("records", "scored"):
            shutil.rmtree(self.folder / kind / f"run={number}", ignore_errors=True)

    def finish(self, run: RunDocument) -> None:
        """Make a run count: write its document, whole or not at all."""
        path = self.folder / "runs" / f"{run.number:08d}.json"
        waiting = path.with_suffix(".part")
        private_files.write_text(waiting, msgspec.json.encode(run).decode() + "\n")
        with waiting.open("rb") as written:
            os.fsync(written.fileno())
        waiting.replace(path)
        self.runs.append(run)

    def take_back(self) -> None:
        """Make all runs uncounted, newest first: none of them read an event."""
        while self.runs:
            (self.folder / "runs" / f"{self.runs[-1].number:08d}.json").unlink()
            self.runs.pop()


def check_folder(out: Path) -> Path:
    """Return the folder of results as an absolute path. Raises `UsageError` for an address of a cloud store.

    Files of results are written by the driver itself, so that they need a file system that it has mounted.
    """
    text = str(out)
    if ":/" in text:
        raise UsageError(
            f"--out {text!r} is an address and no folder",
            fix="give a folder that driver and executors share, such as /Volumes/... or /lakehouse/default/Files/...",
        )
    return out.absolute()
