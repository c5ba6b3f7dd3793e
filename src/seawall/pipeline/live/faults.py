"""Errors of the store that may pass by themselves: a full disk, an unreachable database, a held lock."""

from __future__ import annotations

from pathlib import Path

from seawall.storage.errors import DatabaseAway, LakeBroken
from seawall.storage.files.received_files import SPARE_BYTES
from seawall_base.errors import DatabaseInUse, OutputUnwritable, SeawallError
from seawall_base.full_disk import describe_room, describe_size, is_full_disk

PASSING = (DatabaseAway, DatabaseInUse, LakeBroken, OSError)
"""Errors after which the watch tries again."""


def describe_store_fault(error: BaseException, folder: Path) -> str:
    """Return a sentence about an error of the store in a folder."""
    full = name_full_store(error, folder)
    if full is not None:
        return f"{full.message}; {full.fix}"
    if isinstance(error, SeawallError):
        return error.message
    return f"the store cannot be written: {getattr(error, 'strerror', None) or error}"


def name_full_store(error: BaseException, folder: Path) -> OutputUnwritable | None:
    """Return the error that says that the disk of a store or of its database is full, None for other faults."""
    if not is_full_disk(error):
        return None
    return OutputUnwritable(
        f"the disk of the store or of its database is full: {describe_room(folder)}",
        fix=f"free at least {describe_size(SPARE_BYTES)}; nothing is lost, what was not stored is read again",
    )
