"""Compaction changes no answer, pruning takes what is old and nothing else, and neither harms whoever reads or writes."""

from __future__ import annotations

import fcntl
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import Lake, locks, maintenance, parts, query
from seawall.storage.lake.layout import INCOMING, TENANTS
from tests.sample_events import event, table
from tests.storage.lake.events import ALL, DAY, LATER, everything, ids, numbered, part_files
from tests.thoroughness import examples


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "lake")


def test_closed_days_become_one_part_and_answers_stay(lake: Lake) -> None:
    for start in range(0, 100, 10):
        lake.append(numbered(start, start + 15, account=f"{start % 3}@x.example"))
    lake.append(numbered(0, 15, account="0@x.example", source_file="0.jsonl"))
    lake.append(numbered(0, 5, day=1))
    lake.append(numbered(5, 9, day=1))
    before = everything(lake)
    done = lake.compact(DAY + timedelta(days=1))
    assert (done.days, done.parts, done.rows, done.copies, done.damaged) == (1, 11, 150, 15, ())
    assert [day.parts for day in lake.size().days] == [1, 2]
    assert everything(lake) == before
    assert lake.compact(DAY + timedelta(days=1)).days == 0


@pytest.mark.parametrize("stretch", [1, 7, 50, 1000])
def test_rows_are_sorted_a_stretch_at_a_time(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr(query, "STRETCH", stretch)
    for start in range(0, 40, 20):
        for account in ("a@x.example", None, "ü@x.example", "B"):
            lake.append(numbered(start, start + 25, account=account, org_uid="org"))
    lake.append(numbered(0, 10, account=None, source_file="again"))
    before = everything(lake)
    assert len(before) == 4 * 45
    assert [row for part in lake.day("org", DAY) for row in part.to_pylist()] == before
    assert lake.compact(LATER).rows == 4 * 45
    for merged in part_files(lake):
        kept = pq.read_table(merged)
        assert kept.equals(kept.take(pc.sort_indices(kept, [(name, "ascending") for name in parts.ORDER])))
    assert len(part_files(lake)) == 1 or stretch < 1000
    assert everything(lake) == before
    assert [row for part in lake.day("org", DAY) for row in part.to_pylist()] == before


def test_many_copies_do_not_hide_what_comes_after_them(lake: Lake) -> None:
    for number in range(30):
        lake.append(table([event("same", source_file=str(number))]))
    lake.append(table([event("next", minute=1)]))
    page = lake.page("org", ALL, limit=1)
    assert ids(page.events) == ["same"]
    assert ids(lake.page("org", ALL, limit=1, cursor=page.cursor).events) == ["next"]
    assert ids(lake.page("org", ALL, limit=5).events) == ["same", "next"]


def test_what_comes_late_is_merged_next_time(lake: Lake) -> None:
    for start in (0, 10, 5):
        lake.append(numbered(start, start + 10))
        lake.compact(LATER)
    assert ids(lake.page("org", ALL).events) == [f"id-{n}" for n in range(20)]
    assert len(part_files(lake)) == 1


@settings(max_examples=examples(20), deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(
                st.tuples(st.integers(0, 15), st.integers(0, 2), st.sampled_from(["a", "b"])), max_size=12
            ),
            st.integers(-1, 3),
        ),
        max_size=12,
    )
)
def test_in_whatever_order_things_happen_every_record_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    held: set[tuple[str, str]] = set()
    with Lake.create(tmp_path_factory.mktemp("lake") / "lake") as lake:
        for step in steps:
            if isinstance(step, int):
                lake.compact(DAY + timedelta(days=step))
                continue
            lake.append(table([event(f"{n}-{d}", d, n, org_uid=org) for n, d, org in step]))
            held |= {(org, f"{n}-{d}") for n, d, org in step}
        found = [(org, row["metadata_uid"]) for org in "ab" for row in everything(lake, org)]
        assert sorted(found) == sorted(held)


def test_old_days_go_and_others_stay(lake: Lake) -> None:
    for day in range(4):
        lake.append(numbered(0, 5, day=day))
        lake.append(numbered(0, 5, day=day, org_uid="other") if day < 2 else numbered(0, 0))
    size = lake.size().total
    done = lake.prune(DAY + timedelta(days=2))
    assert (done.days, done.parts) == (4, 4)
    assert lake.size().total == size - done.size
    assert lake.tenants() == ["org"]
    assert [day.day for day in lake.size().days] == [DAY + timedelta(days=2), DAY + timedelta(days=3)]
    assert len(list((lake.root / TENANTS).iterdir())) == 1
    assert lake.prune(DAY).days == 0


def test_a_writer_in_another_thread_loses_nothing_to_compaction(lake: Lake) -> None:
    failures: list[Exception] = []

    def write() -> None:
        try:
            for start in range(0, 200, 10):
                lake.append(numbered(start, start + 10))
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    while thread.is_alive():
        lake.compact(LATER)
        found = len(everything(lake))
        assert found >= seen
        seen = found
    thread.join()
    assert failures == []
    assert len(everything(lake)) == 200


def test_a_reader_keeps_its_files_until_it_has_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.05)
    lake.append(numbered(0, 5))
    lake.append(numbered(5, 9))
    reader = lake.day("org", DAY)
    assert len(next(reader)) == 9
    for act in (lake.compact, lake.prune):
        with pytest.raises(LakeBroken, match="in use"):
            act(LATER)
    assert len(part_files(lake)) == 2
    reader.close()
    assert lake.compact(LATER).days == 1


def test_one_keeper_at_a_time(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.05)
    with locks.hold_lock(lake.root, "keeping", exclusive=True), pytest.raises(LakeBroken, match="in use"):
        lake.prune(LATER)


def test_leftovers_go_when_nobody_writes(lake: Lake) -> None:
    leftover = lake.root / INCOMING / "x.part"
    leftover.write_bytes(b"12345")
    gone = lake.root / INCOMING / "y.gone"
    gone.mkdir()
    (gone / "part").write_bytes(b"123")
    assert lake.size().leftovers == 8
    with locks.hold_lock(lake.root, "writing"):
        Lake.open(lake.root)
        assert leftover.exists()
    Lake.open(lake.root)
    assert list((lake.root / INCOMING).iterdir()) == []
    assert maintenance.sweep(lake.root) == 0


@pytest.mark.parametrize("exclusive", [False, True])
def test_what_is_locked_exclusively_is_open_to_write(tmp_path: Path, *, exclusive: bool) -> None:
    """NFS refuses an exclusive lock on a file that is open to read; who only reads a lake needs no right to write."""
    modes: list[int] = []

    def note(descriptor: int, *, is_shared: bool) -> None:
        assert is_shared is not exclusive
        modes.append(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "lock_descriptor", note)
        with locks.hold_lock(tmp_path, "keeping", exclusive=exclusive):
            pass
    assert modes == [os.O_RDWR if exclusive else os.O_RDONLY]
