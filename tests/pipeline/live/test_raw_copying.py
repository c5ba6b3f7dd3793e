"""A watch copies the records of raised incidents as they came, each once, and nothing that is not theirs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.raw_copying import RawCopying
from seawall.pipeline.live.service import WatchService
from seawall.storage.database import Database
from seawall.storage.lake import Lake
from seawall.storage.raw_records import RawFolder
from tests.console.samples import INCIDENT
from tests.events.support import ORGANISATION, mail_read, write_lines
from tests.logs import world
from tests.pipeline.live.watching import settings

SECRET = "hunter2-secret"


@dataclass(frozen=True)
class Place:
    logs: Path
    database: Database
    lake: Lake

    @property
    def copies(self) -> RawFolder:
        return RawFolder(self.lake.root)

    def raise_incident(self, *records: int, raised: bool = True, name: str = "i1") -> None:
        ids = tuple(mail_read(number)["Id"] for number in records)
        incident = replace(
            INCIDENT,
            id=name,
            tenant=ORGANISATION,
            account="x",
            raised=raised,
            events=ids,
            first_event=0,
            last_event=2**52,
        )
        with self.database.writing() as work:
            work.incidents.put([incident])

    def ids(self) -> list[int]:
        known = {mail_read(number)["Id"]: number for number in range(1, 40)}
        return sorted(known[uid] for uid in self.copies.list_ids(ORGANISATION))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    logs = tmp_path / "logs"
    logs.mkdir()
    write_lines(logs / "a.jsonl", [{**mail_read(number), "password": SECRET} for number in range(1, 10)])
    write_lines(logs / "b.jsonl", [[mail_read(number) for number in range(10, 15)], mail_read(15)])
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    lake = Lake.create(tmp_path / "events")
    for batch in read([logs]):
        lake.append(enrich(batch.events, Networks.load()))
    yield Place(logs, database, lake)
    lake.close()
    database.close()


def test_records_of_raised_incidents_are_copied_once(place: Place) -> None:
    copying = RawCopying(place.database, place.lake, (place.logs,))
    assert copying.work() == 0
    place.raise_incident(2, 12)
    place.raise_incident(3, raised=False, name="i2")
    assert copying.work() == 2
    assert place.ids() == [2, 12]
    assert copying.work() == 0
    place.raise_incident(2, 12, 15)
    assert copying.work() == 1
    place.raise_incident(3, name="i2")
    assert copying.work() == 1
    assert place.ids() == [2, 3, 12, 15]
    again = RawCopying(place.database, place.lake, (place.logs,))
    assert again.work() == 0, "after a start, those that are there are not searched again"


def test_they_are_as_they_came_without_secrets(place: Place) -> None:
    place.raise_incident(2, 12)
    RawCopying(place.database, place.lake, (place.logs,)).work()
    first, second = place.copies.find(ORGANISATION, [mail_read(2)["Id"], mail_read(12)["Id"]])
    assert json.loads(first.text) == {**mail_read(2), "password": "[masked]"}
    assert json.loads(second.text) == mail_read(12)
    assert (first.origin.source_file, first.origin.source_line) == (str(place.logs / "a.jsonl"), 2)
    assert (second.origin.source_file, second.origin.source_line) == (str(place.logs / "b.jsonl"), 3)


def test_a_file_that_is_another_one_by_now_gives_no_record(place: Place) -> None:
    write_lines(place.logs / "a.jsonl", [mail_read(number) for number in range(20, 30)])
    (place.logs / "b.jsonl").unlink()
    place.raise_incident(2, 12)
    assert RawCopying(place.database, place.lake, (place.logs,)).work() == 0
    assert place.ids() == []


def test_nothing_outside_the_followed_folders_is_opened(place: Place, tmp_path: Path) -> None:
    place.raise_incident(2)
    assert RawCopying(place.database, place.lake, ()).work() == 0
    other = tmp_path / "other"
    other.mkdir()
    assert RawCopying(place.database, place.lake, (other,)).work() == 0


def test_a_watch_copies_the_records_of_its_incidents(tmp_path: Path) -> None:
    chosen = settings(world(3)(tmp_path / "world"), tmp_path / "store")
    with open_watch_store(chosen, print) as (database, lake):
        service = WatchService(chosen, database, lake)
        service.run(threading.Event(), "once")
        RawCopying(database, lake, chosen.folders).work()
        with database.reading() as work:
            raised = [one for one in work.incidents.page(limit=1_000) if one.raised]
        assert raised
        for one in raised:
            kept = RawFolder(lake.root).find(one.tenant, one.events)
            assert {record.origin.record for record in kept} == set(one.events)
