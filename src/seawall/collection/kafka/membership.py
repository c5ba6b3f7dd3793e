"""Membership in a consumer group that only says which partitions are ours; whoever uses it reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from seawall.collection.kafka.member import make_consumer

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

Numbers = list[int]


class GroupMembership:
    """A member of the group of `configuration` on one topic.

    `on_gain` gets partitions that are ours from now on, `on_loss` those that are not: the broker gives them to others when it
    returns. Both are called by `poll` and `close`. `fault` is the last error of the cluster, empty after it answered.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        topic: str,
        on_gain: Callable[[Numbers], None],
        on_loss: Callable[[Numbers], None],
    ) -> None:
        self._topic, self._on_gain, self._on_loss = topic, on_gain, on_loss
        self._committed: dict[int, int] = {}
        self.fault = ""
        usual = {
            "enable.partition.eof": False,
            "queued.max.messages.kbytes": 1_024,
            # only the partitions that move are given back
            "partition.assignment.strategy": "cooperative-sticky",
        }
        self._consumer: Consumer = make_consumer({**configuration, **usual}, self._on_error)
        self._consumer.subscribe(
            [topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def poll(self, seconds: float) -> None:
        """Take part in the group for some time; must be called again and again."""
        message = self._consumer.poll(seconds)
        if message is not None and (error := message.error()) is not None:
            self._on_error(error)

    def commit(self, stored: Mapping[int, int]) -> None:
        """Tell the broker the next offset of partitions, so that other tools show the lag. Nothing is read from there."""
        from confluent_kafka import KafkaException, TopicPartition

        moved = {number: at for number, at in stored.items() if self._committed.get(number) != at}
        if not moved:
            return
        with suppress(KafkaException):  # it only delays the lag that other tools see
            offsets = [TopicPartition(self._topic, number, at) for number, at in moved.items()]
            self._consumer.commit(offsets=offsets, asynchronous=True)
            self._committed |= moved

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        from confluent_kafka import TopicPartition as Place

        self.fault = ""
        places = [Place(one.topic, one.partition, 0) for one in partitions]
        consumer.incremental_assign(places)
        if places:
            consumer.pause(places)  # a member fetches nothing
        self._on_gain(_numbers(partitions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for number in _numbers(partitions):
            self._committed.pop(number, None)
        self._on_loss(_numbers(partitions))
        consumer.incremental_unassign(partitions)

    def _on_error(self, error: KafkaError) -> None:
        """Note an error; the library recovers from it by itself."""
        self.fault = error.name()


def _numbers(partitions: Iterable[TopicPartition]) -> Numbers:
    return [one.partition for one in partitions]
