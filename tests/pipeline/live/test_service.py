"""A running watch ends with what a scan finds, whatever way the records come and whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import random
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from seawall.detection.incident import Incident
from seawall.pipeline.live.errors import WatchBusy
from seawall.pipeline.live.news import News
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.storage.database import Database
from seawall.storage.files.incident_documents import incident_from_document
from seawall.storage.lake import Lake
from seawall_base.errors import DatabaseInUse
from seawall_base.webhook import Webhook
from tests.base.webhooks.receiver import receiving
from tests.clocks import ClockOf
from tests.pipeline.live.running import bodies, quick, running, settled, until
from tests.pipeline.live.stored import Stored, stored
from tests.storage.database.postgresql import Server, programs

Ended = Callable[[Path], Stored]


def told(store: Path) -> set[str]:
    database = Database.open(store / "seawall.db")
    try:
        with database.reading() as work:
            renamed = work.aliases.all()
            return {renamed.get(id_, id_) for id_ in work.announcements.all()}
    finally:
        database.close()


def test_requests_in_any_order_and_more_than_once(logs: Path, expected: Stored, tmp_path: Path) -> None:
    contents = bodies(logs)
    random.Random(3).shuffle(contents)
    with running(quick(tmp_path / "store")) as service, ThreadPoolExecutor(4) as senders:

        def send(number: int) -> tuple[int, int, bool]:
            receipt = service.ingest(contents[number], source=f"sender-{number}", key=f"request-{number}")
            again = service.ingest(contents[number], source="other", key=f"request-{number}")
            assert (again.id, again.records, again.problems) == (
                receipt.id,
                receipt.records,
                receipt.problems,
            )
            return receipt.records, receipt.problems, again.is_repeat

        found = list(senders.map(send, range(len(contents))))
        settled(service, expected.records)
        status = service.status()
    assert all(is_repeat for _, _, is_repeat in found)
    assert sum(records for records, _, _ in found) == expected.records == status.records
    assert status.events == expected.events
    assert status.records == status.events + status.duplicates + status.problems
    assert stored(tmp_path / "store") == expected


def test_a_key_is_remembered_by_the_next_start(logs: Path, tmp_path: Path) -> None:
    body = bodies(logs)[0]
    for _ in range(2):
        with running(quick(tmp_path / "store")) as service:
            receipt = service.ingest(body, source="a", key="the same")
            settled(service, receipt.records)
            assert service.status().records == receipt.records
    assert receipt.is_repeat


def test_without_a_key_a_repeated_request_is_duplicates(logs: Path, tmp_path: Path) -> None:
    body = bodies(logs)[0]
    with running(quick(tmp_path / "store")) as service:
        once = service.ingest(body, source="a").records
        settled(service, once)
        events = service.status().events
        service.ingest(body, source="b")
        settled(service, 2 * once)
        status = service.status()
    assert (status.records, status.events) == (2 * once, events)


def test_what_makes_no_sense_is_a_problem(tmp_path: Path) -> None:
    with running(quick(tmp_path / "store")) as service:
        assert service.ingest(b"", source="a").records == 0
        receipt = service.ingest(b'{"a":\n\xff\xfe\n[1]\n{}\n', source="a")
        assert receipt.records == receipt.problems > 0
        until(lambda: service.status().problems == receipt.problems)


def test_folders_that_fill_while_it_stops_and_starts(logs: Path, expected: Stored, tmp_path: Path) -> None:
    folder = tmp_path / "arriving"
    folder.mkdir()
    files = [path for path in sorted(logs.rglob("*")) if path.is_file()]
    thirds = [files[start::3] for start in range(3)]
    for number, part in enumerate(thirds):
        for place, path in enumerate(part):
            shutil.copyfile(path, folder / f"{number}-{place}-{path.name}")
        with running(quick(tmp_path / "store", folder)) as service:
            until(lambda: service.status().records > 0 and service.status().doing == "idle")
    with running(quick(tmp_path / "store", folder)) as service:
        settled(service, expected.records)
    assert stored(tmp_path / "store") == expected


def test_news_are_told_once(logs: Path, expected: Stored, tmp_path: Path) -> None:
    news: list[News] = []
    with receiving() as receiver:
        settings = quick(tmp_path / "store", logs, webhooks=(Webhook(receiver.url),))
        for _ in range(2):
            with open_watch_store(settings, print) as (database, lake):
                WatchService(settings, database, lake, news=news.append).run(threading.Event(), "once")
    raised = {id_ for id_, incident in expected.incidents.items() if incident["raised"]}
    assert raised
    assert (
        sorted(one.id for one in news if isinstance(one, Incident))
        == sorted(raised)
        == sorted(told(tmp_path / "store"))
    )
    sent = [json.loads(body) for _, body in receiver.requests]
    assert sorted(one["data"]["id"] for one in sent) == sorted(raised)
    for one in sent:
        assert one["type"] == "incident.raised"
        assert one["data"] == expected.incidents[one["data"]["id"]]


def test_two_writers(logs: Path, tmp_path: Path) -> None:
    settings = quick(tmp_path / "store", logs)
    with running(settings) as service:
        until(lambda: service.status().records > 0)
        with (
            open_watch_store(settings, print) as (database, lake),
            pytest.raises(DatabaseInUse, match="another program"),
        ):
            WatchService(settings, database, lake).run(threading.Event())
        assert service.status().fault is None


class FullDisk:
    """A lake whose disk is full for the first attempts."""

    def __init__(self, lake: Lake, failures: int) -> None:
        self._lake, self.failures = lake, failures

    def append(self, events: pa.Table) -> Any:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._lake.append(events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lake, name)


def test_a_full_disk_is_said_and_over_by_itself(logs: Path, expected: Stored, tmp_path: Path) -> None:
    faults: list[str | None] = []
    settings = quick(tmp_path / "store", logs)
    with running(settings, wrap=lambda lake: FullDisk(lake, 2)) as service:
        service.subscribe(lambda status: faults.append(status.fault))
        settled(service, expected.records)
        until(lambda: service.status().fault is None)
    assert any(
        fault and fault.startswith("the disk of the store or of its database is full: ") for fault in faults
    )
    assert stored(tmp_path / "store") == expected


def test_clocks_that_jump(logs: Path, expected: Stored, tmp_path: Path) -> None:
    chance = random.Random(8)
    year = 365 * 86_400_000_000
    clock = ClockOf(now=lambda: 1_700_000_000_000_000 + chance.randrange(-20 * year, 20 * year))
    with running(quick(tmp_path / "store", logs, retention_days=400), clock=clock) as service:
        settled(service, expected.records)
    assert stored(tmp_path / "store") == expected


def test_a_database_that_is_away_for_a_while(logs: Path, expected: Stored, tmp_path: Path) -> None:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    server, faults = Server(found), set[str | None]()
    try:
        place = server.schema()
        contents = bodies(logs)
        with running(quick(tmp_path / "store", database=place)) as service, ThreadPoolExecutor(2) as senders:
            service.subscribe(lambda status: faults.add(status.fault))
            service.ingest(contents[0], source="a", key="0")
            server.stop()
            sent = [
                senders.submit(service.ingest, body, source="a", key=str(number))
                for number, body in enumerate(contents)
            ]
            until(lambda: service.status().fault)
            server.start()
            for one in sent:
                one.result()
            settled(service, expected.records)
            until(lambda: service.status().fault is None)
        assert any("not reachable" in fault for fault in faults if fault)
        assert stored(place) == expected
    finally:
        server.remove()


def test_a_full_queue_tells_senders_to_come_again(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall.pipeline.live import ingest_queue as module

    monkeypatch.setattr(module, "_ROOM_SECONDS", 0.1)
    body = bodies(logs)[0]
    with open_watch_store(quick(tmp_path / "store"), print) as (database, lake):
        service = WatchService(quick(tmp_path / "store"), database, lake)
        service._has_keys.set()
        with ThreadPoolExecutor(80) as senders:
            sent = [senders.submit(service.ingest, body, source="a", key=str(n)) for n in range(70)]
            until(lambda: len(service.intake) == 64 and sum(one.done() for one in sent) == 6)
            refused = [one for one in sent if one.done()]
            stop = threading.Event()
            worker = threading.Thread(target=service.run, args=(stop,))
            worker.start()
            taken = [one.result() for one in sent if one not in refused]
            stop.set()
            worker.join(120)
    assert len(taken) == 64
    for one in refused:
        with pytest.raises(WatchBusy, match="is full"):
            one.result()


def test_incidents_of_a_store_without_days_stay(logs: Path, expected: Stored, tmp_path: Path) -> None:
    settings = quick(tmp_path / "store")
    with open_watch_store(settings, print) as (database, _), database.writing() as work:
        old = incident_from_document({**next(iter(expected.incidents.values())), "id": "of-before"})
        work.incidents.put([replace(old, first_event=1, last_event=2, tenant="another")])
    with running(settings) as service:
        until(lambda: service.status().revision > 0)
        service.ingest(bodies(logs)[0], source="a")
        until(lambda: service.status().records > 0 and not service.status().dirty_days)
    with open_watch_store(settings, print) as (database, _), database.reading() as work:
        assert work.incidents.get("of-before") is not None
