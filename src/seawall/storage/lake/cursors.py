"""Turn the position at which a page of events ended into text for clients, and back."""

from __future__ import annotations

from seawall.storage.lake.query import RowKey
from seawall_base.errors import UsageError


def write_cursor(key: RowKey | None) -> str | None:
    """Return the cursor of a key, None for none."""
    return None if key is None else f"{key.time}-{key.digest:016x}"


def parse_cursor(cursor: str | None) -> RowKey | None:
    """Return the key of a cursor. Raises `UsageError` if `write_cursor` did not make it."""
    if cursor is None:
        return None
    time, dash, digest = cursor.partition("-")
    is_sound = dash and len(digest) == 16 and len(time) <= 18 and time.isascii() and time.isdigit()
    if not is_sound or set(digest) - set("0123456789abcdef"):
        raise UsageError("a cursor that no page gave")
    return RowKey(int(time), int(digest, 16))
