"""A silence is judged by the log's own weeks: what they do not have is a gap, what they have is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.scope.log_rhythm import LogRhythm, tail_probability

WEEKS = 8


def rhythm(
    change: Callable[[np.ndarray], None], seed: int = 1, delivered: tuple[int, int] = (0, 0)
) -> LogRhythm:
    """Eight weeks: 40 records an hour on working days, 2 an hour else; changed in place."""
    hours = np.arange(WEEKS * 168)
    usual = np.where((hours % 168 < 120) & (hours % 24 >= 8) & (hours % 24 < 18), 40.0, 2.0)
    counts = np.random.default_rng(seed).poisson(usual)
    change(counts)
    held = np.flatnonzero(counts)
    return LogRhythm(held, counts[held], np.arange(*delivered))


def nothing(first: int, last: int, share: float = 0.0) -> Callable[[np.ndarray], None]:
    def change(counts: np.ndarray) -> None:
        counts[first:last] = (counts[first:last] * share).astype(int)

    return change


MONDAY = 5 * 168


@pytest.mark.parametrize("seed", range(5))
def test_an_ordinary_log_has_no_gap(seed: int) -> None:
    assert rhythm(lambda counts: None, seed).thin(4 * 168, 8 * 168) == []


def test_hours_of_a_working_day_are_missed_and_said_with_numbers() -> None:
    (found,) = rhythm(nothing(MONDAY + 9, MONDAY + 12)).thin(4 * 168, 8 * 168)
    assert (found.first, found.last, found.found) == (MONDAY + 9, MONDAY + 12, 0)
    assert 100 < found.expected < 140
    assert found.chance < 1e-6


def test_a_night_that_is_often_silent_is_not_missed() -> None:
    def change(counts: np.ndarray) -> None:
        for week in range(WEEKS):
            counts[week * 168 + 24 : week * 168 + 30] = 0

    assert rhythm(change).thin(4 * 168, 8 * 168) == []


def test_a_holiday_is_thin_but_delivered() -> None:
    few = nothing(MONDAY, MONDAY + 24, 0.1)
    assert rhythm(few).thin(4 * 168, 8 * 168)
    assert not [
        one
        for one in rhythm(few, delivered=(MONDAY - 5, MONDAY + 30)).thin(4 * 168, 8 * 168)
        if one.expected > 100
    ]


def test_a_log_of_two_weeks_has_no_rhythm() -> None:
    hours = np.arange(2 * 168)
    assert LogRhythm(hours, np.full(len(hours), 9)).stretch(100, 110) is None


@given(st.integers(0, 60), st.floats(0.1, 80), st.floats(0.05, 1e6))
def test_a_chance_is_one_and_grows_with_what_was_found(found: int, mean: float, size: float) -> None:
    assert (
        0 <= tail_probability(found, mean, size) <= tail_probability(found + 1, mean, size) + 1e-9 <= 1 + 1e-9
    )


def test_a_chance_is_that_of_poisson_where_weeks_are_alike() -> None:
    assert tail_probability(0, 5.0, 1e6) == pytest.approx(np.exp(-5), rel=1e-3)
    assert tail_probability(20_000, 20_100.0, 1e6) == pytest.approx(0.24, abs=0.02)
