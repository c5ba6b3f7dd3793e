"""The parts of a group: routing to homes, the lake of a slot, settings, and what is said of partitions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.event import EVENT_SCHEMA
from seawall.events.networks import Networks, enrich
from seawall.events.readers import EventBatch
from seawall.pipeline.group.describing import describe_partitions, measure_lags
from seawall.pipeline.group.member import GroupWorker, touch_heartbeat
from seawall.pipeline.group.partition_reader import PartitionProgress
from seawall.pipeline.group.routing import EventRouter, unpack_events
from seawall.pipeline.group.settings import WorkerSettings, slot_of
from seawall.pipeline.group.slot_lake import SlotLake, name_nameless, slot_of_nameless
from seawall.pipeline.live.commit import load_coverage
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database, SlotDatabase, SlotLease
from seawall.storage.errors import LakeBroken
from seawall.storage.group_folder import MARK, join_folder
from seawall.storage.lake import Lake
from seawall_base.errors import OutputUnwritable, UsageError

DAY = date(2026, 3, 2)
AT = 1_772_445_600_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def slot_database(database: Database, partition: int) -> SlotDatabase:
    found = SlotDatabase(database, slot_of(partition), holder=f"h{partition}", worker="w", seconds=60.0)
    assert found.take()
    return found


def events_of(*tenants: str | None) -> pa.Table:
    """One event for each organisation, in order."""
    columns: dict[str, pa.Array] = {}
    for field in EVENT_SCHEMA:
        if field.name == "time":
            columns[field.name] = pa.array([AT + n for n in range(len(tenants))], pa.int64()).cast(field.type)
        elif field.name == "org_uid":
            columns[field.name] = pa.array(tenants, pa.string()).cast(field.type)
        elif field.name == "metadata_uid":
            columns[field.name] = pa.array([f"r{n}" for n in range(len(tenants))], pa.string()).cast(
                field.type
            )
        else:
            columns[field.name] = pa.nulls(len(tenants), field.type)
    return pa.table(columns, EVENT_SCHEMA)


def batch_of(*tenants: str | None) -> EventBatch:
    return EventBatch(events_of(*tenants), (), len(tenants), 10)


def tenants_in(batches: list[EventBatch]) -> list[str | None]:
    return [name for batch in batches for name in batch.events["org_uid"].to_pylist()]


def test_events_go_to_the_home_of_their_organisation(database: Database) -> None:
    one, two = (EventRouter(slot_database(database, number)) for number in (0, 1))
    kept, handed = one.route([batch_of("a", None, "a")], "kafka/t/0/0")
    assert (tenants_in(kept), handed) == (["a", None, "a"], {})
    kept, handed = two.route([batch_of("b", "a", None, "b"), batch_of("a")], "kafka/t/1/5")
    assert tenants_in(kept) == ["b", None, "b"]
    assert [batch.records for batch in kept] == [3, 0]
    assert sorted(handed) == ["handed/kafka/t/1/5/0/1", "handed/kafka/t/1/5/1/1"]
    assert [(value["slot"], tenants_in([unpack_events(value["content"])])) for value in handed.values()] == [
        (1, ["a"]),
        (1, ["a"]),
    ]
    assert unpack_events(handed["handed/kafka/t/1/5/0/1"]["content"]).events.schema.equals(EVENT_SCHEMA)


def test_nobody_claims_the_name_of_events_that_state_none(database: Database) -> None:
    """A record that states such a name goes to the slot whose events have it, and is claimed by nobody."""
    router = EventRouter(slot_database(database, 0))
    kept, handed = router.route([batch_of(name_nameless(1), name_nameless(7), "unknown")], "x")
    assert tenants_in(kept) == [name_nameless(1), "unknown"]
    assert [value["slot"] for value in handed.values()] == [7]
    with database.reading() as work:
        assert work.homes.counts() == {1: 1}


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.sampled_from(["a", "b", "c", None]), max_size=6)), max_size=8
    )
)
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
def test_each_event_goes_to_one_slot(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[tuple[int, list[str | None]]]
) -> None:
    """Whoever reads what in which order: no event is lost or doubled, and an organisation has one slot."""
    opened = Database.open(tmp_path_factory.mktemp("routing") / "seawall.db", should_migrate=True)
    routers = [EventRouter(slot_database(opened, number)) for number in range(3)]
    slots: dict[str, set[int]] = {}
    for number, (partition, tenants) in enumerate(deliveries):
        kept, handed = routers[partition].route([batch_of(*tenants)], str(number))
        found = [(slot_of(partition), name) for name in tenants_in(kept)]
        for value in handed.values():
            found += [(value["slot"], name) for name in tenants_in([unpack_events(value["content"])])]
        assert sorted(str(name) for _, name in found) == sorted(map(str, tenants))
        assert sum(batch.records for batch in kept) == len(tenants_in(kept))
        for slot, name in found:
            if name is not None:
                slots.setdefault(name, set()).add(slot)
    opened.close()
    assert all(len(found) == 1 for found in slots.values())


def test_a_slot_sees_its_part_of_the_lake(database: Database, tmp_path: Path) -> None:
    whole = Lake.create(tmp_path / "events")
    folder = join_folder(database, whole)
    first = SlotLake(folder, 1, lambda: frozenset({"a"}))
    second = SlotLake(folder, 2, lambda: frozenset({"b"}))
    events = enrich(events_of("a", None), Networks.load(()))
    first.append(events)
    second.append(enrich(events_of("b", None, None), Networks.load(())))
    assert (first.tenants(), second.tenants()) == (["a", "unknown"], ["b", "unknown"])
    assert sum(len(table) for table in first.day("unknown", DAY)) == 1
    assert sum(len(table) for table in second.day("unknown", DAY)) == 2
    assert [table["org_uid"].to_pylist() for table in second.day("unknown", DAY)] == [[None, None]]
    assert whole.tenants() == ["a", "b", name_nameless(1), name_nameless(2)]
    (tmp_path / MARK).unlink()  # as if the file system were not mounted any more
    for touch in (first.size, lambda: first.append(events), lambda: first.day("a", DAY)):
        with pytest.raises(LakeBroken, match="nothing is written"):
            touch()
    for lake in (first, second, whole):
        lake.close()


def test_names_of_events_that_state_none() -> None:
    assert [slot_of_nameless(name_nameless(slot)) for slot in (1, 12)] == [1, 12]
    assert slot_of_nameless("unknown") is None
    assert slot_of_nameless("unknown (partition 1) ") is None


def worker(**more: Any) -> WorkerSettings:
    return WorkerSettings("g", "w", "logs", {}, **more)


def test_settings() -> None:
    assert worker().make_holder() != worker().make_holder()
    for seconds in (0.5, float("nan")):
        with pytest.raises(UsageError, match="too short"):
            worker(lease_seconds=seconds)
    with pytest.raises(UsageError, match="too long"):
        worker(lease_seconds=601.0)


def test_a_heartbeat_is_a_file_with_the_time_of_now(tmp_path: Path) -> None:
    touch_heartbeat(tmp_path / "alive")
    os.utime(tmp_path / "alive", (1.0, 1.0))
    touch_heartbeat(tmp_path / "alive")
    assert (tmp_path / "alive").stat().st_mtime > 1.0
    with pytest.raises(OutputUnwritable):
        touch_heartbeat(tmp_path / "gone" / "alive")


def test_a_group_refuses_a_file_as_database(database: Database, tmp_path: Path) -> None:
    with Lake.create(tmp_path / "events") as lake, pytest.raises(UsageError, match="a group of workers"):
        GroupWorker(LiveSettings(tmp_path), worker(), database, lake)


def lease(slot: int, holder: str, left: float, **report: Any) -> SlotLease:
    return SlotLease(slot, 3, holder, holder, 0, left, report)


def test_what_is_said_of_partitions() -> None:
    leases = [
        lease(1, "ann", 5.0, lag=3),
        lease(2, "ben", 5.0, lag=None),
        lease(3, "ann", 5.0, lag=4, fault="the cluster is away"),
        lease(4, "cas", -1.0, lag=9),
        lease(5, "", -9.0),
    ]
    assert describe_partitions(leases) == [
        "no worker scores partitions 3, 4",
        "worker ann scores partitions 0, 2; 7 messages to read",
        "worker ben scores partition 1; 0 messages to read",
        "partition 2: the cluster is away",
    ]
    assert measure_lags(leases) == {0: 3, 1: 0, 2: 4, 3: 9, 4: 0}
    assert describe_partitions([]) == []


def test_a_lag_is_known_when_the_end_is() -> None:
    assert PartitionProgress(None, None).lag is None
    assert PartitionProgress(None, 7).lag == 7
    assert PartitionProgress(5, 7).lag == 2


def test_coverage_of_all_slots_is_read_together(database: Database) -> None:
    with database.reading() as work:
        assert load_coverage(work) is None
    for partition in (0, 1):
        slot = slot_database(database, partition)
        with slot.writing() as work:
            work.settings.put(
                f"coverage/{slot.slot}", {"notes": [{"tenant": str(partition)}], "from": 5 + partition}
            )
        with slot.reading() as work:
            assert (load_coverage(work) or {})["from"] == 5 + partition
    with database.reading() as work:
        found = load_coverage(work)
    assert found == {"notes": [{"tenant": "0"}, {"tenant": "1"}], "from": 6}
