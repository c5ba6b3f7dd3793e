"""A member of a consumer group: read the assigned partitions from the offsets in the ledger, and store the messages.

The ledger holds the offsets that count, because they change in the transaction that counts the messages. Offsets are also
committed to the broker, so that other tools show the lag, but they are never read from there.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from seawall.collection.errors import CollectionBroken
from seawall.collection.kafka.messages import message_lines
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.ledger.partitions import OffsetRange, PartitionLedger, PartitionWatermarks
from seawall.collection.run import BATCH_BYTES, BATCH_RECORDS, BATCH_WAIT, PassOutcome
from seawall.collection.source import ENDLESS
from seawall.collection.windows import SECOND
from seawall.vendor_api.errors import CollectRefused
from seawall_base.clock import Clock, Stopped
from seawall_base.errors import CollectInvalid, MissingExtra

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

LOOK: Final = 10 * SECOND
"""Microseconds between queries of the partitions' watermarks."""

ANSWER: Final = 5.0
"""Seconds to wait for a broker's answer to such a query."""

PATIENCE: Final = 60 * SECOND
"""Microseconds without news after which a single pass gives up."""

SAID_AGAIN: Final = 60 * SECOND

_SILENT: Final = logging.getLogger("seawall.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_SECRETS: Final = ("sasl.password", "ssl.key.pem")

Key = tuple[str, int]


class KafkaMember:
    """A member of a consumer group. `configuration` is librdkafka's; `report` receives messages for the operator."""

    def __init__(
        self,
        configuration: Mapping[str, Any],
        topics: Iterable[str],
        book: PartitionLedger,
        clock: Clock,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._topics, self._book, self._clock, self._notify = tuple(topics), book, clock, report
        self._asks: dict[str, PendingQuery] = {}
        self._stretches: dict[Key, OffsetRange] = {}
        self._at_end: set[Key] = set()
        self._astray: set[Key] = set()
        self._is_assigned = self._is_moved = False
        self._counts: Counter[str] = Counter()
        self._held = self._held_bytes = 0
        self._fault = ""
        self._said_at: dict[str, int] = {}
        self._outcome = PassOutcome()
        self._since = self._looked_at = self._news_at = clock.now()
        self._consumer = make_consumer(configuration, self._on_error)

    def run(self, *, once: bool = False) -> PassOutcome:
        """Read until stopped, or with `once` up to the present end of the partitions.

        Raises `CollectRefused`, `CollectionBroken` and `OutputUnwritable`; no message is lost by any of them.
        """
        try:
            if not self._meet_cluster(once=once):
                return self._outcome
            self._consumer.subscribe(
                list(self._topics),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            self._read(once=once)
            self._store()
        finally:
            self._consumer.close()
        return self._outcome

    def _meet_cluster(self, *, once: bool) -> bool:
        """Wait for the cluster and its topics before offsets are trusted. Return False if a single pass got no answer."""
        began = self._clock.now()
        while not self._is_stopped():
            self._consumer.poll(0)
            if self._has_answered():
                return True
            if once and self._clock.now() - began > PATIENCE:
                self._outcome.waiting["all"] = self._fault or "no-answer"
                return False
            self._report(f"the cluster does not answer: {self._fault or 'no-answer'}")
            try:
                self._clock.wait(1.0)
            except Stopped:
                return False
        return False

    def _has_answered(self) -> bool:
        """Return whether the cluster answered. Note its partitions; report a missing topic, and go on without it."""
        from confluent_kafka import KafkaException

        try:
            for topic in self._topics:
                answer = self._consumer.list_topics(topic, timeout=ANSWER)
                if answer.cluster_id and not self._book.cluster(answer.cluster_id):
                    raise CollectionBroken(
                        "the ledger belongs to another cluster: its offsets are not valid here",
                        fix="give another folder with --out",
                    )
                found = answer.topics[topic]
                if found.error is not None:
                    # Event Hubs of diagnostic settings appear only with their first record.
                    self._outcome.waiting[topic] = found.error.name()
                    self._report(f"{topic}: {found.error.name()}")
                    continue
                self._outcome.waiting.pop(topic, None)
                self._book.meet(self._query_of(topic).feed, found.partitions)
            self._book.only(self._topics, self._clock.now())
        except KafkaException as error:
            self._fault = error.args[0].name()
            return False
        return True

    def _query_of(self, topic: str) -> PendingQuery:
        """Return the endless query of a topic. Nothing is proved complete: a queue cannot tell whether its producer sent
        everything.
        """
        if topic not in self._asks:
            now = self._clock.now()
            number, begin = self._book.feed(LedgerFeed(topic, "kafka", now, ENDLESS, 0, 0))
            opened = self._book.open_asks(number)
            self._asks[topic] = opened[0] if opened else self._book.ask(number, begin, ENDLESS, now)
        return self._asks[topic]

    def _read(self, *, once: bool) -> None:
        self._news_at = self._looked_at = self._since = self._clock.now()
        while not self._is_stopped():
            message = self._consumer.poll(0.5)
            now = self._clock.now()
            if message is not None:
                self._news_at = now
                self._add_message(message, now)
            if self._is_full() or now - self._since >= BATCH_WAIT:
                self._store()
            if now - self._looked_at >= LOOK:
                self._check_partitions()
            if self._is_moved:
                self._assign()
            if once and self._is_assigned and self._at_end >= set(self._stretches):
                self._check_partitions()
                return
            if once and now - self._news_at > PATIENCE:
                self._outcome.waiting["all"] = self._fault or "no-answer"
                return

    def _add_message(self, message: Message, now: int) -> None:
        topic, number, offset = message.topic(), message.partition(), message.offset()
        error = message.error()
        if topic is None or number is None:
            if error is not None:
                self._on_error(error)
            return
        stretch = self._stretches.get((topic, number))
        if error is not None:
            self._on_fault(error, (topic, number), offset)
            return
        is_known = offset is not None and stretch is not None and offset < (stretch.next or 0)
        if stretch is None or offset is None or is_known or self._is_moved:
            self._counts["repeated-messages"] += 1
            return
        value = message.value()
        lines, reason = message_lines(value, topic, number, offset)
        size = len(value or b"")
        if reason:
            stretch.unread.append((offset, reason, size, len(stretch.lines) + len(lines) - 1))
        # a producer can set any time in a message
        moment = min(max(message.timestamp()[1], 0) * 1_000, now)
        stretch.lines += lines
        stretch.times += [moment] * len(lines)
        self._held += len(lines)
        self._held_bytes += size
        stretch.size += size
        stretch.messages += 1
        stretch.next = offset + 1

    def _is_full(self) -> bool:
        return self._held_bytes >= BATCH_BYTES or self._held >= BATCH_RECORDS

    def _store(self) -> None:
        """Store the messages read so far, then commit their offsets to the broker."""
        self._since = now = self._clock.now()
        self._held = self._held_bytes = 0
        for topic, ask in self._asks.items():
            moved = [one for one in self._stretches.values() if one.topic == topic and one.next != one.stored]
            if not moved:
                continue
            counts, self._counts = dict(self._counts), Counter()
            records, refused = self._book.store(
                ask, moved, now, f"kafka/{self._book.tenant}/{topic[:120]}", counts
            )
            self._outcome.records += records
            for one in moved:
                if any(one is other for other in refused):
                    self._skip_to_stored((one.topic, one.number))
                else:
                    self._outcome.pieces += one.messages
                    self._stretches[one.topic, one.number] = one.began()
        self._commit()

    def _skip_to_stored(self, key: Key) -> None:
        """Discard unstored messages of a partition because another process stored some, and continue at its present offset."""
        self._counts["stored-by-another"] += 1
        self._continue_at(key, self._book.next_of(self._query_of(key[0]).feed, key[1]))

    def _continue_at(self, key: Key, position: int | None) -> None:
        """Continue a partition at another offset from the next `_assign` on; messages until then are ignored."""
        self._stretches[key] = OffsetRange(*key, position, position)
        self._at_end.discard(key)
        self._is_moved = True

    def _assign(self) -> None:
        """Assign each partition from its stored offset. Unstored messages will be delivered again."""
        from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicPartition

        self._stretches = {
            key: OffsetRange(*key, one.stored, one.stored) for key, one in self._stretches.items()
        }
        try:
            # `seek` is refused by the library for a partition that it could not read from
            self._consumer.assign(
                [
                    TopicPartition(*key, OFFSET_BEGINNING if one.stored is None else one.stored)
                    for key, one in self._stretches.items()
                ]
            )
            self._is_moved = False
        except KafkaException as error:
            self._fault = error.args[0].name()

    def _commit(self, *, is_last: bool = False) -> None:
        from confluent_kafka import KafkaException, TopicPartition

        offsets = [
            TopicPartition(one.topic, one.number, one.stored)
            for one in self._stretches.values()
            if one.stored is not None
        ]
        if not offsets:
            return
        try:
            if is_last:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            # a failure only delays the lag that other tools see
            self._counts[f"commit-{error.args[0].name()}"] += 1

    def _check_partitions(self) -> None:
        """Store messages, note the watermarks of partitions, find new partitions, and correct invalid offsets."""
        from confluent_kafka import KafkaException, TopicPartition

        self._store()
        for key in sorted(self._astray & set(self._stretches)):
            self._correct_offset(key)
        looks: dict[str, list[PartitionWatermarks]] = {topic: [] for topic in self._topics}
        try:
            if self._has_answered():
                for key, stretch in self._stretches.items():
                    at = self._clock.now()
                    low, high = self._consumer.get_watermark_offsets(TopicPartition(*key), timeout=ANSWER)
                    is_all = stretch.stored is not None and stretch.stored >= high
                    looks[key[0]].append(PartitionWatermarks(key[1], low, high, at, is_all))
        except KafkaException as error:
            self._fault = error.args[0].name()
        for topic, found in looks.items():
            if found:
                self._book.look(self._query_of(topic), found)
        self._looked_at = self._clock.now()

    def _correct_offset(self, key: Key) -> None:
        """Move to the first available offset if the next one is gone, and record the lost messages."""
        from confluent_kafka import KafkaException, TopicPartition

        stretch = self._stretches[key]
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(*key), timeout=ANSWER)
        except KafkaException as error:
            self._fault = error.args[0].name()
            return
        position = stretch.stored
        if position is not None and not low <= position <= high:
            code = "messages-expired" if position < low else "offsets-went-back"
            if not self._book.lose(stretch, self._query_of(key[0]).feed, low, code, self._clock.now()):
                self._skip_to_stored(key)
                return
            self._notify(
                f"{key[0]}, partition {key[1]}: {code}: offset {position} is asked for, {low} is there"
            )
            position = low
        self._astray.discard(key)
        self._continue_at(key, position)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        from confluent_kafka import OFFSET_BEGINNING

        self._stretches, self._at_end, self._astray = {}, set(), set()
        for one in partitions:
            ask = self._query_of(one.topic)
            self._book.meet(ask.feed, [one.partition])
            position = self._book.next_of(ask.feed, one.partition)
            self._stretches[one.topic, one.partition] = OffsetRange(
                one.topic, one.partition, position, position
            )
            one.offset = OFFSET_BEGINNING if position is None else position
        consumer.assign(partitions)
        self._is_assigned, self._is_moved, self._news_at = True, False, self._clock.now()

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        del partitions
        self._store()
        self._commit(is_last=True)
        self._on_lost(consumer, [])

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Discard unstored messages: the broker already gave the partitions to another member, who will read them."""
        del partitions
        self._stretches, self._at_end, self._astray = {}, set(), set()
        self._is_assigned = self._is_moved = False
        consumer.unassign()

    def _on_fault(self, error: KafkaError, key: Key, offset: int | None) -> None:
        """Handle an event that librdkafka reports in place of a message of a partition."""
        from confluent_kafka import KafkaError as Codes

        code = error.code()
        stretch = self._stretches.get(key)
        if code == Codes._PARTITION_EOF:  # noqa: SLF001 - the public name in the library's interface
            if stretch is not None and not self._is_moved:
                # markers of transactions have offsets but are never delivered
                stretch.next = max(stretch.next or 0, offset or 0)
                self._at_end.add(key)
        elif code in {Codes._AUTO_OFFSET_RESET, Codes.OFFSET_OUT_OF_RANGE}:  # noqa: SLF001
            self._astray.add(key)
            self._looked_at = 0
        else:
            self._on_error(error)

    def _on_error(self, error: KafkaError) -> None:
        """Handle any other error: the library recovers by itself, unless the error is fatal."""
        self._fault = error.name()
        self._counts[self._fault] += 1
        self._report(f"from the cluster: {self._fault}")
        if error.fatal():
            raise CollectRefused(
                f"the cluster: {self._fault}",
                fix="see docs/how-to/collect-kafka.md; the next start continues where this one ended",
            )

    def _report(self, text: str) -> None:
        now = self._clock.now()
        if now - self._said_at.get(text, 0) >= SAID_AGAIN:
            self._said_at[text] = now
            self._notify(text)

    def _is_stopped(self) -> bool:
        return self._clock.stop.is_set()


def make_consumer(configuration: Mapping[str, Any], on_error: Callable[[KafkaError], None]) -> Consumer:
    """Return a consumer that logs nothing. Raises `MissingExtra` and `CollectInvalid`."""
    try:
        from confluent_kafka import Consumer, KafkaException
    except ImportError as error:
        raise MissingExtra("Kafka needs the package confluent-kafka", extra="kafka") from error
    try:
        return Consumer({**configuration, "error_cb": on_error}, logger=_SILENT)
    except (KafkaException, ValueError, TypeError) as error:
        text = error.args[0].str() if isinstance(error, KafkaException) else type(error).__name__
        if any(str(configuration[name]) in text for name in _SECRETS if name in configuration):
            text = "what it says holds a secret"
        raise CollectInvalid(
            f"the Kafka library rejects the settings: {text}",
            fix="check certificate and properties (docs/how-to/collect-kafka.md)",
        ) from None
