"""Lists of different lengths in two arrays give what plain lists give."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.ragged import Ragged, SparseRows, collect, gather

LISTS = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=6)


def ragged(lists: list[list[int]]) -> Ragged:
    owners = np.array([at for at, one in enumerate(lists) for _ in one], np.intp)
    return collect(owners, np.array([value for one in lists for value in one], np.int64), len(lists))


def plain(held: Ragged) -> list[list[int]]:
    return [held.of(at).tolist() for at in range(len(held))]


@given(LISTS, st.integers(0, 4))
def test_lists_come_back_and_are_cut_and_selected(lists: list[list[int]], most: int) -> None:
    held = ragged(lists)
    assert plain(held) == lists
    assert plain(held.first(most)) == [one[:most] for one in lists]
    assert plain(held.first(np.arange(len(lists)))) == [one[:at] for at, one in enumerate(lists)]
    assert plain(held.select(held.values > 2)) == [[value for value in one if value > 2] for one in lists]
    assert held.has(held.values > 2).tolist() == [any(value > 2 for value in one) for one in lists]


@given(LISTS)
def test_the_first_value_of_a_kind_is_found_else_the_first(lists: list[list[int]]) -> None:
    held = ragged([[0, *one] for one in lists])
    found = held.values[held.find_first(held.values > 2)]
    assert found.tolist() == [next((value for value in one if value > 2), 0) for one in lists]


def test_spans_are_gathered() -> None:
    assert plain(gather(np.array([3, 0, 5]), np.array([5, 0, 6]))) == [[3, 4], [], [5]]


@given(
    st.integers(1, 20).flatmap(
        lambda columns: st.lists(
            st.lists(
                st.sampled_from([0.0, -0.0, 1.5, float("inf"), float("nan"), -2.0]),
                min_size=columns,
                max_size=columns,
            ),
            min_size=1,
            max_size=5,
        )
    )
)
def test_a_table_without_zeros_gives_its_rows_to_the_bit(rows: list[list[float]]) -> None:
    table = np.array(rows)
    held = SparseRows.pack(table)
    assert all(held.row(at).tobytes() == table[at].tobytes() for at in range(len(table)))
