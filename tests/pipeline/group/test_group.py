"""A group of workers leaves what a scan finds, and tells each incident once, whatever happens to the workers.

The database is a real PostgreSQL. The broker is librdkafka's mock cluster: its protocol, sockets and rebalances are real, what it
stores is not.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.collection.kafka_mock import Cluster
from tests.pipeline.group.conftest import World
from tests.pipeline.group.grouping import Group, Proxy, announced_in, group_on, until
from tests.pipeline.group.working import TOPIC
from tests.pipeline.live.stored import Stored, stored
from tests.storage.database.postgresql import Server

SEEDS = (1, 2, 3)
LEASE = 2.0


def check(group: Group, expected: Stored) -> None:
    """Compare with the scan; each announcement is in the outbox once, and got to the webhook under one id."""
    assert stored(group.url) == expected
    told = announced_in(group.url)
    assert told.raised <= told.announced
    assert set(told.queued.values()) <= {1}
    assert told.doubled == []
    assert all(len(ids) == 1 for ids in group.hook.incidents.values())
    assert len(group.hook.ids) == len(told.queued)


def misplace(partitions: Mapping[int, list[bytes]], every: int) -> dict[int, list[bytes]]:
    """Put some records of each organisation into the next one's partition."""
    found: dict[int, list[bytes]] = {number: [] for number in partitions}
    for number, messages in partitions.items():
        for place, message in enumerate(messages):
            found[(number + (place % every == every - 1)) % len(partitions)].append(message)
    return found


def test_another_worker_takes_over(server: Server, cluster: Cluster, small: World, tmp_path: Path) -> None:
    """A worker dies in the middle of the transaction that stores a scoring; some records lie in a foreign partition."""
    partitions, expected = small
    with group_on(cluster, server.schema(), tmp_path / "store", misplace(partitions, 60)) as group:
        assert group.start("a", fatal="score-half-written").wait(120) == -signal.SIGKILL
        group.start("b")
        group.finish()
        check(group, expected)


@pytest.mark.soak
def test_one_worker_alone(server: Server, cluster: Cluster, world: World, tmp_path: Path) -> None:
    partitions, expected = world
    with group_on(cluster, server.schema(), tmp_path / "store", partitions) as group:
        group.start("a")
        group.finish()
        check(group, expected)


@pytest.mark.soak
def test_a_worker_that_sleeps_is_fenced(
    server: Server, cluster: Cluster, world: World, tmp_path: Path
) -> None:
    """A paused worker wakes up long after its lease, in the middle of what it did, while another one has its partitions."""
    partitions, expected = world
    with group_on(cluster, server.schema(), tmp_path / "store", partitions) as group:
        sleeper = group.start("sleeper")
        until(lambda: any(lease.report.get("records") for lease in group.leases().values()))
        before = {number: lease.generation for number, lease in group.leases().items()}
        sleeper.send_signal(signal.SIGSTOP)
        group.start("b")
        until(lambda: all(lease.worker == "b" and lease.left > 0 for lease in group.leases().values()))
        sleeper.send_signal(signal.SIGCONT)
        until(group.is_done)
        after = {number: lease.generation for number, lease in group.leases().items()}
        assert all(after[number] > generation for number, generation in before.items())
        group.finish()
        check(group, expected)


@pytest.mark.soak
def test_joining_and_leaving(server: Server, cluster: Cluster, world: World, tmp_path: Path) -> None:
    """Partitions go to who joins, and come back from who leaves, without waiting for leases to end."""
    partitions, expected = world
    with group_on(cluster, server.schema(), tmp_path / "store", partitions, lease=120.0) as group:
        group.start("a")
        until(lambda: len(group.leases()) == len(partitions))
        group.start("b")
        until(lambda: {lease.worker for lease in group.leases().values()} == {"a", "b"})
        group.kill("a", signal.SIGTERM)
        until(lambda: {lease.worker for lease in group.leases().values()} == {"b"}, 60.0)
        group.finish()
        check(group, expected)


@pytest.mark.soak
def test_postgresql_is_restarted_again_and_again(
    server: Server, cluster: Cluster, small: World, tmp_path: Path
) -> None:
    """An orderly restart cuts every connection, also in the middle of transactions, and is over sooner than a lease."""
    partitions, expected = small
    with group_on(cluster, server.schema(), tmp_path / "store", misplace(partitions, 40)) as group:
        group.start("a")
        group.start("b")
        until(lambda: any(lease.report.get("records") for lease in group.leases().values()))
        for _ in range(4):
            server.stop(signal.SIGINT)
            server.start()
            time.sleep(LEASE)
        group.finish()
        check(group, expected)


@pytest.mark.soak
def test_a_worker_without_the_database_gives_its_partitions_away(
    server: Server, cluster: Cluster, small: World, tmp_path: Path
) -> None:
    """It reaches the cluster, which would leave it its partitions; later it reaches the database again, and comes back."""
    partitions, expected = small
    proxy = Proxy(tmp_path / "proxy", server.folder)
    with group_on(cluster, url := server.schema(), tmp_path / "store", partitions) as group:
        group.start("a", url=proxy.url(url, server.folder))
        group.start("b")
        until(lambda: {lease.worker for lease in group.leases().values()} == {"a", "b"})
        proxy.cut()
        until(lambda: all(lease.worker == "b" and lease.left > 0 for lease in group.leases().values()))
        proxy.mend()
        until(lambda: {lease.worker for lease in group.leases().values()} == {"a", "b"})
        group.finish()
        check(group, expected)
    proxy.close()


