"""Copies of records that are at hand are told from what says something new."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.coded_batch import Keys
from seawall.pipeline.live.duplicates import DuplicateFilter, RecordHasher
from seawall.storage import Coder
from tests.pipeline.live.test_detection import Watch, days_of
from tests.sample_events import event, sign_in, table

CHANGES: list[dict[str, Any]] = [
    {"item_count": 3},
    {"status": "failure"},
    {"account": "bob@x.example"},
    {"session_uid": "s-1"},
    {"is_throttled": True},
    {"parameters": '{"ForwardTo": "eve@far.example"}'},
    {"source": "office_activity"},
    {"src_asn": 64501},
]


def prints(*rows: dict[str, Any]) -> Keys:
    """Fingerprints of records that are coded together."""
    return RecordHasher().hash_records(Coder(unseen=False).encode(table(list(rows))))


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_any_change_is_something_new(change: dict[str, Any]) -> None:
    first, second, third = prints(
        event("a"), event("a", **change), event("a", source_file="b", source_line=7)
    )
    assert first == third != second


def test_a_record_without_an_id_is_nobodys_copy() -> None:
    assert prints(event("a"), event("a") | {"metadata_uid": None})[1] == 0
    copies = DuplicateFilter()
    copies.learn(np.zeros(1, np.int64), np.zeros(1, np.uint64))
    assert copies.fresh(np.zeros(1, np.int64), np.zeros(1, np.uint64)).all()


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), min_size=1, max_size=20), max_size=12
    ),
    st.sets(st.integers(0, 3)),
)
def test_known_are_those_that_were_learnt(batches: list[list[tuple[int, int]]], gone: set[int]) -> None:
    copies, known = DuplicateFilter(), set[tuple[int, int]]()
    for batch in batches:
        days, values = np.array([day for day, _ in batch]), np.array([value for _, value in batch], np.uint64)
        assert copies.fresh(days, values).tolist() == [one not in known for one in batch]
        copies.learn(days, values)
        known |= set(batch)
    copies.forget(gone)
    left = [one for one in sorted(known) if one[0] not in gone]
    for day, value in sorted(known):
        is_known = not copies.fresh(np.array([day]), np.array([value], np.uint64))[0]
        assert is_known == ((day, value) in left)


def taken(watch: Watch, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Have records come, and score; the days that were scored."""
    watch.take(table(list(rows)))
    return [day - FIRST for day in days_of(watch.score())]


FIRST = 20514
"""The day on which the events of these tests begin."""


def test_days_for_which_only_copies_come_are_not_scored_again(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    rows = [
        one
        for day in range(6)
        for one in (event(f"a{day}", day), sign_in(f"s{day}", day, 5, item_count=None))
    ]
    assert taken(watch, rows) == [0, 1, 2, 3, 4, 5]
    before = watch.candidates()

    watch.take(table([{**one, "source_file": "again.jsonl"} for one in rows[:6]]))
    assert watch.detection.unsettled_days == {FIRST, FIRST + 1, FIRST + 2}
    scoring = watch.score()
    assert not scoring.days
    assert scoring.rows == {FIRST + day: 4 for day in range(3)}
    assert scoring.done == {FIRST, FIRST + 1, FIRST + 2}
    assert not watch.detection.unsettled_days
    assert watch.candidates() == before

    assert taken(watch, [rows[0], {**rows[4], "item_count": 9}]) == [2, 3, 4, 5]


def test_after_a_start_copies_are_scored_once(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    rows = [event(f"a{day}", day) for day in range(4)]
    taken(watch, rows)
    watch.restart()
    watch.score()
    events = watch.events()
    assert taken(watch, rows[:1]) == [0, 1, 2, 3]
    assert taken(watch, rows[:1]) == []
    assert watch.events() == events == [1, 1, 1, 1]
