"""Locks between processes that use a lake, on three files; a lock ends with the process that holds it.

- `reading`: shared while files are listed, read or moved into place; exclusive while files are removed.
- `writing`: shared while files are written under `incoming`. With an exclusive lock, all files there are leftovers.
- `keeping`: exclusive for compaction, pruning, publishing and backup.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from seawall.storage.errors import LakeBroken
from seawall.storage.lake.layout import unreadable
from seawall_base.file_lock import lock_descriptor

Lock = Literal["reading", "writing", "keeping"]
WAIT_SECONDS = 60.0
"""Time to wait for another process before an error."""

_POLL_SECONDS = 0.01


@contextmanager
def hold_lock(root: Path, lock: Lock, *, exclusive: bool = False) -> Iterator[None]:
    """Hold a lock in a `with` block. Raises `LakeBroken` after waiting `WAIT_SECONDS`."""
    with _open(root, lock, exclusive=exclusive) as descriptor:
        if not _take(descriptor, exclusive, WAIT_SECONDS):
            raise LakeBroken(
                f"{root}: in use by another process for more than {WAIT_SECONDS:.0f} s",
                fix="wait until the other process has finished, or end it",
            )
        yield


@contextmanager
def alone(root: Path, lock: Lock) -> Iterator[bool]:
    """Try to take a lock exclusively without waiting, and hold it in a `with` block; yield whether it was free."""
    with _open(root, lock, exclusive=True) as descriptor:
        yield _take(descriptor, exclusive=True, wait=0)


@contextmanager
def _open(root: Path, lock: Lock, *, exclusive: bool) -> Iterator[int]:
    path = root / f".{lock}"
    way = (
        os.O_RDWR if exclusive else os.O_RDONLY
    )  # NFS refuses an exclusive lock on a file that is open to read
    try:
        descriptor = os.open(path, way | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, exclusive: bool, wait: float) -> bool:
    end = time.monotonic() + wait
    while True:
        try:
            lock_descriptor(descriptor, is_shared=not exclusive)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
