"""Distinct values, groups and stable orders agree with NumPy's own, and hashes of text with their definition."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.coded_batch import Interner, hash_text, mix, pair_keys
from seawall.events.grouping import (
    DENSE,
    Grouped,
    distinct,
    group_codes,
    group_pairs,
    group_rows,
    stable_order,
)

codes = st.lists(st.integers(-1, 6), max_size=200)
texts = st.lists(st.none() | st.text(max_size=20) | st.sampled_from(["0123456789abcdef", "fedcba98"]))


@given(codes)
def test_distinct_and_grouped_are_what_unique_is(values: list[int]) -> None:
    keys = np.array(values, np.int64)
    expected, first, place = np.unique(keys, return_index=True, return_inverse=True)
    found = group_rows(keys)
    assert distinct(keys).tolist() == expected.tolist() == found.keys.tolist()
    assert (found.first.tolist(), found.place.tolist()) == (first.tolist(), place.tolist())


def _rows(found: Grouped) -> list[tuple[int, int]]:
    """The key of each row and the first row with it."""
    return [(int(found.keys[place]), int(found.first[place])) for place in found.place]


@given(st.lists(st.integers(-1, 6) | st.just(40 * DENSE), max_size=60))
def test_codes_are_grouped_without_sorting_as_they_are_with_it(values: list[int]) -> None:
    keys = np.array(values, np.int32)
    for dense in (keys, np.concatenate([keys, np.arange(-1, 60 * DENSE, DENSE, dtype=np.int32)])):
        found, expected = group_codes(dense), group_rows(dense)
        assert found.keys.tolist() == expected.keys.tolist()
        assert (found.first.tolist(), found.place.tolist()) == (
            expected.first.tolist(),
            expected.place.tolist(),
        )


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4) | st.just(2**31 - 1)), max_size=60))
def test_pairs_of_codes_are_grouped_as_their_keys_are(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([pair[half] for pair in pairs], np.int32) for half in (0, 1))
    found, keys = group_pairs(left, right), pair_keys(left, right)
    assert _rows(found) == _rows(group_rows(keys))
    assert found.keys.dtype == np.uint64
    assert len(found.keys) == len(set(keys.tolist()))


@given(codes)
def test_a_stable_order_keeps_equal_codes_as_they_stand(values: list[int]) -> None:
    expected = np.argsort(np.array(values), kind="stable")
    assert stable_order(np.array(values, np.int32)).tolist() == expected.tolist()


@given(st.lists(codes, max_size=4))
def test_an_interner_numbers_keys_in_the_order_in_which_they_first_stand(parts: list[list[int]]) -> None:
    interner, numbers = Interner(), dict[int, int]()
    for part in parts:
        expected = [numbers.setdefault(value % 2**64, len(numbers)) for value in part]
        assert interner.learn(np.array(part, np.int64).astype(np.uint64)).tolist() == expected
        assert interner.keys.tolist() == list(numbers)


def _hash(text: str | None) -> int:
    content, state = (text or "").encode(), np.zeros(1, np.uint64)
    if not content:
        return 0
    for start in range(0, len(content), 8):
        state = mix(state, np.array([int.from_bytes(content[start : start + 8], "little")], np.uint64))
    return max(int(mix(state, np.array([len(content)], np.uint64))[0]), 1)


@given(texts, st.integers(0, 3))
def test_a_hash_of_text_depends_on_the_text_alone(values: list[str | None], skipped: int) -> None:
    column = pa.array(values, pa.string()).slice(min(skipped, len(values)))
    assert hash_text(column).tolist() == [_hash(value) for value in column.to_pylist()]


@given(st.lists(st.text("0123456789abcdef-", min_size=36, max_size=36) | st.none()))
def test_a_hash_of_identifiers_of_one_size_too(values: list[str | None]) -> None:
    assert hash_text(pa.array(values, pa.string())).tolist() == [_hash(value) for value in values]
