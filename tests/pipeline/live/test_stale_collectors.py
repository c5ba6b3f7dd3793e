"""Collectors that stand still raise an alarm against their own rhythm; a slow or a quiet one does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.collector import open_collection
from seawall.collection.ledger import LedgerFeed
from seawall.pipeline.live.periodic_messages import PeriodicMessages
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.stale_collectors import (
    LEAST_SILENCE,
    CollectorChange,
    CollectorRhythm,
    follow_collectors,
    read_collectors,
)
from seawall.storage.database import Database

MINUTE = 60_000_000
HOUR = 60 * MINUTE
START = 1_772_000_000_000_000
KEY = ("contoso", "collector of microsoft Audit.Exchange")


def run(*growths: int, end: int) -> list[CollectorChange]:
    """The changes of a collector that gets on at these times, looked at once a minute until the end."""
    known: dict[tuple[str, str], CollectorRhythm] = {}
    changes: list[CollectorChange] = []
    for wall in range(0, end + 1, MINUTE):
        until = max((one for one in growths if one <= wall), default=-1)
        known, found = follow_collectors(known, {KEY: START + until}, START + wall)
        changes += found
    return changes


def test_one_that_stops_is_told_once_and_again_when_it_gets_on() -> None:
    often = [minutes * 10 * MINUTE for minutes in range(1, 13)]
    assert run(*often, end=often[-1] + LEAST_SILENCE) == []
    stopped = CollectorChange(KEY, True, START + often[-1])
    assert run(*often, end=often[-1] + 9 * HOUR) == [stopped]
    back = often[-1] + 9 * HOUR
    assert run(*often, back, end=back + HOUR) == [stopped, CollectorChange(KEY, False, START + often[-1])]


def test_a_daily_one_has_days() -> None:
    daily = [day * 24 * HOUR for day in range(1, 5)]
    assert run(*daily, end=daily[-1] + 3 * 24 * HOUR) == []
    assert run(*daily, end=daily[-1] + 3 * 24 * HOUR + MINUTE) == [
        CollectorChange(KEY, True, START + daily[-1])
    ]


def test_one_that_got_on_twice_or_is_gone_is_not_told() -> None:
    assert run(HOUR, 2 * HOUR, end=90 * HOUR) == []
    known = {KEY: CollectorRhythm(START, START, 9, MINUTE)}
    assert follow_collectors(known, {}, START + 90 * HOUR) == ({}, [])


@given(
    st.lists(st.integers(0, 10_000), max_size=30), st.lists(st.integers(-600, 6_000), min_size=1, max_size=60)
)
def test_silence_and_return_take_turns_whatever_the_clock_does(growths: list[int], steps: list[int]) -> None:
    known: dict[tuple[str, str], CollectorRhythm] = {}
    wall, told = 0, []
    for step in steps:
        wall += step
        until = max((one for one in growths if one <= wall), default=0)
        known, found = follow_collectors(known, {KEY: until}, wall * MINUTE)
        told += [one.is_stale for one in found]
    # a clock that goes back begins anew, and so may tell a silence twice
    if all(step >= 0 for step in steps):
        assert told == [number % 2 == 0 for number in range(len(told))]


@pytest.mark.parametrize("followed", ["logs", "logs/microsoft/contoso"])
def test_the_ledger_beside_the_folder_is_read_and_told(tmp_path: Path, followed: str) -> None:
    logs = tmp_path / "logs"
    (logs / "microsoft" / "contoso").mkdir(parents=True)
    feed = LedgerFeed("Audit.Exchange", "m365_audit", START, START, 0, 0)
    with open_collection(logs, "microsoft", "contoso") as book:
        number, _ = book.feed(feed)
        assert number >= 0
    assert set(read_collectors([tmp_path / followed])) == {KEY}
    assert read_collectors([tmp_path / "other"]) == {}


def test_the_watch_queues_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until = [START]
    monkeypatch.setattr("seawall.pipeline.live.periodic_messages.read_collectors", lambda _: {KEY: until[0]})
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    targets = Recipients(("hook",))
    messages = PeriodicMessages((tmp_path,))
    try:
        for minutes in range(0, 600, 5):
            if minutes <= 60:
                until[0] = START + minutes * MINUTE
            with database.only_writer() as writer:
                messages.work(database, writer, targets, START + minutes * MINUTE)
        with database.reading() as work:
            told = [one for one in work.outbox.of_target("hook") if one.kind.startswith("source")]
        assert [(one.kind, one.incident) for one in told] == [("source.silent", f"{KEY[0]}/{KEY[1]}")]
    finally:
        database.close()
