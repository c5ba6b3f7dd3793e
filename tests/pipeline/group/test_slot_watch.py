"""One watch over one partition, in this process: it loses its lease while it scores, and contains with its lease alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from seawall.events.formats.limits import BODY, Limits
from seawall.events.readers import EventBatch
from seawall.pipeline.group import partition_reader, slot_runner, trial
from seawall.pipeline.group.settings import slot_of
from seawall.pipeline.group.slot_runner import SlotRunner
from seawall.pipeline.group.slot_watch import GroupPlanner
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.recipients import Recipients
from seawall.response.automatic.telling import tell_limit
from seawall.storage.database import Database, SlotDatabase
from seawall.storage.database.group_models import SlotLeaseRow
from seawall.storage.errors import LeaseLost
from seawall.storage.group_folder import join_folder
from seawall.storage.lake import Lake
from seawall_base.clock import Clock
from tests.collection.kafka_mock import Cluster
from tests.pipeline.group.conftest import World
from tests.pipeline.group.grouping import until
from tests.pipeline.group.working import TOPIC, Plan
from tests.response.automatic.directory import incident


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def take_away(database: Database, slot: int) -> SlotDatabase:
    """Let the lease of a slot end, and give it to another worker for long."""
    with database.writing() as work:
        work.session.execute(update(SlotLeaseRow).where(SlotLeaseRow.slot == slot).values(held_until=1))
    other = SlotDatabase(database, slot, holder="other", worker="other", seconds=600.0)
    assert other.take()
    return other


@dataclass
class Watched:
    """A runner of partition 0 in a thread. `at` is called at each step at which a crash matters."""

    cluster: Cluster
    database: Database
    folder: Path
    steps: list[str] = field(default_factory=list)
    news: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lake = Lake.create(self.folder / "store" / "events")
        self.shared = join_folder(self.database, self.lake)

    def at(self, step: str) -> None:
        self.steps.append(step)

    def start(self) -> SlotRunner:
        plan = Plan("", str(self.folder / "store"), self.cluster.servers, "http://127.0.0.1:9/hook", "a")
        runner = SlotRunner(
            plan.settings(), plan.worker_settings(), 0, "holder", self.database, self.lake, self.shared,
            clock=Clock(), news=self.news.append, step=lambda name: self.at(name),
        )  # fmt: skip
        runner.start()
        return runner

    def stop(self, runner: SlotRunner) -> None:
        runner.stop()
        runner.join(60)
        assert not runner.is_alive()
        self.lake.close()


def test_a_worker_that_loses_its_lease_while_it_scores_writes_and_tells_nothing(
    cluster: Cluster, database: Database, small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring is done, and the lease is gone before its results are stored: neither now nor later does any of it show."""
    monkeypatch.setattr(slot_runner, "_WAIT_SECONDS", 0.05)
    partitions, _ = small
    cluster.make(TOPIC, 1)
    cluster.produce(TOPIC, partitions[0], 0)
    watched = Watched(cluster, database, tmp_path)
    lost = threading.Event()

    def read_dirty() -> frozenset[int]:
        with database.reading() as work:
            return work.dirty.all()

    def lose(step: str) -> None:
        if step == "scored" and not lost.is_set() and read_dirty():
            take_away(database, slot_of(0))
            watched.steps.clear()
            lost.set()
        watched.steps.append(step)

    monkeypatch.setattr(watched, "at", lose)
    runner = watched.start()
    until(lost.is_set)
    dirty = read_dirty()
    until(lambda: runner.status().state == "waiting")
    assert not {"ingested", "score-half-written", "kept"} & set(watched.steps)
    assert read_dirty() == dirty != frozenset(), "the next holder scores these days"
    with database.reading() as work:
        assert work.incidents.in_order() == []
        assert work.announcements.all() == {}
        assert work.outbox.waiting().waiting == 0
        (lease,) = work.leases.all()
    assert (lease.worker, watched.news) == ("other", [])
    watched.stop(runner)


def test_a_message_that_ends_its_watch_again_and_again_stops_no_partition(
    cluster: Cluster, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading one message fails in a way that nobody foresaw: it becomes a problem, and all others are stored."""
    monkeypatch.setattr(slot_runner, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(trial, "PAUSES", (0.01, 0.02))

    def fail(body: bytes, source: str, limits: Limits) -> list[EventBatch]:
        if b"deadly" in body:
            raise SystemError("as if the process had died")
        return batches_of(body, source, limits)

    monkeypatch.setattr(partition_reader, "batches_of", fail)
    messages = [b'{"n": %d}' % number for number in range(7)]
    messages[3] = b'{"n": "deadly"}'
    cluster.make(TOPIC, 1)
    cluster.produce(TOPIC, messages, 0)
    watched = Watched(cluster, database, tmp_path)
    runner = watched.start()
    until(lambda: runner.status().progress.stored == len(messages), 120.0)
    watched.stop(runner)
    with database.reading() as work:
        found = [problem.reason for _, _, problem in work.problems.page()]
        assert [text for text in found if "ended its worker" in text] == [
            "message 3 ended its worker again and again, and was left out"
        ]
        assert work.totals.all()["records"] >= len(messages) - 1
        with SlotDatabase(database, 1, holder="x", worker="x", seconds=60.0).reading() as own:
            assert own.checkpoints.get(trial.NAME) is None


def test_many_small_records_are_no_hostile_body(
    cluster: Cluster, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_reader, "MOST_LINES", 3)
    monkeypatch.setattr(partition_reader, "BODY", replace(BODY, body_records=4))
    cluster.make(TOPIC, 1)
    cluster.produce(TOPIC, [b'[{"a": 1}, {"a": 2}, {"a": 3}]'] * 5, 0)
    watched = Watched(cluster, database, tmp_path)
    runner = watched.start()
    until(lambda: runner.status().progress.stored == 5, 60.0)
    watched.stop(runner)
    with database.reading() as work:
        assert "bomb" not in work.problems.counts()
        assert work.totals.all()["records"] == 15


def test_containment_sees_all_organisations_and_writes_with_the_lease(
    database: Database, tmp_path: Path
) -> None:
    slots = [SlotDatabase(database, number, holder="h", worker="w", seconds=600.0) for number in (1, 2)]
    assert all(slot.take() for slot in slots)
    now = Clock().now()
    with slots[1].writing() as work:
        work.incidents.put([incident("eve@example.org", at=now, raised=True)])
    with Lake.create(tmp_path / "events") as lake:
        planner = GroupPlanner(tmp_path, database, lake, Clock(), Recipients(("https://hook",)), slots[0])
        assert [one.incident.account for one in planner.candidates()] == ["eve@example.org"]
        planner.announce(tell_limit(incident("eve@example.org"), "2 accounts"))
        planner.prove()
        with slots[0].reading() as work:
            assert work.outbox.waiting().waiting == 1
        with slots[1].reading() as work:
            assert work.outbox.waiting().waiting == 0
        take_away(database, 1)
        with pytest.raises(LeaseLost):
            planner.prove()
        with pytest.raises(LeaseLost):
            planner.announce(tell_limit(incident("eve@example.org"), "3 accounts"))
