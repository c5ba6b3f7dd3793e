"""Format event times (microseconds since 1970, UTC) for people and documents. Everything is UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(time: int) -> datetime:
    """Return microseconds since 1970 as a datetime in UTC, without rounding."""
    return _EPOCH + timedelta(microseconds=time)


def rfc3339(time: int) -> str:
    """Return microseconds since 1970 in RFC 3339: `2026-03-01T12:00:00Z`, with a fraction only if there is one."""
    return moment(time).replace(tzinfo=None).isoformat() + "Z"


def parse_rfc3339(text: str) -> int:
    """Return an RFC 3339 time in microseconds since 1970. Raises ValueError for another text, or a time without a zone."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"the time {text!r} names no zone")
    return (parsed - _EPOCH) // _MICROSECOND


def day_text(time: int) -> str:
    """Return `14 May 2026`."""
    at = moment(time)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def minute_text(time: int) -> str:
    """Return `14 May 2026 06:03`. The page says once that times are UTC."""
    at = moment(time)
    return f"{day_text(time)} {at:%H:%M}"


def span_text(start: int, end: int) -> str:
    """Return `14 May 2026 06:03 – 18:20`, or both dates if they differ."""
    if minute_text(start) == minute_text(end):
        return minute_text(start)
    if day_text(start) == day_text(end):
        return f"{minute_text(start)} – {moment(end):%H:%M}"
    return f"{minute_text(start)} – {minute_text(end)}"


def brief_span(start: int, end: int) -> str:
    """Return `14 May 06:03`, `14 May 06:03–18:20` or both dates, without the year, for lines below a date in full."""
    first, last = moment(start), moment(end)
    texts = [f"{at.day} {_MONTHS[at.month - 1]} {at:%H:%M}" for at in (first, last)]
    if first.date() != last.date():
        return " – ".join(texts)
    return texts[0] if texts[0] == texts[1] else f"{texts[0]}–{last:%H:%M}"


def tick_text(time: int, step: int) -> str:
    """Return an axis label. Ticks `step` microseconds apart get no time of day if `step` is a day or more."""
    at = moment(time)
    date = f"{at.day} {_MONTHS[at.month - 1]}"
    return date if step >= DAY else f"{date} {at:%H:%M}"
