"""Event times between the schema's microseconds and what a reader or a document shows; always UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(time: int) -> datetime:
    """Microseconds since the epoch as an aware datetime; integer arithmetic, so that nothing is rounded."""
    return _EPOCH + timedelta(microseconds=time)


def rfc3339(time: int) -> str:
    """Microseconds since the epoch as RFC 3339: `2026-03-01T12:00:00Z`, a fraction only if there is one."""
    return moment(time).replace(tzinfo=None).isoformat() + "Z"


def parse_rfc3339(text: str) -> int:
    """Return the microseconds since the epoch of an RFC 3339 time.

    Raises ValueError when the text is no such time or names no zone.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"the time {text!r} names no zone")
    return (parsed - _EPOCH) // _MICROSECOND


def day_text(time: int) -> str:
    """`14 May 2026`."""
    at = moment(time)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def minute_text(time: int) -> str:
    """`14 May 2026 06:03`, without the zone: the surroundings say UTC once."""
    at = moment(time)
    return f"{day_text(time)} {at:%H:%M}"


def span_text(start: int, end: int) -> str:
    """`14 May 2026 06:03 – 18:20`, or both dates when they differ."""
    if minute_text(start) == minute_text(end):
        return minute_text(start)
    if day_text(start) == day_text(end):
        return f"{minute_text(start)} – {moment(end):%H:%M}"
    return f"{minute_text(start)} – {minute_text(end)}"


def tick_text(time: int, step: int) -> str:
    """A label for an axis whose ticks are `step` apart: days get no hour."""
    at = moment(time)
    date = f"{at.day} {_MONTHS[at.month - 1]}"
    return date if step >= DAY else f"{date} {at:%H:%M}"
