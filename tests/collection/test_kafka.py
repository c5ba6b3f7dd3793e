"""Topics of Kafka over real sockets: every message is in the files once, whatever ends the process or moves the partitions."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.collection.ledger.partitions import OffsetRange, open_partitions
from seawall.collection.segments import SegmentFolder
from tests.collection.collecting import lines
from tests.collection.kafka_mock import Cluster, kafka

FAST = ("session.timeout.ms=3000", "heartbeat.interval.ms=300", "topic.metadata.refresh.interval.ms=1000", "fetch.wait.max.ms=50",
        "reconnect.backoff.max.ms=500")  # fmt: skip
"""Patience fit for a cluster in the next process. A broker answers no other question as long as a fetch waits at it."""

HASTY = """
import sys
from pathlib import Path
from seawall.cli.main import main
from seawall.collection.kafka import member

held, store = Path(sys.argv.pop(1)), member.KafkaMember._store

def stored(self):
    if held.exists():
        held.write_text(str(sum(one.messages for one in self._stretches.values())))
    else:
        store(self)

member.BATCH_WAIT, member.KafkaMember._store = 2 * member.SECOND, stored
sys.exit(main())
"""
"""A member that stores every two seconds instead of every ten, and not at all while a file is there, which says what it holds."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with kafka() as found:
        yield found


def options(folder: Path, cluster: Cluster, *more: str, topic: str = "logs") -> list[str]:
    servers = [part for server in cluster.servers.split(",") for part in ("--server", server)]
    properties = [part for one in FAST for part in ("--property", one)]
    return ["collect", "kafka", *servers, "--topic", topic, "--out", str(folder / "logs"), "--protocol", "plaintext",
            *properties, *more]  # fmt: skip


def once(folder: Path, cluster: Cluster, *more: str, topic: str = "logs") -> int:
    return main(options(folder, cluster, "--once", *more, topic=topic))


def started(folder: Path, cluster: Cluster, name: str = "0") -> subprocess.Popen[bytes]:
    with (folder / f"said.{name}").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-c", HASTY, str(folder / "held"), *options(folder, cluster)], stderr=said
        )


