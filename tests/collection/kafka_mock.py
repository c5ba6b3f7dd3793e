"""A Kafka cluster on real sockets: the mock cluster that librdkafka brings, with its brokers, topics and faults in our hands."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka import Producer

_PRODUCER = 0
_FETCH = 1


def _library() -> Any:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class Cluster:
    """Three brokers. A topic has as many partitions as it is made with."""

    def __init__(self, library: Any, handle: int, brokers: int) -> None:
        self._library, self._handle, self._brokers = library, ctypes.c_void_p(handle), brokers
        self.servers: str = library.rd_kafka_mock_cluster_bootstraps(self._handle).decode()
        # A real broker waits for more members; here every second of that is a second of the tests.
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._handle, 100)
        self.producer = self.new_producer()

    def new_producer(self, **more: Any) -> Producer:
        usual = {
            "bootstrap.servers": self.servers,
            "linger.ms": 5,
            "message.max.bytes": 300_000_000,
            "log_level": 0,
        }
        return Producer({**usual, **more})

    def make(self, topic: str, partitions: int) -> None:
        assert self._library.rd_kafka_mock_topic_create(self._handle, topic.encode(), partitions, 1) == 0

    def delete(self, topic: str) -> None:
        assert self._library.rd_kafka_mock_topic_delete(self._handle, topic.encode()) == 0
        # A producer remembers how many partitions there were.
        self.producer = self.new_producer()

    def refuse(self, topic: str, code: int) -> None:
        self._library.rd_kafka_mock_topic_set_error(self._handle, topic.encode(), code)

    def down(self, broker: int) -> None:
        self._library.rd_kafka_mock_broker_set_down(self._handle, broker)

    def up(self, broker: int) -> None:
        self._library.rd_kafka_mock_broker_set_up(self._handle, broker)

    def all_down(self) -> None:
        for broker in range(1, self._brokers + 1):
            self.down(broker)

    def all_up(self) -> None:
        for broker in range(1, self._brokers + 1):
            self.up(broker)

    def fail_fetches(self, codes: Sequence[int]) -> None:
        array = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._handle, ctypes.c_int16(_FETCH), ctypes.c_size_t(len(codes)), array
        )

    def produce(self, topic: str, values: Sequence[bytes | None], partition: int | None = None) -> None:
        left: list[Any] = []

        def told(error: Any, _message: Any) -> None:
            if error is not None:
                left.append(error)

        for number, value in enumerate(values):
            where = {"partition": partition} if partition is not None else {"key": str(number)}
            while True:
                try:
                    self.producer.produce(topic, value, on_delivery=told, **where)
                    break
                except BufferError:
                    self.producer.poll(0.1)
        assert self.producer.flush(60) == 0
        assert not left


@contextmanager
def kafka(brokers: int = 3) -> Iterator[Cluster]:
    library = _library()
    words = ctypes.create_string_buffer(512)
    configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(configuration, b"log_level", b"0", words, ctypes.c_size_t(512))
    client = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, configuration, words, ctypes.c_size_t(512)))
    handle = library.rd_kafka_mock_cluster_new(client, brokers)
    try:
        yield Cluster(library, handle, brokers)
    finally:
        library.rd_kafka_mock_cluster_destroy(ctypes.c_void_p(handle))
        library.rd_kafka_destroy(client)
