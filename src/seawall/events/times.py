"""Parse the spellings of time in audit logs."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

EARLIEST = 631_152_000_000_000
"""1990-01-01 in microseconds since 1970."""
LATEST = 4_102_444_800_000_000
"""2100-01-01 in microseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*"
    r"(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_SLASHED = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?\s*(AM|PM|am|pm)?)?"
    r"\s*(?:Z|UTC|GMT)?",
    re.ASCII,
)
_DATE_CALL = re.compile(r"\\?/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?/", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,12})?(?:[eE]\+?\d{1,2})?", re.ASCII)


def to_microseconds(value: object) -> int | None:
    """Return a time in any known spelling as microseconds since 1970, UTC; None if it is no time.

    Times without a zone are UTC. `d/m/y` and `m/d/y` are ambiguous if both parts are at most 12; the American order is
    used, as in Microsoft's exports. The result may lie outside EARLIEST to LATEST.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text or len(text) > 64:
        return None
    match = _ISO.fullmatch(text)
    if match:
        return _from_iso(match)
    match = _SLASHED.fullmatch(text)
    if match:
        return _from_slashed(match)
    match = _DATE_CALL.fullmatch(text)
    if match:
        return int(match[1]) * 1000
    if _NUMBER.fullmatch(text):
        return _from_number(float(text) if any(mark in text for mark in ".eE") else int(text))
    return None


def in_range(microseconds: int) -> bool:
    """Return whether a time lies between 1990 and 2100."""
    return EARLIEST <= microseconds < LATEST


def _from_number(number: float) -> int | None:
    if isinstance(number, float) and not math.isfinite(number):
        return None
    # Seconds, milliseconds, microseconds or nanoseconds, by size (1973 to 5138 for seconds).
    for limit, scale in ((1e11, 1_000_000), (1e14, 1000), (1e17, 1)):
        if 1e8 <= number < limit:
            return round(number * scale) if isinstance(number, float) else number * scale
    return round(number / 1000) if 1e17 <= number < 1e20 else None


def _from_iso(match: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = _build(int(year), int(month), int(day), (hour, minute, second, fraction))
    if moment is None or zone is None or zone[0] not in "+-":
        return moment
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = (int(digits[:2]) * 60 + int(digits[2:])) * 60_000_000
    return moment - offset if zone[0] == "+" else moment + offset


def _from_slashed(match: re.Match[str]) -> int | None:
    first, second_part, year, hour, minute, second, fraction, half = match.groups()
    month, day = int(first), int(second_part)
    if month > 12:
        month, day = day, month
    if half and hour:
        if int(hour) > 12:
            return None
        hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
    return _build(int(year), month, day, (hour, minute, second, fraction))


def _build(year: int, month: int, day: int, clock: tuple[str | None, ...]) -> int | None:
    hour, minute, second, fraction = clock
    try:
        moment = datetime(
            year, month, day, int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        )
    except ValueError:
        return None
    whole = (moment - _EPOCH) // timedelta(microseconds=1)
    return whole + int((fraction or "0")[:6].ljust(6, "0"))