def ended(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(60)


@contextmanager
def holding(folder: Path, messages: list[bytes], cluster: Cluster) -> Iterator[None]:
    """Send messages that the member reads and does not store before the end of this."""
    held = folder / "held"
    held.touch()
    cluster.produce("logs", messages)
    waited(lambda: held.read_text() == str(len(messages)))
    yield
    held.unlink()


def waited(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def status(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["collect", "status", "--out", str(folder / "logs"), "--json"])
    return code, json.loads(capsys.readouterr().out)["feeds"][0]


def numbered(first: int, last: int) -> list[bytes]:
    return [b'{"number":%d}' % number for number in range(first, last)]


def ledger(folder: Path) -> sqlite3.Connection:
    (path,) = (folder / "logs.ledger").glob("*.sqlite")
    return sqlite3.connect(path)


def test_once(tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """The same record twice is two messages, and both are kept."""
    cluster.make("logs", 4)
    values = numbered(0, 3000) + numbered(0, 10)
    cluster.produce("logs", values)
    assert once(tmp_path, cluster, "--json") == 0
    assert json.loads(capsys.readouterr().out)["records"] == 3010
    assert Counter(lines(tmp_path)) == Counter(values)
    cluster.produce("logs", numbered(5000, 5100))
    assert once(tmp_path, cluster) == 0
    assert Counter(lines(tmp_path)) == Counter(values + numbered(5000, 5100))
    code, feed = status(tmp_path, capsys)
    assert code == 0
    assert (feed["new_records"], feed["gaps"], feed["proved"]) == (3110, [], [])
    assert [place["lag"] for place in feed["partitions"]] == [0, 0, 0, 0]
    assert sum(place["messages"] for place in feed["partitions"]) == 3110


def test_what_a_producer_may_send(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each message is there, as records or as a line that says what it is and where it came from."""
    cluster.make("logs", 1)
    huge = b'{"a":"' + b"x" * (3 << 20) + b'"}'
    values = [b'{"records":[{"a":1},{"a":2}]}', None, b"", b"\xff\x00\n\xfe", b"no json\n{", b'[{"a":3},4]', b"7", huge,
              b"[" * 100_000, b'{"a":5}\n{"a":6}\n', b'{"records":[]}']  # fmt: skip
    cluster.produce("logs", values, 0)
    assert once(tmp_path, cluster) == 0
    found = [json.loads(line) for line in lines(tmp_path)]
    assert [one["a"] for one in found if "a" in one and len(str(one)) < 100] == [1, 2, 3, 5, 6]
    unread = [one["unread_message"] for one in found if "unread_message" in one]
    assert [(one["offset"], one["reason"]) for one in unread] == [
        (1, "no-value"), (2, "empty"), (3, "not-text"), (4, "not-json"), (5, "no-record"), (6, "no-record"), (8, "too-deep"),
    ]  # fmt: skip
    assert huge in lines(tmp_path)
    assert b'{"records":[]}' in lines(tmp_path)
    with ledger(tmp_path) as work:
        rows = work.execute("SELECT message, reason, line FROM unread ORDER BY message").fetchall()
        assert [(offset, reason) for offset, reason, _ in rows] == [
            (one["offset"], one["reason"]) for one in unread
        ]
        for offset, _, line in rows:
            assert found[line - 1]["unread_message"]["offset"] == offset
        assert work.execute("SELECT content, records FROM pieces").fetchall() == [("0:0-10", len(found))]
    assert status(tmp_path, capsys)[1]["counts"]["not-json"] == 1
    out = tmp_path / "out"
    assert main(["scan", str(tmp_path / "logs"), "--out", str(out), "-q"]) == 3
    problems = [json.loads(line) for line in (out / "problems.jsonl").read_text().splitlines()]
    assert sum(one["counts_as_record"] for one in problems) == len(found)
    assert any('"offset":3,"reason":"not-text"' in one["excerpt"] for one in problems)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed(tmp_path: Path, cluster: Cluster, codec: str) -> None:
    cluster.make("logs", 2)
    cluster.producer = cluster.new_producer(**{"compression.type": codec, "linger.ms": 50})
    values = numbered(0, 2000)
    cluster.produce("logs", values)
    assert once(tmp_path, cluster) == 0
    assert Counter(lines(tmp_path)) == Counter(values)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2])  # others were tried by hand: each takes most of a minute
def test_killed_at_any_moment_by_two(tmp_path: Path, cluster: Cluster, seed: int) -> None:
    """Two members share a folder; each is killed again and again while messages come. Nothing is lost, nothing doubled."""
    dice = random.Random(seed)
    cluster.make("logs", 6)
    values: list[bytes] = []
    members = {name: started(tmp_path, cluster, name) for name in ("0", "1")}
    try:
        for turn in range(10):
            fresh = numbered(turn * 3000, turn * 3000 + 3000)
            values += fresh
            cluster.produce("logs", fresh)
            time.sleep(dice.uniform(0.3, 3.0))
            name = dice.choice(sorted(members))
            assert ended(members[name], dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])) in {
                0,
                -9,
                -15,
            }
            members[name] = started(tmp_path, cluster, name)
        waited(lambda: _read(tmp_path) >= len(values))
        assert [ended(one) for one in members.values()] == [0, 0]
    finally:
        for one in members.values():
            one.kill()
            one.wait()
    assert once(tmp_path, cluster) == 0
    assert Counter(lines(tmp_path)) == Counter(values)


def _read(folder: Path) -> int:
    try:
        with ledger(folder) as work:
            return int(work.execute("SELECT coalesce(sum(messages), 0) FROM partitions").fetchone()[0])
    except (ValueError, sqlite3.Error):
        return 0


@pytest.mark.slow
def test_one_that_slept_while_its_partitions_went_away(tmp_path: Path, cluster: Cluster) -> None:
    """A stopped process is thrown out of the group, and wakes up with messages that another has stored meanwhile."""
    cluster.make("logs", 2)
    first = started(tmp_path, cluster, "first")
    try:
        cluster.produce("logs", numbered(0, 1000))
        waited(lambda: _read(tmp_path) >= 1000)
        with holding(tmp_path, numbered(1000, 2000), cluster):
            first.send_signal(signal.SIGSTOP)
        assert once(tmp_path, cluster) == 0
        first.send_signal(signal.SIGCONT)
        cluster.produce("logs", numbered(2000, 2100))
        waited(lambda: _read(tmp_path) >= 2100)
        assert ended(first) == 0
    finally:
        first.kill()
        first.wait()
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 2100))


@pytest.mark.slow
def test_brokers_that_go_away_and_come_back(tmp_path: Path, cluster: Cluster) -> None:
    cluster.make("logs", 3)
    member = started(tmp_path, cluster)
    try:
        cluster.produce("logs", numbered(0, 500))
        waited(lambda: _read(tmp_path) >= 500)
        cluster.fail_fetches([5, 6, 7, 3] * 3)
        cluster.all_down()
        time.sleep(3.0)
        cluster.all_up()
        cluster.produce("logs", numbered(500, 900))
        waited(lambda: _read(tmp_path) >= 900)
        assert ended(member) == 0
    finally:
        member.kill()
        member.wait()
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 900))
    assert "from the cluster: " in (tmp_path / "said.0").read_text()


@pytest.mark.slow
def test_what_was_deleted_before_it_was_read_is_a_gap(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mock partition keeps 5 MB."""
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 10), 0)
    assert once(tmp_path, cluster) == 0
    padded = [b'{"number":%d,"pad":"%s"}' % (number, b"x" * 90_000) for number in range(10, 150)]
    cluster.produce("logs", padded, 0)
    assert once(tmp_path, cluster) == 0
    kept = lines(tmp_path)[10:]
    assert kept
    assert kept == padded[-len(kept) :]
    assert len(kept) < len(padded)
    code, feed = status(tmp_path, capsys)
    (gap,) = feed["gaps"]
    assert code == 10
    assert gap["code"] == "messages-expired"
    assert f"partition 0: offsets 10 to {149 - len(kept)} were deleted" in gap["text"]
    assert feed["partitions"][0]["lag"] == 0


def test_a_topic_that_was_made_anew_is_read_again(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """With more partitions than before: those that are new are read from their beginning."""
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 100), 0)
    assert once(tmp_path, cluster) == 0
    cluster.delete("logs")
    cluster.make("logs", 3)
    for partition in range(3):
        cluster.produce("logs", numbered(200 + 10 * partition, 210 + 10 * partition), partition)
    assert once(tmp_path, cluster) == 0
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 100) + numbered(200, 230))
    code, feed = status(tmp_path, capsys)
    assert code == 10
    assert [gap["code"] for gap in feed["gaps"]] == ["offsets-went-back"]
    assert [place["next"] for place in feed["partitions"]] == [10, 10, 10]


