"""Read Kafka topics and Event Hubs through Spark's Python data sources, without a connector of Java.

Offsets live in the checkpoint of the stream alone. Messages become lines by the rules of the collector for Kafka.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition
from pyspark.sql.types import StructType

from seawall.collection.kafka.configuration import host_of
from seawall.collection.kafka.messages import message_lines
from seawall_base.errors import CollectInvalid, InputUnreadable
from seawall_base.secret_file import read_secret

COLUMNS: Final = "topic string, partition int, offset bigint, lines binary"
"""Columns of the source: lines of several messages, from the message at `offset` on."""

_SCHEMA = pa.schema(
    [("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()), ("lines", pa.binary())]
)
_TOGETHER, _ANSWER, _PATIENCE, _MOST = 8 << 20, 10.0, 60.0, 1_000_000
_HERE: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(slots=True)
class OffsetSpan(InputPartition):
    """Messages of a partition from `begin` to before `end`."""

    topic: str
    partition: int
    begin: int
    end: int


class KafkaSource(DataSource):
    """A source of Spark with the options `servers`, `topics` (both with commas), `properties` (a file) and `messages`.

    `properties` names a file of librdkafka's properties, one `name=value` a line, that only its owner may read: it holds
    secrets, and options are shown by Spark's pages. Brokers elsewhere must speak TLS. `messages` is the most of a batch.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "seawall-kafka"

    def schema(self) -> str:
        """Return the columns."""
        return COLUMNS

    def streamReader(self, schema: StructType) -> KafkaReader:  # noqa: ARG002, N802 - Spark's name
        """Return a reader of these topics."""
        return KafkaReader(dict(self.options))


class KafkaReader(DataSourceStreamReader):
    """Read the messages of topics between offsets."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._configuration = read_configuration(options)
        self._topics = [name.strip() for name in options.get("topics", "").split(",") if name.strip()]
        self._most = int(options.get("messages", _MOST))
        if not self._topics or self._most < 1:
            raise CollectInvalid("the source names no topic, or no message for a batch", fix="give topics")

    def initialOffset(self) -> dict[str, int]:  # noqa: N802 - Spark's name
        """Return the first offset of each partition that the brokers still hold."""
        return {key: low for key, (low, _) in self._watermarks().items()}

    def latestOffset(self, start: dict[str, int] | None = None, limit: object = None) -> dict[str, int]:  # noqa: ARG002, N802 - Spark's name
        """Return the offsets before which the next batch ends: at most so many messages after its start."""
        found = self._watermarks()
        begins = {key: max((start or {}).get(key, low), low) for key, (low, _) in found.items()}
        share = max(self._most // max(len(found), 1), 1)
        ends = {key: min(high, begins[key] + share) for key, (_, high) in found.items()}
        # a partition that brokers do not name now is still there in the checkpoint
        return {**(start or {}), **ends}

    def partitions(self, start: dict[str, int], end: dict[str, int]) -> list[OffsetSpan]:
        """Return the spans of a batch. A partition that is new begins with its first message."""
        low = self._watermarks() if end.keys() - start.keys() else {}
        spans = []
        for key, last in sorted(end.items()):
            topic, _, partition = key.rpartition("/")
            first = start.get(key, low.get(key, (0, 0))[0])
            if first < last:
                spans.append(OffsetSpan(topic, int(partition), first, last))
        return spans or [OffsetSpan(self._topics[0], 0, 0, 0)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the lines of a span, some megabytes together. Raises `InputUnreadable` if messages of it are gone."""
        if isinstance(partition, OffsetSpan) and partition.begin < partition.end:
            yield from read_span(partition, self._configuration)

    def commit(self, end: dict[str, int]) -> None:
        """Do nothing: the checkpoint holds the offsets."""

    def _watermarks(self) -> dict[str, tuple[int, int]]:
        """Return the first offset and the one after the last, by topic and partition."""
        from confluent_kafka import KafkaException, TopicPartition

        consumer = _open_consumer(self._configuration)
        try:
            found = {}
            for topic in self._topics:
                known = consumer.list_topics(topic, timeout=_ANSWER).topics[topic]
                for partition in known.partitions:
                    low, high = consumer.get_watermark_offsets(
                        TopicPartition(topic, partition), timeout=_ANSWER
                    )
                    found[f"{topic}/{partition}"] = (low, high)
        except (KafkaException, KeyError) as error:
            raise InputUnreadable(f"no answer from Kafka: {error}", fix="check servers and topics") from None
        finally:
            consumer.close()
        return found


def read_span(span: OffsetSpan, configuration: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
    """Yield the lines of the messages of a span. Raises `InputUnreadable` if the brokers no longer hold all of them."""
    from confluent_kafka import TopicPartition

    consumer = _open_consumer(configuration)
    try:
        consumer.assign([TopicPartition(span.topic, span.partition, span.begin)])
        lines: list[bytes] = []
        size, first, following = 0, span.begin, span.begin
        while following < span.end:
            message = consumer.poll(_PATIENCE)
            fault = "no message came" if message is None else message.error()
            if message is None or fault is not None:
                raise InputUnreadable(
                    f"messages of {span.topic}/{span.partition} from offset {following} on were not read: {fault}",
                    fix="start again; messages that the brokers have deleted are lost",
                )
            offset = message.offset()
            following = offset + 1
            if offset >= span.end:
                break
            found, _ = message_lines(message.value(), span.topic, span.partition, offset)
            lines += found
            size += sum(map(len, found))
            if size >= _TOGETHER:
                yield _make_batch(span, first, lines)
                lines, size, first = [], 0, following
        if lines:
            yield _make_batch(span, first, lines)
    finally:
        consumer.close()


def _make_batch(span: OffsetSpan, first: int, lines: list[bytes]) -> pa.RecordBatch:
    content = b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines)
    columns = [
        pa.array([value], kind.type)
        for value, kind in zip((span.topic, span.partition, first, content), _SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def read_configuration(options: Mapping[str, str]) -> dict[str, Any]:
    """Return librdkafka's configuration from a source's options. Raises `CollectInvalid`."""
    servers = [one.strip() for one in options.get("servers", "").split(",") if one.strip()]
    if not servers:
        raise CollectInvalid("the source names no server", fix="give servers")
    found: dict[str, Any] = {"security.protocol": "SSL"}
    if options.get("properties"):
        text = read_secret(Path(options["properties"]), what="the properties of Kafka")
        found |= dict(line.split("=", 1) for line in text.splitlines() if "=" in line and line[:1] != "#")
    elif all(host_of(server) in _HERE for server in servers):
        found["security.protocol"] = "PLAINTEXT"
    if "SSL" not in str(found["security.protocol"]).upper() and not all(
        host_of(server) in _HERE for server in servers
    ):
        raise CollectInvalid(
            "plaintext goes to this machine alone: others would read the logs, and could write into them",
            fix="set security.protocol to SSL or SASL_SSL",
        )
    return found | {
        "bootstrap.servers": ",".join(servers),
        "group.id": f"seawall-{uuid.uuid4().hex}",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "log_level": 0,
    }


def _open_consumer(configuration: Mapping[str, Any]) -> Any:
    from confluent_kafka import Consumer

    return Consumer(dict(configuration))
