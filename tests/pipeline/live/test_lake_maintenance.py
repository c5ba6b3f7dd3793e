"""A store stays small: many parts become one, old days go, and no clock that is wrong makes young ones go."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from seawall.pipeline.live import lake_maintenance as upkeep_module
from seawall.pipeline.live.lake_maintenance import (
    DAY,
    LEAST_DAYS,
    MANY_PARTS,
    LakeMaintenance,
    RetentionTask,
    forget,
    oldest_kept,
)
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from tests.clocks import ClockOf
from tests.sample_events import START, event, table
from tests.storage.database.test_incidents import incident
from tests.storage.lake.events import part_files

EPOCH = date(1970, 1, 1)
NEWEST = (START.date() - EPOCH).days


def lake_with(root: Path, *parts: tuple[int, int]) -> Lake:
    """A lake with so many parts of days, counted from the newest one back."""
    lake = Lake.create(root)
    for back, count in parts:
        for number in range(count):
            lake.append(table([event(f"{back}-{number}", -back, 9)]))
    return lake


def upkeep(
    lake: Lake, *, rate: float = 0.0, retention: int | None = None, wall: int = NEWEST
) -> LakeMaintenance:
    return LakeMaintenance(
        lake, ClockOf(monotonic=lambda: 0.0, now=lambda: wall * DAY), retention, lambda: NEWEST, lambda: rate
    )


def days(lake: Lake) -> dict[int, int]:
    """Parts of each day, counted from the newest one back."""
    return {NEWEST - (day.day - EPOCH).days: day.parts for day in lake.size().days}


def test_closed_days_are_merged_when_little_arrives(tmp_path: Path) -> None:
    with lake_with(tmp_path / "events", (0, 3), (1, 4)) as lake:
        upkeep(lake, rate=50_000.0).work()
        assert days(lake) == {0: 3, 1: 4}
        upkeep(lake).work()
        assert days(lake) == {0: 3, 1: 1}


def test_an_open_day_in_many_parts_is_merged_too(tmp_path: Path) -> None:
    with lake_with(tmp_path / "events", (0, MANY_PARTS + 2)) as lake:
        upkeep(lake).work()
        assert days(lake) == {0: 1}


def test_readers_find_what_was_merged_and_merged_parts_go_an_hour_later(tmp_path: Path) -> None:
    now = NEWEST * DAY
    with lake_with(tmp_path / "events", (0, 3), (1, 4)) as lake:
        kept = upkeep(lake)
        kept.clock = ClockOf(monotonic=lambda: 0.0, now=lambda: now)
        lake.publish(now)
        kept.work()
        table = DeltaTable(str(lake.root))
        assert (len(table.file_uris()), table.to_pyarrow_table().num_rows) == (4, 7)
        assert len(part_files(lake)) == 3 + 1 + 4
        now += 3_600_000_000
        kept.work()
        assert len(part_files(lake)) == 3 + 1


def test_what_is_too_old_goes_once_an_hour(tmp_path: Path) -> None:
    with lake_with(tmp_path / "events", (0, 1), (9, 1), (10, 1)) as lake:
        kept = upkeep(lake, retention=10)
        kept.work()
        assert set(days(lake)) == {0, 9}
        lake.append(table([event("late", -30, 9)]))
        kept.work()
        assert set(days(lake)) == {0, 9, 30}


def test_nothing_is_deleted_without_a_retention(tmp_path: Path) -> None:
    with lake_with(tmp_path / "events", (0, 1), (5000, 1)) as lake:
        upkeep(lake).work()
        assert set(days(lake)) == {0, 5000}


@pytest.mark.parametrize(
    ("newest", "today", "first"),
    [(100, 100, 91), (100, 40_000, 91), (40_000, 100, 91), (100, 95, 86)],
    ids=["both agree", "the clock jumped ahead", "a record of the future", "the clock is behind"],
)
def test_neither_a_clock_nor_a_record_alone_makes_anything_old(newest: int, today: int, first: int) -> None:
    assert oldest_kept(newest, today * DAY, 10) == first
    assert oldest_kept(newest, today * DAY, None) is None


def test_what_is_ruled_on_again_is_not_forgotten(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    with database.writing() as work:
        for back in (0, LEAST_DAYS - 1, LEAST_DAYS, LEAST_DAYS + 1):
            work.candidates.put_day(NEWEST - back, [b"x"])
        first = oldest_kept(NEWEST, NEWEST * DAY, 2)
        assert first is not None
        forget(work, first, NEWEST * DAY, 2)
        assert {NEWEST - day for day in work.candidates.counts()} == {0, LEAST_DAYS - 1}
    with database.writing() as work:
        work.candidates.put_day(NEWEST - 80, [b"x"])
        first = oldest_kept(NEWEST, NEWEST * DAY, 100)
        assert first is not None
        forget(work, first, NEWEST * DAY, 100)
        assert NEWEST - 80 in work.candidates.counts()
    database.close()


def test_answers_end_when_they_expire_but_not_because_a_clock_jumped(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    begin, hour = 1_700_000_000_000_000, 3_600_000_000
    forgetting = RetentionTask(None)
    with database.only_writer() as writer:
        with database.writing(writer) as work:
            work.incidents.put([incident(1)])
            work.answers.give(incident(1).id, "safe", by="ann", at=begin, expires_at=begin + 5 * hour)
        for now, wall, answer in (
            (0.0, begin, "safe"),
            (30.0, begin + 100 * hour, "safe"),
            (61.0, begin + 100 * hour, "safe"),
            (4 * 3600.0 - 1, begin - 100 * hour, "safe"),
            (6 * 3600.0, begin + 6 * hour, None),
        ):
            forgetting.work(database, writer, None, now, wall)
            with database.reading() as work:
                row = work.incidents.row(incident(1).id)
            assert row is not None
            assert row.answer == answer
    database.close()


def test_an_unexpected_error_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep_module, "_LOOK_SECONDS", 0.0)
    stopped, told = threading.Event(), list[str | None]()
    with lake_with(tmp_path / "events") as lake:
        kept = upkeep(lake)

        def newest() -> int:
            told.append(kept.fault)
            if len(told) == 1:
                raise ValueError("what nobody thought of")
            stopped.set()
            return NEWEST

        kept.newest = newest
        kept.run(stopped)
        assert told == [None, "upkeep of the events: unexpected ValueError"]
        assert kept.fault is None
