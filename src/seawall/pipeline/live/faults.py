"""What may go wrong with a store and be over by itself: a full disk, a database that is away, a lock that is held."""

from __future__ import annotations

from seawall.storage.errors import DatabaseAway, LakeBroken
from seawall_base.errors import DatabaseInUse, SeawallError

PASSING = (DatabaseAway, DatabaseInUse, LakeBroken, OSError)
"""What is tried again."""


def words(error: BaseException) -> str:
    """Return what went wrong in a sentence."""
    if isinstance(error, SeawallError):
        return error.message
    return f"the store cannot be written: {getattr(error, 'strerror', None) or error}"
