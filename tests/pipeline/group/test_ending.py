"""A worker that ends by itself ends when the group has nothing more to do, and not before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.collection.kafka import partition_stream
from seawall.collection.kafka.partition_stream import read_ends
from seawall.pipeline.group.ending import DELIVERY_SECONDS, STEADY_SECONDS, GroupEnd
from seawall.pipeline.group.member import GroupWorker
from seawall.pipeline.group.settings import slot_of
from seawall.pipeline.live.opening import open_watch_store
from seawall.storage.database import Database, SlotDatabase
from seawall.storage.errors import StoreRefused
from seawall.vendor_api.errors import CollectRefused
from tests.collection.kafka_mock import Cluster
from tests.pipeline.group.conftest import World
from tests.pipeline.group.working import TOPIC, Plan
from tests.pipeline.live.stored import stored
from tests.response.automatic.directory import MovableClock
from tests.storage.database.postgresql import Server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


class Workplace:
    """Two partitions with ends 5 and 9, and what their holders report."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, MovableClock()
        self.slots = {
            number: SlotDatabase(database, slot_of(number), holder="h", worker="w", seconds=600.0)
            for number in (0, 1)
        }
        assert all(slot.take() for slot in self.slots.values())
        self.end = GroupEnd(database, {0: 5, 1: 9}, self.clock)

    def report(self, number: int, **report: Any) -> None:
        slot = self.slots[number]
        with self.database.writing() as work:
            work.leases.renew_idle({slot.slot: slot.generation or 0}, {slot.slot: report}, seconds=600.0)

    def is_over(self, seconds: float = STEADY_SECONDS) -> bool:
        """Whether the group is at its end, and stays there."""
        self.end.is_reached()
        self.clock.pass_time(seconds)
        return self.end.is_reached()


def test_the_end_is_that_of_all_partitions(database: Database) -> None:
    place = Workplace(database)
    assert not place.is_over()
    place.report(0, stored=5, lag=0, is_complete=True)
    place.report(1, stored=8, lag=1, is_complete=True)
    assert not place.is_over()
    place.report(1, stored=9, lag=0, is_complete=False)
    assert not place.is_over()
    place.report(1, stored=9, lag=0, is_complete=True)
    assert not place.is_over(STEADY_SECONDS - 1)
    assert place.is_over(1.1)


def test_what_came_later_matters_only_for_the_end_of_everything(database: Database) -> None:
    place = Workplace(database)
    place.report(0, stored=5, lag=7, is_complete=True)
    place.report(1, stored=9, lag=0, is_complete=True)
    assert place.is_over()
    place.end = GroupEnd(database, {0: 5, 1: 9}, place.clock, is_idle=True)
    assert not place.is_over()
    place.report(0, stored=12, lag=0, is_complete=True)
    assert place.is_over()


def test_what_waits_in_the_database_is_waited_for(database: Database) -> None:
    place = Workplace(database)
    for number, end in ((0, 5), (1, 9)):
        place.report(number, stored=end, lag=0, is_complete=True)
    with place.slots[0].writing() as work:
        work.checkpoints.put({"handed/x": {"slot": 2, "content": b"e"}})
    assert not place.is_over()
    with place.slots[1].writing() as work:
        work.checkpoints.forget("handed/x")
        work.dirty.add([3])
    assert not place.is_over()
    with place.slots[1].writing() as work:
        work.dirty.clear([3])
        work.outbox.add("incident.raised", "https://hook", "i", {}, at=1)
    assert not place.is_over()
    assert place.is_over(DELIVERY_SECONDS), "a receiver that is away keeps no worker for ever"
    place.slots[1].release()
    assert not place.is_over(), "nobody has partition 1"


def test_ends_of_partitions(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition_stream, "_ANSWER", 3.0)
    cluster.make("logs", 3)
    cluster.produce("logs", [b"a", b"b"], 1)
    plan = Plan("", "", cluster.servers, "", "w")
    assert read_ends(plan.kafka(), "logs") == {1: 2}
    with pytest.raises(CollectRefused, match="the cluster does not answer"):
        read_ends({**plan.kafka(), "bootstrap.servers": "127.0.0.1:1"}, "logs")
    cluster.refuse("gone", 3)
    with pytest.raises(CollectRefused, match="the topic gone: UNKNOWN_TOPIC_OR_PART"):
        read_ends(plan.kafka(), "gone")


def test_once_reads_what_is_there_and_ends(
    server: Server, cluster: Cluster, small: World, tmp_path: Path
) -> None:
    """One worker works off all partitions, and another one with another folder is refused."""
    partitions, expected = small
    cluster.make(TOPIC, len(partitions))
    for number, messages in partitions.items():
        cluster.produce(TOPIC, messages, number)
    plan = Plan(server.schema(), str(tmp_path / "store"), cluster.servers, "", "w")
    with open_watch_store(plan.settings(), print) as (database, lake):
        GroupWorker(plan.settings(), plan.worker_settings(), database, lake).run(threading.Event(), "once")
        with database.reading() as work:
            assert {lease.holder for lease in work.leases.all()} == {""}
    assert stored(plan.url) == expected
    apart = replace(plan, store=str(tmp_path / "apart"))
    with open_watch_store(apart.settings(), print) as (database, lake):
        worker = GroupWorker(apart.settings(), apart.worker_settings(), database, lake)
        with pytest.raises(StoreRefused, match="not the folder"):
            worker.run(threading.Event())
