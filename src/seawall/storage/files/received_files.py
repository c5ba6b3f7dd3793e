"""Take in a file that somebody uploads or pipes: streamed to the disk, bounded, under a name of our own.

The sender's name is kept as text and is never a path: only a known ending of it counts, because archives are recognised
by it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from seawall_base.durable_file import sync_folder
from seawall_base.errors import InputUnreadable, OutputUnwritable
from seawall_base.operating_system import BINARY, CLOEXEC, NOFOLLOW
from seawall_base.private_files import FILE_MODE, make_folder
from seawall_base.safe_text import visible

MOST_BYTES: Final = 8 * 1024**3
MOST_FILES: Final = 10_000
SPARE_BYTES: Final = 256 * 1024**2
"""Free space that is left on the disk: the store needs some to say that there is none."""

CHECK_BYTES: Final = 64 * 1024**2
"""How often free space is looked at."""

ENDINGS: Final = (
    ".tar.gz", ".tar.zst", ".csv.gz", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".jsonl.zst",
    ".csv", ".json", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".avro",
    ".zip", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst",
)  # fmt: skip
"""Endings that say how a file is packed; anything else is `.log`, whose content decides."""

LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that was taken in: where it is, what the sender called it (harmless text), its bytes and their SHA-256."""

    path: Path
    name: str
    size: int
    sha256: str


def receive_file(
    chunks: Iterable[bytes],
    name: str,
    folder: Path,
    *,
    most_bytes: int = MOST_BYTES,
    spare_bytes: int = SPARE_BYTES,
) -> ReceivedFile:
    """Stream a file into `folder`, complete or not at all; the folder may be followed by a watch.

    What arrives is written beside the folder first, so that no reader meets half a file. Raises `InputUnreadable` if it is
    empty or larger than `most_bytes`, and `OutputUnwritable` if fewer than `spare_bytes` of the disk would stay free or
    anything else fails, also the sender's connection. Whatever else `chunks` raises comes through. Nothing is left behind.
    """
    waiting = folder.with_name(f"{folder.name}.part")
    make_folder(folder)
    make_folder(waiting)
    try:
        path = _free_place(folder, waiting, ending_of(name))
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}", fix="free some space") from None
    part = waiting / path.name
    try:
        size, digest = _write(chunks, part, most_bytes, spare_bytes)
        if not size:
            raise InputUnreadable("the file is empty", fix="choose the export itself")
        part.rename(path)
        sync_folder(folder)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}", fix="free some space") from None
    finally:
        part.unlink(missing_ok=True)
    return ReceivedFile(path, visible(name[:LONGEST_NAME]), size, digest)


def ending_of(name: str) -> str:
    """Return the known ending of a name, in lower case, else `.log`."""
    lower = name.lower()
    return next((ending for ending in ENDINGS if lower.endswith(ending)), ".log")


def _free_place(folder: Path, waiting: Path, ending: str) -> Path:
    """Return the first free numbered name, and claim it with an empty file in `waiting`. Raises `OutputUnwritable`, OSError."""
    for number in range(1, MOST_FILES + 1):
        path = folder / f"{number:05}{ending}"
        if any(folder.glob(f"{number:05}.*")):
            continue
        try:
            os.close(os.open(waiting / path.name, _FLAGS | os.O_EXCL, FILE_MODE))
        except FileExistsError:
            continue
        return path
    raise OutputUnwritable(f"{folder} holds {MOST_FILES:,} files", fix="choose another folder")


_FLAGS: Final = os.O_WRONLY | os.O_CREAT | NOFOLLOW | CLOEXEC | BINARY


def _write(chunks: Iterable[bytes], part: Path, most_bytes: int, spare_bytes: int) -> tuple[int, str]:
    size, next_check, digest = 0, 0, sha256()
    with os.fdopen(os.open(part, _FLAGS, FILE_MODE), "wb") as target:
        for chunk in chunks:
            size += len(chunk)
            if size > most_bytes:
                raise InputUnreadable(
                    f"the file is larger than {most_bytes:,} bytes", fix="upload it in parts"
                )
            if size >= next_check:
                next_check = size + CHECK_BYTES
                if shutil.disk_usage(part.parent).free - len(chunk) < spare_bytes:
                    raise OutputUnwritable(f"the disk of {part.parent} is nearly full", fix="free some space")
            target.write(chunk)
            digest.update(chunk)
        target.flush()
        os.fsync(target.fileno())
    return size, digest.hexdigest()
