"""Silence is an alarm where something should have been said, and none where it is usual."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.array_state import StateInvalid
from seawall.pipeline.live.settings import SilenceSettings
from seawall.pipeline.live.silent_sources import HOUR, HOURS, SilenceDetector, SourceRhythm

KEY = ("org", "m365_audit")
MONDAY = 4 * 24
"""The epoch was a Thursday: the first hour of the first Monday."""


def office(weeks: int, chance: random.Random | None = None) -> list[int]:
    """Hours from 8 to 18 on working days."""
    return [
        MONDAY + week * HOURS + day * 24 + hour
        for week in range(weeks)
        for day in range(5)
        for hour in range(8, 18)
        if chance is None or chance.random() < 0.97
    ]


def learnt(hours: list[int]) -> SilenceDetector:
    listening = SilenceDetector(SilenceSettings())
    for hour in hours:
        listening.hear(KEY, [hour], 0.0, hour * HOUR)
    return listening


def alarm_after(listening: SilenceDetector, since: int) -> float | None:
    """After how many hours of silence from an hour on there is an alarm, asked every quarter of an hour."""
    listening.hear(KEY, [since], 0.0, since * HOUR)
    for quarters in range(1, 4 * 24 * 14):
        changes = listening.fallen_silent(quarters * 900.0, since * HOUR + quarters * HOUR // 4)
        if changes:
            assert [(c.key, c.is_silent, c.since) for c in changes] == [(KEY, True, since * HOUR)]
            return quarters / 4
    return None


def test_a_night_is_no_alarm_and_a_morning_is() -> None:
    listening = learnt(office(6))
    friday_evening = MONDAY + 6 * HOURS + 4 * 24 + 17
    hours = alarm_after(listening, friday_evening)
    assert hours is not None
    # The weekend is quiet: only on Monday, some hours after eight, is it too long.
    assert 63 < hours < 70


def test_within_working_hours_it_does_not_take_long() -> None:
    hours = alarm_after(learnt(office(6, random.Random(1))), MONDAY + 6 * HOURS + 9)
    assert hours is not None
    assert 2 <= hours <= 6


def test_a_source_that_always_speaks() -> None:
    hours = alarm_after(learnt(list(range(24 * 21))), 24 * 21)
    assert hours is not None
    assert 2 <= hours <= 4


def test_a_source_that_hardly_ever_speaks_is_left_alone() -> None:
    chance = random.Random(3)
    hours = sorted(chance.sample(range(24 * 60), 12))
    listening = learnt(hours)
    for day in range(1, 5):
        assert not listening.fallen_silent(day * 24 * 3600.0, (hours[-1] + day * 24) * HOUR)


def test_too_little_is_known() -> None:
    assert alarm_after(learnt(list(range(20))), 20) is None


def test_an_alarm_comes_once_and_ends_with_the_next_word() -> None:
    listening = learnt(list(range(24 * 21)))
    start = 24 * 21
    listening.hear(KEY, [start], 0.0, start * HOUR)
    assert len(listening.fallen_silent(10 * 3600.0, (start + 10) * HOUR)) == 1
    assert listening.is_silent(KEY)
    assert not listening.fallen_silent(11 * 3600.0, (start + 11) * HOUR)
    change = listening.hear(KEY, [start + 12], 12 * 3600.0, (start + 12) * HOUR)
    assert change is not None
    assert not change.is_silent
    assert not listening.is_silent(KEY)
    assert listening.hear(KEY, [start + 12], 12 * 3600.0, (start + 12) * HOUR) is None


def test_old_logs_teach_it_at_once() -> None:
    listening = SilenceDetector(SilenceSettings())
    listening.hear(KEY, list(range(24 * 21)), 0.0, 0)
    assert listening.habits[KEY].hours_known() >= 24 * 20
    assert listening.typical_gap(KEY, 0) == 3600.0


def test_the_typical_gap_is_that_of_the_hour() -> None:
    listening = learnt(office(6))
    at = MONDAY + 6 * HOURS
    assert listening.typical_gap(KEY, (at + 10) * HOUR) == 3600.0
    assert listening.typical_gap(KEY, (at + 17) * HOUR) == 15 * 3600.0
    assert listening.typical_gap(("other", "x"), 0) is None


def test_a_jump_of_the_wall_clock_is_no_silence() -> None:
    listening = learnt(list(range(24 * 21)))
    now = 24 * 21
    listening.hear(KEY, [now], 0.0, now * HOUR)
    assert not listening.fallen_silent(60.0, (now + 24 * 30) * HOUR)
    assert not listening.fallen_silent(120.0, (now - 24 * 30) * HOUR)


def test_a_start_begins_every_silence_anew() -> None:
    listening = learnt(list(range(24 * 21)))
    again = SilenceDetector(SilenceSettings())
    again.restore(listening.state())
    wall = (24 * 21 + 100) * HOUR
    assert not again.fallen_silent(1000.0, wall)
    assert not again.fallen_silent(1000.0 + 3600, wall + HOUR)
    assert again.fallen_silent(1000.0 + 5 * 3600, wall + 5 * HOUR)


def test_what_was_learnt_comes_back() -> None:
    listening = learnt(office(3, random.Random(2)))
    again = SilenceDetector(SilenceSettings())
    again.restore(listening.state())
    assert again.state() == listening.state()
    assert again.habits[KEY].chances() == listening.habits[KEY].chances()
    with pytest.raises(StateInvalid):
        again.restore(listening.state()[:-3])
    with pytest.raises(StateInvalid):
        again.restore(b"\x91\x93\xa1a\xa1b\x81\xa5spoke\x90")


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_it_learns_the_same_whatever_the_batches(hours: list[int]) -> None:
    one, many = SourceRhythm(), SourceRhythm()
    ordered = sorted(set(hours))
    if any(after - before > 600 for before, after in pairwise(ordered)):
        return
    one.hear(ordered)
    for hour in ordered:
        many.hear([hour])
    assert one.chances() == pytest.approx(many.chances())
    assert one.hours_known() == many.hours_known()
    assert all(0 < chance < 1 for chance in one.chances())


@given(st.lists(st.lists(st.integers(0, 2000), max_size=5), max_size=20))
def test_it_stays_small(batches: list[list[int]]) -> None:
    habit = SourceRhythm()
    for hours in batches:
        habit.hear(hours)
    assert len(habit.open_hours) <= 73
    assert len(habit.spoke) == len(habit.weeks) == HOURS
