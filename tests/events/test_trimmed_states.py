"""Arrays that grew ahead of need are kept up to their last entry."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.array_state import State, trim_rows

ENTRIES = st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 1), st.integers(0, 1)), max_size=6)


@given(ENTRIES, st.integers(0, 3))
def test_only_the_last_empty_rows_go(entries: list[tuple[int, int, int]], more: int) -> None:
    rows = np.array([*entries, *[(-1, 0, 0)] * more], np.int32).reshape(-1, 3)
    state: State = {"first": rows[:, 0], "table": rows[:, 1:], "other": np.arange(3)}
    trimmed = trim_rows(state, {"first": -1, "table": 0})
    size = len(trimmed["first"])
    assert trimmed["table"].tolist() == rows[:size, 1:].tolist()
    assert trimmed["first"].tolist() == rows[:size, 0].tolist()
    assert all(row == [-1, 0, 0] for row in rows[size:].tolist())
    assert size == 0 or rows[size - 1].tolist() != [-1, 0, 0]
    assert trimmed["other"].tolist() == [0, 1, 2]
