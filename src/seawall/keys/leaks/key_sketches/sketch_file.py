"""Store sketches in a file: readable only by its owner, and replaced atomically."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from seawall.keys.leaks.key_sketches.sketches import (
    LARGEST,
    KeySketch,
    SketchesUnreadable,
    read_sketches,
    write_sketches,
)
from seawall_base.errors import InputUnreadable, OutputUnwritable
from seawall_base.regular_files import open_file


def load_file(path: Path) -> tuple[KeySketch, ...]:
    """Read the sketches of a file; raises `InputUnreadable`."""
    try:
        with open_file(path) as file:
            return read_sketches(file.read(LARGEST + 1))
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}", fix="check the path") from None
    except SketchesUnreadable as error:
        raise InputUnreadable(f"{path}: {error}", fix="create it with `seawall keys sketch`") from None


def add_to_file(path: Path, sketches: Iterable[KeySketch]) -> int:
    """Add sketches to a file, created if missing, replacing older ones of the same key; return its number of keys.

    A file with other content is left alone: `OutputUnwritable`.
    """
    try:
        before = load_file(path) if path.exists() else ()
    except InputUnreadable as error:
        raise OutputUnwritable(
            f"the sketch file was not changed: {error.message}", fix="choose another file with --out"
        ) from None
    together = (*before, *sketches)
    document = write_sketches(together)
    if len(document) > LARGEST:
        raise OutputUnwritable(
            f"{path}: too many sketches for one file", fix="write to another file with --out"
        )
    try:
        _replace(path, document)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}", fix="choose another file with --out") from None
    return len({sketch.key for sketch in together})


def _replace(path: Path, document: bytes) -> None:
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}."
    )  # mkstemp creates with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
