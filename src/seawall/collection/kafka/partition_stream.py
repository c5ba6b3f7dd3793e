"""Read one partition from a given offset, and find the ends of all, without being a member of a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seawall.collection.kafka.member import make_consumer
from seawall.collection.kafka.messages import message_lines
from seawall.vendor_api.errors import CollectRefused

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

_ANSWER: Final = 5.0
"""Seconds to wait for a broker's answer about offsets."""

LEAST_UNREAD: Final = 1
"""The unread bytes of a partition whose end was not reached yet."""


@dataclass(frozen=True, slots=True)
class LostMessages:
    """Messages that could not be read: `reason` says why. Reading continues at `offset`."""

    reason: str
    offset: int


class PartitionStream:
    """A partition that is read from `start` on, None for its first message. `configuration` is librdkafka's.

    `next` is the offset of the message after those that were read, `end` that after the last one, None if unknown. `reached` is
    the end that reading reached, None while messages are unread: markers of transactions have offsets, and are never read.
    `fault` is the last error of the cluster. Used by one thread.
    """

    def __init__(
        self, configuration: Mapping[str, Any], topic: str, partition: int, start: int | None
    ) -> None:
        self._topic, self._partition = topic, partition
        self.next, self.end = start, None if start is None else start
        self.fault = ""
        self.reached: int | None = None
        self._is_astray = False
        self._sizes = self._messages = 0
        self._consumer: Consumer = make_consumer(configuration, self._on_error)
        self._assign()

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def read(self, most: int, seconds: float) -> tuple[list[bytes], int]:
        """Wait for messages; return the lines of up to `most`, one record a line, and the bytes of the messages."""
        lines: list[bytes] = []
        size = 0
        for message in self._consumer.consume(most, seconds):
            size += self._take(message, lines)
        return lines, size

    def estimate_unread(self) -> int:
        """Return about how many bytes are unread: 0 only when the end was reached."""
        from confluent_kafka import KafkaException, TopicPartition

        try:
            _, end = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, self._partition), cached=True
            )
        except KafkaException:
            end = -1
        if end >= 0:
            self.end = end
        if self.reached is not None:
            return 0
        left = 0 if self.end is None else max(self.end - (self.next or 0), 0)
        return max(left * self._sizes // max(self._messages, 1), LEAST_UNREAD)

    def correct_offset(self) -> LostMessages | None:
        """Move to the first message that is there if the next one is gone; return what was lost, None if nothing."""
        from confluent_kafka import KafkaException, TopicPartition

        if not self._is_astray:
            return None
        try:
            place = TopicPartition(self._topic, self._partition)
            low, high = self._consumer.get_watermark_offsets(place, timeout=_ANSWER)
        except KafkaException as error:
            self.fault = error.args[0].name()
            return None
        lost = None
        if self.next is not None and not low <= self.next <= high:
            if self.next < low:
                reason = f"messages {self.next} to {low - 1} had expired before they were read"
            else:
                reason = f"message {self.next} was to be read next, and the partition ends at {high}"
            lost = LostMessages(reason, low)
            self.next = low
        self._assign()
        return lost

    def _assign(self) -> None:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        start = OFFSET_BEGINNING if self.next is None else self.next
        self._consumer.assign([TopicPartition(self._topic, self._partition, start)])
        self._is_astray = False

    def _take(self, message: Message, lines: list[bytes]) -> int:
        error, offset = message.error(), message.offset()
        if error is not None:
            self._on_event(error, offset)
            return 0
        if offset is None or offset < (self.next or 0):
            return 0
        value = message.value()
        found, _ = message_lines(value, self._topic, self._partition, offset)
        lines += found
        size = len(value or b"")
        self.next, self.reached = offset + 1, None
        self._messages += 1
        self._sizes += size
        return size

    def _on_event(self, error: KafkaError, offset: int | None) -> None:
        """Handle an event that librdkafka reports in place of a message."""
        from confluent_kafka import KafkaError as Codes

        code = error.code()
        if code == Codes._PARTITION_EOF:  # noqa: SLF001 - the public name in the library's interface
            self.reached, self.fault = max(offset or 0, self.next or 0), ""
            self.end = max(self.end or 0, self.reached)
        elif code in {Codes._AUTO_OFFSET_RESET, Codes.OFFSET_OUT_OF_RANGE}:  # noqa: SLF001
            self._is_astray = True
        else:
            self._on_error(error)

    def _on_error(self, error: KafkaError) -> None:
        """Note an error; the library recovers from it by itself."""
        self.fault = error.name()


def read_ends(configuration: Mapping[str, Any], topic: str) -> dict[int, int]:
    """Return the offset after the last message of each partition that has messages. Raises `CollectRefused`."""
    from confluent_kafka import KafkaException, TopicPartition

    consumer = make_consumer(configuration, lambda _: None)
    try:
        found = consumer.list_topics(topic, timeout=_ANSWER).topics[topic]
        if found.error is not None:
            raise CollectRefused(
                f"the topic {topic}: {found.error.name()}", fix="check its name and the rights"
            )
        ends = {}
        for number in found.partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_ANSWER)
            if low < high:
                ends[number] = high
    except KafkaException as error:
        raise CollectRefused(
            f"the cluster does not answer: {error.args[0].name()}", fix="check the settings of Kafka"
        ) from None
    finally:
        consumer.close()
    return ends
