"""Erasing a person from a store that a watch wrote: every kind of state can be read, and copies of the database are named."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seawall.pipeline.erasure.erasing import ErasureRequest, erase_person
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.storage.location import open_store
from tests.pipeline.live.running import quick

ANNA, BOB = "anna.berger@x.example", "bob@x.example"
DAYS = 6


def write_logs(folder: Path) -> None:
    folder.mkdir()
    for day in range(DAYS):
        start = datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(days=day)
        records = [
            {
                "CreationTime": f"{start + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S}", "Id": f"r-{day}-{number}",
                "Operation": "MailItemsAccessed", "RecordType": 50, "Workload": "Exchange", "UserId": user,
                "OrganizationName": "x.example", "ClientIPAddress": "192.0.2.7",
            }
            for number, user in enumerate([ANNA, BOB] * 5)
        ]  # fmt: skip
        (folder / f"{day}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A store that a watch wrote in two runs: the second keeps the states after settled days."""
    write_logs(tmp_path / "logs")
    settings = quick(tmp_path / "store", tmp_path / "logs")
    for _ in range(2):
        with open_watch_store(settings, print) as (database, lake):
            WatchService(settings, database, lake).run(threading.Event(), "once")
    return tmp_path / "store"


def names_of_states(store: Path) -> list[str]:
    with open_store(store) as opened, opened.database.reading() as work:
        return work.states.names()


def test_it_ends_well(watched: Path) -> None:
    names = names_of_states(watched)
    assert {"silence", "detection/coder", "detection/ledger"} <= set(names)
    assert any("/engine/" in name for name in names)
    receipt = erase_person(ErasureRequest(account=ANNA, store=watched))
    assert receipt.left == []
    assert receipt.check is not None
    assert receipt.check.found == []
    assert receipt.state == "done"
    assert names_of_states(watched) == names


@pytest.mark.parametrize("place", ["state", "candidate"])
def test_what_cannot_be_read_is_deleted_if_asked(watched: Path, place: str) -> None:
    with open_store(watched) as opened, opened.database.writing() as work:
        if place == "state":
            work.states.put("silence", b"\xc1" + ANNA.encode())
        else:
            work.candidates.put_day(20_000, [b"\xc1" + ANNA.encode()])
    request = ErasureRequest(account=ANNA, store=watched)
    receipt = erase_person(request)
    what = {"state": "state silence", "candidate": "candidates of 2024-10-04"}[place]
    assert ([one.what for one in receipt.left], receipt.state) == ([what], "incomplete")
    deleted = erase_person(ErasureRequest(account=ANNA, store=watched, should_delete=True))
    assert (deleted.left, deleted.state) == ([], "done")
    assert ("silence" in names_of_states(watched)) is (place != "state")


def test_a_copy_of_the_database_is_named_and_deleted_if_asked(watched: Path) -> None:
    copy = watched / "seawall.db.before-0007"
    copy.write_bytes((watched / "seawall.db").read_bytes())
    receipt = erase_person(ErasureRequest(account=ANNA, store=watched))
    assert ([one.what for one in receipt.left], receipt.state) == ([str(copy)], "incomplete")
    rehearsal = ErasureRequest(account=ANNA, store=watched, should_delete=True, is_rehearsal=True)
    assert erase_person(rehearsal).left == []
    assert copy.exists()
    assert erase_person(ErasureRequest(account=ANNA, store=watched, should_delete=True)).state == "done"
    assert not copy.exists()
