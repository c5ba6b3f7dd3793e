"""Every moment is asked for soon, and again when what is late has come; what is proved follows from when it was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.coverage import (
    find_settled_spans,
    find_unqueried_spans,
    mark_queried,
    oldest_asking,
    subtract_spans,
)
from seawall.collection.windows import DAY, HOUR, MINUTE, QuerySchedule, spans_to_query

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20), st.integers(0, 50)).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=12,
)


@given(SPANS)
def test_a_moment_knows_when_it_was_last_asked_for(asks: list[tuple[int, int, int]]) -> None:
    painted: list[tuple[int, int, int]] = []
    for start, end, at in asks:
        painted = mark_queried(painted, start, end, at)
    for moment in range(90):
        expected = max((at for start, end, at in asks if start <= moment < end), default=None)
        found = [at for start, end, at in painted if start <= moment < end]
        assert found == ([] if expected is None else [expected])
    assert painted == sorted(painted)
    assert all(first < last for first, last, _ in painted)


@given(SPANS, st.integers(0, 30))
def test_what_is_settled_was_asked_for_late_enough(asks: list[tuple[int, int, int]], settle: int) -> None:
    painted: list[tuple[int, int, int]] = []
    for start, end, at in asks:
        painted = mark_queried(painted, start, end, at)
    spans = find_settled_spans(painted, settle)
    for moment in range(90):
        asked = max((at for start, end, at in asks if start <= moment < end), default=None)
        is_settled = any(first <= moment < last for first, last in spans)
        assert is_settled == (asked is not None and moment + settle < asked)


@given(SPANS)
def test_holes_are_what_was_never_asked_for(asks: list[tuple[int, int, int]]) -> None:
    painted: list[tuple[int, int, int]] = []
    for start, end, at in asks:
        painted = mark_queried(painted, start, end, at)
    found = find_unqueried_spans(painted, 5, 70)
    for moment in range(90):
        never = 5 <= moment < 70 and not any(start <= moment < end for start, end, _ in asks)
        assert any(first <= moment < last for first, last in found) == never


def test_spans_without_what_is_missing() -> None:
    assert subtract_spans([(0, 10), (20, 30)], [(5, 22), (29, 40)]) == [(0, 5), (22, 29)]
    assert oldest_asking([(0, 5, 7), (5, 9, 3)], 0, 9) == 3
    assert oldest_asking([(0, 5, 7)], 5, 9) is None


RHYTHM = QuerySchedule(slot=6 * HOUR, keeps=7 * DAY)


@given(
    st.lists(st.integers(1, 30 * 60), min_size=1, max_size=60),
    st.integers(0, 5 * DAY // MINUTE),
)
def test_every_moment_is_asked_for_again_when_it_is_old(pauses: list[int], begin_minutes: int) -> None:
    """However irregular the passes: after each, all is asked for, and each slot after the last age it has reached."""
    now = 1_000 * DAY
    begin = now - begin_minutes * MINUTE
    painted: list[tuple[int, int, int]] = []
    for minutes in pauses:
        now += minutes * MINUTE
        for start, end in spans_to_query(begin, painted, RHYTHM, now):
            assert start < end <= now
            assert end - start <= RHYTHM.slot
            assert start >= now - RHYTHM.keeps
            painted = mark_queried(painted, start, end, now)
        floor = max(begin, now - RHYTHM.keeps)
        assert find_unqueried_spans(painted, floor, now) == []
        edge = (floor // RHYTHM.slot + 1) * RHYTHM.slot
        while edge + RHYTHM.slot <= now:
            reached = [age for age in RHYTHM.ages if edge + RHYTHM.slot + age <= now]
            asked = oldest_asking(painted, edge, edge + RHYTHM.slot)
            assert asked is not None
            assert not reached or asked >= edge + RHYTHM.slot + reached[-1]
            edge += RHYTHM.slot
        assert spans_to_query(begin, painted, RHYTHM, now) == []


def test_the_first_questions_are_about_what_is_forgotten_first() -> None:
    now = 1_000 * DAY
    spans = spans_to_query(now - 30 * DAY, [], RHYTHM, now)
    assert spans[0][0] == now - RHYTHM.keeps
    assert spans == sorted(spans)


@pytest.mark.parametrize("minutes", [1, 5, 59])
def test_what_is_new_overlaps_with_what_was_asked(minutes: int) -> None:
    now = 1_000 * DAY + 3 * HOUR
    painted = mark_queried([], now - DAY, now, now)
    (span,) = [
        span for span in spans_to_query(now - DAY, painted, RHYTHM, now + minutes * MINUTE) if span[1] > now
    ]
    assert span == (now - RHYTHM.overlap, now + minutes * MINUTE)
