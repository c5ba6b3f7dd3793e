"""What is remembered of parts is bounded by numbers that do not grow with the records, and changes no answer."""

from __future__ import annotations

import gc
import weakref
from collections import OrderedDict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.accounts import Accounts
from seawall.storage.lake.footers import Footers
from seawall.storage.lake.latest import WeightedLruCache
from seawall.storage.lake.layout import DAY_MICROSECONDS, start_of
from tests.storage.lake.events import DAY, ids, numbered, part_files

ALL = EventQuery(start_of(DAY), start_of(DAY) + 9 * DAY_MICROSECONDS, "ann@x.example")
PARTS = 4


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "lake")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 5))), st.integers(1, 12))
def test_latest_keeps_what_was_used_last(steps: list[tuple[bool, int, int]], most: int) -> None:
    latest: WeightedLruCache[int, str] = WeightedLruCache(most)
    order: OrderedDict[int, int] = OrderedDict()
    for is_put, key, weight in steps:
        if is_put:
            latest.put(key, str(key), weight)
            order.setdefault(key, weight)
            while sum(order.values()) > most and len(order) > 1:
                order.popitem(last=False)
        else:
            assert latest.get(key) == (str(key) if key in order else None)
            if key in order:
                order.move_to_end(key)
        assert latest.held == sum(order.values())
        assert latest.held <= most or len(latest) == 1
        assert len(latest) == len(order)


def filled(lake: Lake, first: int, last: int) -> None:
    for part in range(first, last):
        lake.append(numbered(10 * part, 10 * part + 10, part % 3, account="ann@x.example"))


def asked(lake: Lake) -> tuple[list[str], int, list[object]]:
    page = lake.page("org", ALL, limit=1000)
    timeline = lake.timeline("org", "ann@x.example", ALL.start, ALL.end)
    return ids(page.events), sum(int(lane.events.sum()) for lane in timeline.lanes), [*lake.accounts("org")]


def test_three_times_the_parts_take_no_more_than_is_allowed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    footers = Footers(most_groups=1_000, most_chunks=200)
    monkeypatch.setattr(lake, "_footers", footers)
    filled(lake, 0, PARTS)
    asked(lake)
    after_some = footers.chunks_at_hand
    filled(lake, PARTS, 3 * PARTS)
    asked(lake)
    assert len(part_files(lake)) == 3 * PARTS
    assert footers.known_parts == 3 * PARTS
    assert 0 < footers.chunks_at_hand <= 200
    assert footers.chunks_at_hand == after_some


def test_what_was_forgotten_is_read_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(lake, 0, 3 * PARTS)
    before = asked(lake)
    assert len(before[0]) == before[1] == 30 * PARTS
    footers = Footers(most_groups=1, most_chunks=1)
    monkeypatch.setattr(lake, "_footers", footers)
    monkeypatch.setattr(lake, "_accounts", Accounts(most_rows=1))
    assert asked(lake) == asked(lake) == before
    assert footers.known_parts == 1


def test_a_part_that_became_another_is_read_again(lake: Lake) -> None:
    filled(lake, 0, 2)
    footers, (path, other) = Footers(), part_files(lake)
    spans = footers.of(path).span, footers.of(other).span
    other.replace(path)
    assert spans[0] != spans[1] == footers.of(path).span
    assert footers.of(path).whole() is footers.of(path).whole()


def test_a_part_that_is_gone_is_an_error(lake: Lake, tmp_path: Path) -> None:
    filled(lake, 0, 2)
    footers = Footers(most_chunks=1)
    first, second = (footers.of(path) for path in part_files(lake))
    first.path.unlink()
    with pytest.raises(FileNotFoundError):
        first.whole()
    assert second.whole().num_rows == 10


def test_what_is_forgotten_is_freed_at_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the garbage collector comes to it: it counts Python's objects, and knows nothing of what these hold."""
    filled(lake, 0, 1)
    footers = Footers()
    monkeypatch.setattr(lake, "_footers", footers)
    gc.disable()
    try:
        asked(lake)
        whole = weakref.ref(footers.of(part_files(lake)[0]).whole())
        assert whole() is not None
        footers.clear()
        assert whole() is None
    finally:
        gc.enable()