@pytest.mark.soak
def test_workers_that_start_together_on_nothing(
    server: Server, cluster: Cluster, small: World, tmp_path: Path
) -> None:
    """No store, no tables, no group: the first one makes them, whoever that is, and nobody ends."""
    partitions, expected = small
    with group_on(cluster, server.schema(), tmp_path / "store", partitions, is_made=False) as group:
        for name in "abc":
            group.start(name)
        until(lambda: (tmp_path / "store" / "store.json").exists())
        group.finish()
        assert all(process.returncode == 0 for process in group.ended)
        check(group, expected)


@pytest.mark.soak
def test_the_topic_is_deleted_and_made_anew_with_more_partitions(
    server: Server, cluster: Cluster, small: World, tmp_path: Path
) -> None:
    """Offsets begin at 0 again, and organisations lie in other partitions than those that are their homes."""
    partitions, expected = small
    first = {number: messages[: len(messages) * 3 // 4] for number, messages in partitions.items()}
    with group_on(cluster, server.schema(), tmp_path / "store", first) as group:
        group.start("a")
        until(group.is_done)
        cluster.delete(TOPIC)
        until(lambda: not any(lease.holder for lease in group.leases().values()), 120.0)
        cluster.make(TOPIC, 5)
        for number, messages in partitions.items():
            cluster.produce(TOPIC, messages[len(first[number]) :], number + 2)
        until(lambda: len(group.leases()) == 5)
        group.expected = dict.fromkeys(range(5), 0)
        group.expected |= {number + 2: len(all_) - len(first[number]) for number, all_ in partitions.items()}
        until(lambda: group.records() >= expected.records)
        group.finish()
        found = stored(group.url)
        assert found.incidents == expected.incidents
        assert (found.events, found.dirty) == (expected.events, 0)


@pytest.mark.soak
@pytest.mark.parametrize("is_whole", [pytest.param(True, id="server"), pytest.param(False, id="one-worker")])
def test_the_database_is_cut_off(
    server: Server, cluster: Cluster, world: World, tmp_path: Path, *, is_whole: bool
) -> None:
    """The database goes away for longer than a lease: for all, or for one worker while the other one takes over."""
    partitions, expected = world
    proxy = Proxy(tmp_path / "proxy", server.folder)
    with group_on(cluster, url := server.schema(), tmp_path / "store", partitions) as group:
        group.start("a", url=proxy.url(url, server.folder))
        until(lambda: any(lease.report.get("records") for lease in group.leases().values()))
        if is_whole:
            server.stop(signal.SIGQUIT)
            time.sleep(2 * LEASE)
            server.start()
        else:
            proxy.cut()
            group.start("b")
            until(lambda: any(lease.worker == "b" and lease.left > 0 for lease in group.leases().values()))
            proxy.mend()
        group.finish()
        check(group, expected)
    proxy.close()


@pytest.mark.soak
def test_the_cluster_is_away(server: Server, cluster: Cluster, world: World, tmp_path: Path) -> None:
    partitions, expected = world
    with group_on(cluster, server.schema(), tmp_path / "store", partitions) as group:
        group.start("a")
        group.start("b")
        until(lambda: any(lease.report.get("records") for lease in group.leases().values()))
        cluster.all_down()
        time.sleep(4 * LEASE)
        cluster.all_up()
        group.finish()
        check(group, expected)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_anything_happens(server: Server, cluster: Cluster, world: World, tmp_path: Path, seed: int) -> None:
    """Workers are killed, paused, cut off, join and leave at random, while records still arrive, some in foreign partitions."""
    partitions, expected = world
    chance = random.Random(seed)
    misplaced = misplace(partitions, 40)
    first = {number: messages[: len(messages) // 2] for number, messages in misplaced.items()}
    proxy = Proxy(tmp_path / "proxy", server.folder)
    with group_on(cluster, url := server.schema(), tmp_path / "store", first) as group:
        by_proxy = proxy.url(url, server.folder)
        names = iter(f"w{number}" for number in range(1_000))
        for way in (url, by_proxy):
            group.start(next(names), url=way)
        rest = {number: messages[len(first[number]) :] for number, messages in misplaced.items()}
        for round_ in range(8):
            time.sleep(1.0 + 5.0 * chance.random())
            worker = chance.choice(sorted(group.processes))
            event = chance.choice(("kill", "pause", "cut", "leave", "join"))
            if event in ("kill", "leave"):
                group.kill(worker, signal.SIGKILL if event == "kill" else signal.SIGTERM)
                group.start(next(names), url=chance.choice((url, by_proxy)))
            elif event == "pause":
                process = group.processes[worker]
                process.send_signal(signal.SIGSTOP)
                time.sleep(LEASE * (1.0 + chance.random()))
                process.send_signal(signal.SIGCONT)
            elif event == "cut":
                proxy.cut()
                time.sleep(LEASE * (1.0 + chance.random()))
                proxy.mend()
            elif len(group.processes) < 3:
                group.start(next(names), url=chance.choice((url, by_proxy)))
            for number, messages in rest.items():
                piece = messages[round_ * len(messages) // 8 : (round_ + 1) * len(messages) // 8]
                cluster.produce(TOPIC, piece, number)
        group.expected = {number: len(messages) for number, messages in misplaced.items()}
        group.finish()
        check(group, expected)
    proxy.close()
