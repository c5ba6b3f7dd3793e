"""Counts: one account moves its own baseline by a day at most, and its tenant's by one account at most."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.behaviour.counts import DAILY_DECAY, FieldCounts
from seawall.detection.behaviour.surprise import back_off_surprise, own_surprise, rarity


def codes(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_nothing_is_known_before_anything_is_learnt() -> None:
    looked = FieldCounts().look_up(codes(0, 1), codes(0, 0), codes(5, 5), 10)
    assert looked.seen.tolist() == [0, 0]
    assert looked.cohort.tolist() == [1, 1]  # each sees the other meet the value today
    assert np.isinf(looked.idle).all()


def test_days_seen_decay_and_add_up() -> None:
    counts = FieldCounts()
    counts.learn(codes(0), codes(0), codes(5), 10)
    counts.learn(codes(0), codes(0), codes(5), 12)
    looked = counts.look_up(codes(0), codes(0), codes(5), 13)
    assert np.isclose(looked.seen[0], (DAILY_DECAY**2 + 1) * DAILY_DECAY)
    assert looked.idle[0] == 1
    assert looked.accounts[0] == 0  # it is the only account, and does not count as its own peer


def test_a_tenant_counts_accounts_not_days() -> None:
    counts = FieldCounts()
    for day in range(5):
        counts.learn(codes(0, 1), codes(0, 0), codes(7, 7), day)
    looked = counts.look_up(codes(2), codes(0), codes(7), 6)
    assert looked.accounts[0] == 2
    assert counts.look_up(codes(2), codes(1), codes(7), 6).accounts[0] == 0  # tenants are apart


def test_usual_values_come_most_frequent_first() -> None:
    counts = FieldCounts()
    for day, value in enumerate([3, 4, 4, 4, 3]):
        counts.learn(codes(1), codes(0), codes(value), day)
    usual, days = counts.most_frequent(codes(1, 0), 5, 4)
    assert usual.of(0).tolist() == [4, 3]
    assert usual.of(1).tolist() == []
    assert days[0] > days[1] > 0


def test_as_many_usual_values_as_wanted_and_those_as_frequent_as_the_last() -> None:
    counts = FieldCounts()
    for day, value in enumerate([3, 4, 4, 5]):
        counts.learn(codes(1, 2), codes(0, 0), codes(value, 9), day)
    counts.learn(codes(1), codes(0), codes(6), 3)
    usual, days = counts.most_frequent(codes(2, 1), 4, 2)
    assert usual.of(0).tolist() == [9]
    assert usual.of(1).tolist()[:1] == [4]
    assert sorted(usual.of(1).tolist()[1:]) == [5, 6]
    assert len(days) == 4


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60))
def test_counts_equal_a_plain_reading_of_the_history(history: list[tuple[int, int, int]]) -> None:
    counts = FieldCounts()
    seen: dict[tuple[int, int], list[int]] = {}
    for day, actor, value in sorted({(d, a, v) for a, v, d in history}):
        counts.learn(codes(actor), codes(0), codes(value), day)
        seen.setdefault((actor, value), []).append(day)
    actors, values = zip(*seen, strict=True)
    looked = counts.look_up(codes(*actors), codes(*([0] * len(actors))), codes(*values), 10)
    want = [sum(DAILY_DECAY ** (10 - day) for day in days) for days in seen.values()]
    assert np.allclose(looked.seen, want, rtol=1e-4)
    peers = [len({a for a, v in seen if v == value and a != actor}) for actor, value in seen]
    assert looked.accounts.tolist() == peers


def test_a_familiar_value_surprises_less_than_a_new_one_and_a_roll_out_less_than_a_loner() -> None:
    counts = FieldCounts()
    for day in range(20):
        counts.learn(codes(*range(30)), codes(*([0] * 30)), codes(*([1] * 30)), day)
    familiar = back_off_surprise(counts.look_up(codes(0), codes(0), codes(1), 20))[0]
    alone = back_off_surprise(counts.look_up(codes(0), codes(0), codes(2), 20))[0]
    together = back_off_surprise(
        counts.look_up(codes(*range(20)), codes(*([0] * 20)), codes(*([2] * 20)), 20)
    )[0]
    assert familiar < together < alone
    looked = counts.look_up(codes(0), codes(0), codes(2), 20)
    assert (
        own_surprise(looked, np.array([20.0]))[0]
        > own_surprise(counts.look_up(codes(0), codes(0), codes(1), 20), np.array([20.0]))[0]
    )
    assert rarity(looked, np.array([30.0]))[0] > 3
