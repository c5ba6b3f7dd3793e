"""Places where one of some 8-byte windows may begin, against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.number_search.windows import WindowFinder, check_of, fold_of
from tests.keys.leaks.rsa_numbers import noise
from tests.thoroughness import examples


@settings(max_examples=examples(60), deadline=None)
@given(
    data=st.one_of(st.binary(max_size=4000), st.integers(0, 5000).map(lambda size: bytes(noise(size, size)))),
    wanted=st.lists(st.integers(0, 65535), max_size=60),
    start=st.integers(0, 3000),
    length=st.integers(0, 5000),
)
def test_places_are_those_of_a_plain_loop(data: bytes, wanted: list[int], start: int, length: int) -> None:
    if len(data) > 2100:  # also one that is there
        wanted = [*wanted, fold_of(data[2000:2008])]
    end = min(start + length, len(data) - 7)
    expected = [
        (i, fold_of(data[i : i + 8])) for i in range(start, end) if fold_of(data[i : i + 8]) in wanted
    ]
    assert [
        tuple(row)
        for row in WindowFinder((fold, None) for fold in wanted).places(
            np.frombuffer(data, np.uint8), start, start + length
        )
    ] == expected


@given(st.binary(min_size=8, max_size=8))
def test_a_fold_is_the_same_both_ways_round(window: bytes) -> None:
    assert fold_of(window) == fold_of(window[::-1])
    assert 0 <= fold_of(window) < 1 << 16
    assert check_of(window) == check_of(window[::-1])
    assert 0 <= check_of(window) < 1 << 16


@given(
    data=st.binary(min_size=8, max_size=40).map(lambda piece: piece * 20),
    wanted=st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535) | st.none()), max_size=10),
    at=st.integers(0, 100),
    is_checked=st.booleans(),
)
def test_a_check_that_goes_with_a_fold_must_fit_too(
    data: bytes, wanted: list[tuple[int, int | None]], at: int, is_checked: bool
) -> None:
    window = data[at : at + 8]
    wanted = [*wanted, (fold_of(window), check_of(window) if is_checked else None)]
    folds = [(fold_of(data[i : i + 8]), check_of(data[i : i + 8])) for i in range(len(data) - 7)]
    expected = [
        i for i, (fold, check) in enumerate(folds) if (fold, check) in wanted or (fold, None) in wanted
    ]
    assert [
        place for place, _ in WindowFinder(wanted).places(np.frombuffer(data, np.uint8), 0, len(data))
    ] == expected


def test_folds_of_random_windows_are_spread_evenly() -> None:
    data = bytes(noise(80_000, 1))
    seen = {fold_of(data[i : i + 8]) for i in range(0, 80_000, 8)}
    assert len(seen) > 9000  # of 10,000; 9,270 are expected


@pytest.mark.parametrize("count", [3, 60])
def test_a_place_everywhere_loses_none(count: int) -> None:
    data = np.zeros(100_000, np.uint8)
    finder = WindowFinder((fold, None) for fold in range(count))
    assert [place for place, _ in finder.places(data, 0, len(data))] == list(range(99_993))
