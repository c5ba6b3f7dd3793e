"""Windows that look random are kept, text and padding are not: many keys then cost little more than one."""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.keys.leaks.number_search.arithmetic import KnownKeys
from seawall.keys.leaks.number_search.randomness import LOST, bounds_for, mark_random
from tests.every import check_every
from tests.keys.leaks.rsa_numbers import Numbers, noise, numbers


def is_marked(data: bytes, place: int, length: int) -> bool:
    return bool(mark_random(np.frombuffer(data, np.uint8), bounds_for(length))[place // 8])


@given(
    length=st.integers(32, 1024),
    before=st.integers(0, 40),
    after=st.integers(0, 40),
    padding=st.sampled_from([b"\x00", b"A", b"\xff"]),
    seed=st.integers(0, 1 << 32),
)
def test_a_random_number_is_marked_at_any_offset(
    length: int, before: int, after: int, padding: bytes, seed: int
) -> None:
    number = random.Random(seed).randbytes(length)
    assert is_marked(padding * before + number + padding * after, before, length)


@pytest.mark.parametrize("length", [64, 128, 256, 1024])
@pytest.mark.parametrize(
    "filling", [b"\x00", b"2026-11-26T12:00:00Z token accepted kid=1\n", b"\x01\x00\x00\x80"]
)
def test_padding_and_text_are_not_marked(length: int, filling: bytes) -> None:
    flags = mark_random(np.frombuffer(filling * 4096, np.uint8), bounds_for(length))
    inner = bounds_for(length).words
    assert not flags[:-inner].any()
    assert flags[-inner:].all()  # what does not fit is for the caller to leave out


def _loses_next_to_nothing(length: int) -> None:
    bounds = bounds_for(length)
    size = 8 * bounds.words
    assert length - 15 <= size <= length - 8
    assert bounds.fewest_high <= size / 2
    assert bounds.most_zero < size or size < 40


def test_bounds_lose_next_to_nothing() -> None:
    check_every(range(32, 1025), _loses_next_to_nothing)


@pytest.mark.parametrize("length", [48, 128, 1024])
def test_bounds_are_those_of_the_binomial_distribution(length: int) -> None:
    bounds = bounds_for(length)
    size = 8 * bounds.words
    high = [math.comb(size, count) for count in range(size + 1)]
    assert sum(high[: bounds.fewest_high]) <= Fraction(LOST) * 2**size < sum(high[: bounds.fewest_high + 1])
    zero = [math.comb(size, count) * 255 ** (size - count) for count in range(size + 1)]
    lost = [sum(zero[count + 1 :]) for count in (bounds.most_zero - 1, bounds.most_zero)]
    assert lost[0] > Fraction(LOST) * 256**size >= lost[1]


@pytest.mark.parametrize("size", range(17))
def test_buffers_shorter_than_a_window_are_marked(size: int) -> None:
    assert mark_random(np.zeros(size, np.uint8), bounds_for(128)).all()


def test_twenty_keys_cost_little_more_than_one() -> None:
    """Searching for each key apart cost seven times as much as for one. The bound leaves room for a busy machine."""
    keys = [numbers(1024, seed) for seed in range(20)]
    data = bytes(noise(1 << 19, 5)) + b"a line of a log that says nothing\n" * 40_000
    one, many = KnownKeys.from_public(keys[:1]), KnownKeys.from_public(keys)
    assert _seconds(many, data, keys) < 3 * _seconds(one, data, keys[:1])


def _seconds(search: KnownKeys, data: bytes, keys: list[Numbers]) -> float:
    """Processor time of the fastest of four searches; the first compiles."""
    planted = data + b"".join(key.p.to_bytes(key.half, "little") for key in keys)
    seconds = []
    for _ in range(4):
        begun = time.process_time()
        assert len(search.search(planted)) == len(keys)
        seconds.append(time.process_time() - begun)
    return min(seconds)