@pytest.mark.slow
def test_partitions_that_are_added_are_read_from_their_beginning(tmp_path: Path, cluster: Cluster) -> None:
    """The mock cluster cannot add any, but make a topic anew as it would be then, while a member reads it."""
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 100), 0)
    member = started(tmp_path, cluster)
    try:
        waited(lambda: _read(tmp_path) >= 100)
        cluster.delete("logs")
        cluster.make("logs", 3)
        cluster.produce("logs", numbered(0, 100), 0)
        cluster.produce("logs", numbered(100, 150), 1)
        cluster.produce("logs", numbered(150, 200), 2)
        waited(lambda: _read(tmp_path) >= 200)
        assert ended(member) == 0
    finally:
        member.kill()
        member.wait()
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 200))


def test_another_cluster_is_refused(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 10))
    assert once(tmp_path, cluster) == 0
    with kafka(1) as other:
        other.make("logs", 1)
        other.produce("logs", numbered(10, 20))
        assert once(tmp_path, other) == 1
    assert "another cluster" in capsys.readouterr().err
    assert len(lines(tmp_path)) == 10


def test_lag_is_told(tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 10))
    assert once(tmp_path, cluster) == 0
    with ledger(tmp_path) as work:
        work.execute("UPDATE partitions SET high = 25")
    assert status(tmp_path, capsys)[1]["partitions"][0]["lag"] == 15
    assert main(["collect", "status", "--out", str(tmp_path / "logs")]) == 0
    assert "15 messages to read" in capsys.readouterr().out


