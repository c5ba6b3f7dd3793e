"""Of what was known after earlier days enough is kept to go back to, and never very much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seawall.pipeline.live.snapshots import AT_HAND, LADDER, StateSnapshots, ladder


@given(st.lists(st.integers(1, 9), min_size=1, max_size=300))
def test_as_days_go_by_there_is_always_one_to_go_back_to(gaps: list[int]) -> None:
    days: set[int] = set()
    newest = 0
    for gap in gaps:
        before, newest = newest, newest + gap
        days = ladder(days | {before}, newest)
        assert len(days) <= 2 * len(LADDER)
        assert before in days
        for back in LADDER:
            older = [day for day in days if day <= newest - back]
            # Never further back than twice the step, and the longest gap between days.
            assert newest <= 2 * back + 9 or (older and newest - max(older) <= 2 * back + 18)


def test_what_is_kept_comes_back_from_memory_and_from_the_disk(tmp_path: Path) -> None:
    snapshots = StateSnapshots(tmp_path)
    for day in (3, 1, 9, 4):
        snapshots.put(day, {"day": np.array([day]), "part.text": np.frombuffer(b"\0x", np.uint8)})
    assert snapshots.days() == {1, 3, 4, 9}
    assert len(list(tmp_path.iterdir())) == 4 - AT_HAND
    for day in snapshots.days():
        state = snapshots.get(day)
        assert state["day"].tolist() == [day]
        assert state["part.text"].tobytes() == b"\0x"
    assert [snapshots.latest(day) for day in (1, 2, 4, 5, 100)] == [None, 1, 3, 4, 9]
    snapshots.drop(1)
    snapshots.drop(9)
    assert snapshots.latest(100) == 4
    snapshots.clear()
    assert snapshots.days() == frozenset()
    assert list(tmp_path.iterdir()) == []
