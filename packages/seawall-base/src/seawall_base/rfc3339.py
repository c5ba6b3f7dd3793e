"""Convert between the times of other systems (RFC 3339) and microseconds since 1970, UTC, without rounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000


def parse_time(text: str) -> int:
    """Parse a time or a day into microseconds since 1970; without a zone it is UTC, as vendors mean it. Raises ValueError.

    Use `times.parse_rfc3339` for input of people: it refuses a time without a zone.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH) // _MICROSECOND


def format_time(time: int, *, digits: int = 3) -> str:
    """Return `2026-03-01T00:00:00.000Z` with `digits` digits (0 to 6) of the second, truncated. Raises OverflowError.

    Use `times.rfc3339` for documents: it shows a fraction only if there is one.
    """
    whole = (_EPOCH + timedelta(seconds=time // _SECOND)).replace(tzinfo=None).isoformat()
    fraction = f".{time % _SECOND:06}"[: digits + 1] if digits else ""
    return f"{whole}{fraction}Z"
