"""The source of Kafka for Spark, without Spark: offsets of batches, spans that are read to the message, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.spark.kafka_source import KafkaReader, OffsetSpan, read_configuration
from seawall_base.errors import CollectInvalid, InputUnreadable
from tests.collection.kafka_mock import Cluster, kafka


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with kafka() as found:
        yield found


def open_reader(cluster: Cluster, topic: str, messages: int) -> KafkaReader:
    return KafkaReader({"servers": cluster.servers, "topics": topic, "messages": str(messages)})


def read(reader: KafkaReader, start: dict[str, int], end: dict[str, int]) -> list[str]:
    """The ids of the records between offsets."""
    lines: list[bytes] = []
    for span in reader.partitions(start, end):
        for batch in reader.read(span):
            for content in batch.column("lines").to_pylist():
                lines += content.splitlines()
    return [json.loads(line).get("Id", "unread") for line in lines]


def test_each_message_is_in_one_batch(cluster: Cluster) -> None:
    cluster.make("each", 3)
    cluster.produce("each", [json.dumps({"Id": f"r{at}"}).encode() for at in range(50)])
    reader = open_reader(cluster, "each", 12)
    start = reader.initialOffset()
    assert start == {"each/0": 0, "each/1": 0, "each/2": 0}
    found: list[str] = []
    batches = 0
    while (end := reader.latestOffset(start)) != start:
        part = read(reader, start, end)
        assert len(part) <= 12
        assert read(open_reader(cluster, "each", 12), start, end) == part
        found += part
        start, batches = end, batches + 1
    assert sorted(found) == sorted(f"r{at}" for at in range(50))
    assert batches >= 5
    assert read(reader, start, start) == []


def test_what_is_no_record_is_a_line_too(cluster: Cluster) -> None:
    cluster.make("odd", 1)
    cluster.produce("odd", [b"[1, 2", None, b'{"Id": "a"}\n{"Id": "b"}', b'[{"Id": "c"}]'])
    reader = open_reader(cluster, "odd", 100)
    assert read(reader, reader.initialOffset(), reader.latestOffset()) == ["unread", "unread", "a", "b", "c"]


def test_deleted_messages_are_not_passed_over(cluster: Cluster) -> None:
    cluster.make("gone", 1)
    cluster.produce("gone", [b'{"Id": "a"}'])
    reader = open_reader(cluster, "gone", 100)
    with pytest.raises(InputUnreadable):
        list(reader.read(OffsetSpan("gone", 0, 7, 9)))


@pytest.mark.parametrize(
    "options",
    [{}, {"servers": "kafka.example:9092"}, {"servers": "127.0.0.1:9092"},
     {"servers": "127.0.0.1:1", "topics": "a", "messages": "0"}],
    ids=repr,
)  # fmt: skip
def test_incomplete_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(CollectInvalid):
        KafkaReader(options)


def test_secrets_come_from_a_file_of_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "kafka.properties"
    path.write_text("# Event Hubs\nsecurity.protocol=SASL_SSL\nsasl.password=a=b\n", "utf-8")
    options = {"servers": "kafka.example:9093", "properties": str(path)}
    path.chmod(0o644)
    with pytest.raises(CollectInvalid):
        read_configuration(options)
    path.chmod(0o600)
    found = read_configuration(options)
    assert (found["security.protocol"], found["sasl.password"]) == ("SASL_SSL", "a=b")
    path.write_text("security.protocol=PLAINTEXT\n", "utf-8")
    with pytest.raises(CollectInvalid):
        read_configuration(options)
    assert read_configuration({"servers": "127.0.0.1:9092"})["security.protocol"] == "PLAINTEXT"
    assert read_configuration({"servers": "kafka.example:9093"})["security.protocol"] == "SSL"
