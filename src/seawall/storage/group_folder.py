"""The folder that all workers of a group share. A mark in it, of which the database keeps a copy, tells it from any other one.

A worker whose machine did not mount the folder would write its events where no other worker finds them, and the next holder of
its partitions would score days of which it sees a part. So it does not start, and stops writing once the folder is gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from seawall.storage.database import Database
from seawall.storage.database.slot_database import lock_joining
from seawall.storage.errors import LakeBroken, StoreRefused
from seawall.storage.lake import Lake
from seawall_base.durable_file import write_whole

MARK: Final = "group-folder"
"""The file with the mark."""

FOLDER: Final = "worker-group-folder"
"""The setting with its copy."""

_LARGEST: Final = 100
_FIX: Final = "mount the group's folder on this machine (NFS 4, CephFS), and give its path with --store"


@dataclass(frozen=True, slots=True)
class GroupFolder:
    """The folder of a group's store, and its mark."""

    path: Path
    mark: str

    def check(self) -> None:
        """Raise `LakeBroken` if this is not, or no longer, the folder that the group shares."""
        if read_mark(self.path) != self.mark:
            raise LakeBroken(
                f"{self.path}: the folder of the group is not there any more; nothing is written until it is back",
                fix="mount it again",
            )


def join_folder(database: Database, lake: Lake) -> GroupFolder:
    """Mark the folder of a new group, or make sure that it is the group's; return it.

    Raises `StoreRefused` and `OutputUnwritable`.
    """
    path = lake.root.parent
    with database.writing() as work:
        lock_joining(work)
        known, mark = work.settings.get(FOLDER), read_mark(path)
        if known is None:
            if mark is not None and lake.tenants():
                raise StoreRefused(
                    f"{path}: belongs to a group with another database",
                    fix="give its database, or a new folder",
                )
            mark = mark or _write_mark(path)
            work.settings.put(FOLDER, {"mark": mark})
        elif mark is None or mark != known["mark"]:
            raise StoreRefused(
                f"{path}: not the folder that the other workers of the group use: they would not find the events",
                fix=_FIX,
            )
    return GroupFolder(path, mark)


def read_mark(path: Path) -> str | None:
    """Return the mark of a folder, None if it has none. Raises `LakeBroken` if it cannot be read."""
    try:
        descriptor = os.open(path / MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_LARGEST).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LakeBroken(f"{path / MARK}: {error.strerror}", fix="check the folder and its mount") from error


def _write_mark(path: Path) -> str:
    mark = uuid4().hex
    write_whole(path / MARK, f"{mark}\n".encode(), fix="check the free space and the folder's permissions")
    return mark