def test_a_topic_that_left_the_settings(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    for topic in ("logs", "more"):
        cluster.make(topic, 1)
        cluster.produce(topic, numbered(0, 3))
    assert once(tmp_path, cluster, "--topic", "more") == 0
    assert once(tmp_path, cluster) == 0
    capsys.readouterr()
    assert main(["collect", "status", "--out", str(tmp_path / "logs"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["feeds"]
    assert {row["feed"]: row["ended"] is not None for row in rows} == {"logs": False, "more": True}


def test_offsets_are_told_to_the_broker_afterwards(tmp_path: Path, cluster: Cluster) -> None:
    from confluent_kafka import Consumer, TopicPartition

    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 10))
    assert once(tmp_path, cluster) == 0
    asking = Consumer({"bootstrap.servers": cluster.servers, "group.id": "seawall"})
    assert asking.committed([TopicPartition("logs", 0)], timeout=10)[0].offset == 10
    asking.close()


def test_without_the_package(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    assert once(tmp_path, cluster) == 1
    assert "[kafka]" in capsys.readouterr().err


def test_nobody_answers(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seawall.collection.kafka.member.PATIENCE", 1_000_000)
    monkeypatch.setattr("seawall.collection.kafka.member.ANSWER", 1.0)
    cluster.all_down()
    assert once(tmp_path, cluster) == 1
    assert "not everything could be fetched: all (" in capsys.readouterr().err
    assert list((tmp_path / "logs").iterdir()) == []


def test_settings_in_a_file(tmp_path: Path, cluster: Cluster) -> None:
    cluster.make("a", 1)
    cluster.make("b", 2)
    cluster.produce("a", numbered(0, 10))
    cluster.produce("b", numbered(10, 30))
    file = tmp_path / "collect.toml"
    file.write_text(
        f"[kafka]\nservers = {json.dumps(cluster.servers.split(','))}\ntopics = ['a', 'b']\nprotocol = 'plaintext'\n"
    )
    assert main(["collect", "kafka", "--config", str(file), "--once", "--out", str(tmp_path / "logs")]) == 0
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 30))
    assert {path.parent.parent.name for path in (tmp_path / "logs").rglob("*.jsonl")} == {"a", "b"}


def test_a_topic_that_is_not_there_yet_keeps_no_other_waiting(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.make("later", 1)
    cluster.refuse("later", 3)
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 10))
    assert once(tmp_path, cluster, "--topic", "later") == 1
    assert "later (UNKNOWN_TOPIC_OR_PART)" in capsys.readouterr().err
    assert len(lines(tmp_path)) == 10
    cluster.refuse("later", 0)
    cluster.produce("later", numbered(10, 20))
    assert once(tmp_path, cluster, "--topic", "later") == 0
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 20))


@pytest.mark.slow
def test_what_another_stored_meanwhile_is_not_stored_again(tmp_path: Path, cluster: Cluster) -> None:
    """The member has read ten messages; another stores the first five of them before it does."""
    cluster.make("logs", 1)
    cluster.produce("logs", numbered(0, 100))
    member = started(tmp_path, cluster)
    try:
        waited(lambda: _read(tmp_path) >= 100)
        with holding(tmp_path, numbered(100, 110), cluster):
            (path,) = (tmp_path / "logs.ledger").glob("*.sqlite")
            segments = SegmentFolder(tmp_path / "logs", path.with_suffix(""))
            with open_partitions(path, {"vendor": "kafka"}, segments) as book:
                (ask,) = book.open_asks(1)
                other = OffsetRange("logs", 0, 100, 105, 5, 80, numbered(100, 105), [1] * 5)
                assert book.store(ask, [other], 1_764_000_000_000_000, "kafka/other", {}) == (5, [])
        waited(lambda: _read(tmp_path) >= 110)
        assert ended(member) == 0
    finally:
        member.kill()
        member.wait()
    cluster.produce("logs", numbered(110, 120))
    assert once(tmp_path, cluster) == 0
    assert Counter(lines(tmp_path)) == Counter(numbered(0, 120))
    with ledger(tmp_path) as work:
        assert work.execute("SELECT count FROM counts WHERE name = 'stored-by-another'").fetchall() == [(1,)]
