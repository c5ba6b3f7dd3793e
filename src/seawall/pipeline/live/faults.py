"""Errors of the store that may pass by themselves: a full disk, an unreachable database, a held lock."""

from __future__ import annotations

from seawall.storage.errors import DatabaseAway, LakeBroken
from seawall_base.errors import DatabaseInUse, SeawallError

PASSING = (DatabaseAway, DatabaseInUse, LakeBroken, OSError)
"""Errors after which the watch tries again."""


def describe_store_fault(error: BaseException) -> str:
    """Return a sentence about an error."""
    if isinstance(error, SeawallError):
        return error.message
    return f"the store cannot be written: {getattr(error, 'strerror', None) or error}"
