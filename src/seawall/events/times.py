"""Parse the spellings of time in audit logs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

EARLIEST = 631_152_000_000_000
"""1990-01-01 in microseconds since 1970."""
LATEST = 4_102_444_800_000_000
"""2100-01-01 in microseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?"
_HALF = r"(?:\s*(AM|PM|am|pm))?"
_ZONE = r"\s*((?:UTC|GMT)?[+-]\d\d?(?::?\d\d)?|Z|z|UTC|GMT)?"
_BETWEEN = r"(?:[T ]+|,\s*|\s+at\s+)"
_ISO = re.compile(r"(\d{4})([-/.])(\d\d?)\2(\d\d?)(?:[T ]+" + _CLOCK + ")?" + _ZONE, re.ASCII)
_DAY_AND_MONTH = re.compile(
    r"(\d\d?)([-/.])(\d\d?)\2(\d{4})(?:" + _BETWEEN + _CLOCK + _HALF + ")?" + _ZONE, re.ASCII
)
_MONTH_NAMED = re.compile(
    r"([A-Za-z]{3,9})\.? (\d\d?),? (\d{4})(?:" + _BETWEEN + _CLOCK + _HALF + ")?" + _ZONE, re.ASCII
)
_DAY_THEN_NAME = re.compile(
    r"(\d\d?)[ -]([A-Za-z]{3,9})\.?[ -](\d{4})(?:" + _BETWEEN + _CLOCK + _HALF + ")?" + _ZONE, re.ASCII
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH_NUMBERS = {
    spelling: number
    for number, name in enumerate(_MONTHS, 1)
    for spelling in (name, name[:3], *(["sept"] if number == 9 else []))
}
_ODD_SPACES = str.maketrans("\u00a0\u202f\u2009", "   ")
"""Browsers write a narrow space that does not break before AM and PM."""
_DATE_CALL = re.compile(r"\\?/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?/", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{1,12})?(?:[eE]\+?\d{1,2})?", re.ASCII)


def to_microseconds(value: object) -> int | None:
    """Return a time in any known spelling as microseconds since 1970, UTC; None if it is no time.

    Times without a zone are UTC. `d/m/y` and `m/d/y` are ambiguous if both parts are at most 12; the American order is
    used, as in Microsoft's exports. With dots or dashes the day is first. The result may lie outside EARLIEST to LATEST.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if not isinstance(value, str):
        return None
    text = value.strip().translate(_ODD_SPACES)
    if not text or len(text) > 64:
        return None
    match = _ISO.fullmatch(text)
    if match:
        year, _, month, day, *clock, zone = match.groups()
        return _shift(_build(int(year), int(month), int(day), tuple(clock)), zone)
    match = _DAY_AND_MONTH.fullmatch(text)
    if match:
        first, mark, second, year, *clock, half, zone = match.groups()
        month, day = _order(int(first), int(second), is_american=mark == "/")
        return _shift(_with_half(int(year), month, day, clock, half), zone)
    match = _MONTH_NAMED.fullmatch(text) or _DAY_THEN_NAME.fullmatch(text)
    if match:
        name, day_text, year, *clock, half, zone = match.groups()
        if name.isdigit():
            name, day_text = day_text, name
        number = _MONTH_NUMBERS.get(name.lower(), 0)
        return _shift(_with_half(int(year), number, int(day_text), clock, half), zone)
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


def _shift(moment: int | None, zone: str | None) -> int | None:
    """Return a local time of a zone (`+01:00`, `GMT+1`, `Z`) in UTC."""
    offset = (zone or "").removeprefix("UTC").removeprefix("GMT")
    if moment is None or offset[:1] not in ("+", "-"):
        return moment
    hours, minutes = _parse_offset(offset[1:])
    difference = (hours * 60 + minutes) * 60_000_000
    return moment - difference if offset[0] == "+" else moment + difference


def _parse_offset(text: str) -> tuple[int, int]:
    """Return hours and minutes of `1`, `01`, `130`, `0130` or `01:30`."""
    digits = text.replace(":", "")
    return (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))


def _order(first: int, second: int, *, is_american: bool) -> tuple[int, int]:
    """Return month and day of a date in which either may come first."""
    is_month_first = first <= 12 and (is_american or second > 12)
    return (first, second) if is_month_first else (second, first)


def _with_half(year: int, month: int, day: int, clock: Sequence[str | None], half: str | None) -> int | None:
    """Return a time whose hour may be of the morning or the afternoon."""
    hour, *rest = clock
    if half and hour:
        if int(hour) > 12:
            return None
        hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
    return _build(year, month, day, (hour, *rest))


def _build(year: int, month: int, day: int, clock: Sequence[str | None]) -> int | None:
    hour, minute, second, fraction = clock
    try:
        moment = datetime(
            year, month, day, int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        )
    except ValueError:
        return None
    whole = (moment - _EPOCH) // timedelta(microseconds=1)
    return whole + int((fraction or "0")[:6].ljust(6, "0"))
