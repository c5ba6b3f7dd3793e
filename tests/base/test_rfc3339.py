"""Times go out and come back to the microsecond, whatever their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.rfc3339 import format_time, parse_time
from seawall_base.times import parse_rfc3339, rfc3339

times = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
AT = 1_772_323_200_000_000


@given(times, st.integers(0, 6))
def test_what_is_written_is_read(time: int, digits: int) -> None:
    text = format_time(time, digits=digits)
    step = 10 ** (6 - digits)
    assert parse_time(text) == time // step * step
    assert parse_time(rfc3339(time)) == parse_rfc3339(rfc3339(time)) == time


@given(times, st.integers(-14 * 60, 14 * 60))
def test_a_zone_is_reckoned_in(time: int, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    try:
        text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).astimezone(zone).isoformat()
    except OverflowError:  # before the year 1 or behind 9999 there
        return
    assert parse_time(text) == time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", AT),
        ("2026-03-01T00:00:00", AT),
        ("2026-03-01T00:00:00Z", AT),
        ("2026-03-01 01:00+01:00", AT),
        ("2026-03-01T00:00:00.1234567Z", AT + 123_456),
    ],
)
def test_the_forms_that_are_read(text: str, expected: int) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-03-01T25:00:00Z", "1772323200"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|must be in|month"):
        parse_time(text)


@pytest.mark.parametrize(
    ("digits", "text"),
    [(0, "2026-03-01T00:00:00Z"), (3, "2026-03-01T00:00:00.987Z"), (6, "2026-03-01T00:00:00.987654Z")],
)
def test_as_many_digits_as_are_asked_for(digits: int, text: str) -> None:
    assert format_time(AT + 987_654, digits=digits) == text


def test_a_time_that_no_calendar_has() -> None:
    with pytest.raises(OverflowError):
        format_time(10**18)
