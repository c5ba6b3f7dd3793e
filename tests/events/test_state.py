"""State that is read back: only what was taken down, checked; everything else is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.array_state import RestoredState, State, StateInvalid, nest_states, pack_texts


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_come_back_as_they_were(texts: list[str]) -> None:
    assert RestoredState(nest_states(a=pack_texts("b", texts))).part("a").texts("b", len(texts)) == texts


def test_another_number_of_texts_is_refused() -> None:
    with pytest.raises(StateInvalid, match=r"b\.ends"):
        RestoredState(pack_texts("b", ["x", "y"])).texts("b", 3)


@given(st.lists(st.integers(-10, 10) | st.integers(-(2**63), 2**63 - 1), max_size=6), st.binary(max_size=8))
def test_any_other_ends_are_refused_or_cut_within_the_bytes(ends: list[int], content: bytes) -> None:
    state: State = {"b.bytes": np.frombuffer(content, np.uint8), "b.ends": np.array(ends, np.int64)}
    try:
        found = RestoredState(state).texts("b")
    except StateInvalid:
        return
    assert "".join(found).encode() == content
    assert len(found) == len(ends)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.float32),
        np.zeros((3, 1)),
        np.zeros(4),
        np.array([0.0, np.nan, 0.0]),
        np.array([0.0, np.inf, 0.0]),
        np.zeros(3, ">f8"),
    ],
    ids=["type", "dimensions", "size", "nan", "infinity", "byte-order"],
)
def test_another_array_is_refused(array: np.ndarray) -> None:
    with pytest.raises(StateInvalid, match=r"part\.a"):
        RestoredState({"part.a": array}).part("part").array("a", np.float64, 3)


def test_a_missing_array_is_named() -> None:
    with pytest.raises(StateInvalid, match=r"part\.a is missing"):
        RestoredState({"a": np.zeros(3)}).part("part").array("a", np.float64, 3)


@pytest.mark.parametrize("keys", [[1, 1], [2, 1]], ids=["twice", "order"])
def test_keys_that_could_not_be_found_again_are_refused(keys: list[int]) -> None:
    with pytest.raises(StateInvalid, match="keys"):
        RestoredState({"keys": np.array(keys, np.uint64)}).keys("keys")


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(StateInvalid, match="b is int32"):
        RestoredState({"a": np.zeros(3, np.int32), "b": np.zeros(2, np.int32)}).columns(
            {"_a": np.int32, "_b": np.int32}
        )


def test_what_is_read_back_shares_no_memory_with_what_was_kept() -> None:
    kept = np.zeros(3)
    RestoredState({"a": kept}).array("a", np.float64, 3)[0] = 1
    assert kept[0] == 0
