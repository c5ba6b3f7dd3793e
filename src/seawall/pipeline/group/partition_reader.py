"""Read one partition from the offset that the database holds, and what other slots hand over.

The offset changes in the transaction that stores the records. The broker is told of it later, so that other tools show the lag.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from seawall.collection.kafka.partition_stream import LEAST_UNREAD, PartitionStream
from seawall.events.event_table import empty_events
from seawall.events.formats.limits import BODY
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch
from seawall.pipeline.group.routing import EventRouter, unpack_events
from seawall.pipeline.group.trial import StartTrial
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.reading import ReaderThread
from seawall.pipeline.tail import DeliveryQueue, IntakeClosed, TailDelivery
from seawall.storage.database import SlotDatabase
from seawall.storage.errors import DatabaseAway
from seawall_base.errors import DatabaseInUse

MOST_MESSAGES: Final = 2_000
"""Messages that are parsed together."""

_LOOK: Final = 0.1
"""Seconds to wait for messages, and for room in the queue."""

MOST_LINES: Final = 20_000
"""Records that are parsed together: many small ones in one message must not count as one hostile body."""

_STORED_SECONDS: Final = 0.01
_HANDED_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 1.0


def checkpoint_name(topic: str, partition: int) -> str:
    """Return the name of the checkpoint with the offset of a partition's next message (`next`)."""
    return f"kafka/{topic}/{partition}"


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """The offset of the next message to store, None while unknown, and of the next to come, None if unknown."""

    stored: int | None
    end: int | None

    @property
    def lag(self) -> int | None:
        """Number of messages that are not stored, None if unknown."""
        return None if self.end is None else max(self.end - (self.stored or 0), 0)


class PartitionReader(ReaderThread):
    """Queue the records of a partition from `start` on, None for its first message, routed to their slots.

    It is idle when all messages up to the end of the partition are stored. `words` are about the last error of the cluster.
    """

    can_idle = True

    def __init__(
        self,
        configuration: Mapping[str, Any],
        topic: str,
        partition: int,
        start: int | None,
        router: EventRouter,
        intake: DeliveryQueue,
        trial: StartTrial,
    ) -> None:
        super().__init__("seawall-partition")
        self._trial, self._start = trial, start or 0
        self._open = partial(PartitionStream, configuration, topic, partition, start)
        self._name = checkpoint_name(topic, partition)
        self._router, self._intake = router, intake
        self._stored, self._end = start, start
        self._in_flight = 0
        self._lock = threading.Lock()
        self.backlog = LEAST_UNREAD
        self.words = ""

    @property
    def progress(self) -> PartitionProgress:
        """How far the partition is stored."""
        return PartitionProgress(self._stored, self._end)

    def run(self) -> None:
        """Read until stopped."""
        stream: PartitionStream | None = None
        try:
            stream = self._open()
            while not self._stopped.is_set():
                self._read(stream)
        except IntakeClosed:
            return
        except Exception as error:  # noqa: BLE001 - reported by the main thread, which calls `raise_fault`
            self.fault = error
        finally:
            if stream is not None:
                stream.close()

    def _read(self, stream: PartitionStream) -> None:
        """Queue the messages that are there, and note how far the end is."""
        is_careful = self._trial.is_careful
        first = stream.next
        lines, size = stream.read(1 if is_careful else MOST_MESSAGES, _LOOK)
        if lines and is_careful:
            self._take_in_hand(lines, stream.next, size)
        elif lines:
            self._take(lines, f"{self._name}/{first or 0}", stream.next, size)
        if (lost := stream.correct_offset()) is not None:
            problem = file_problem(self._name, "unreadable", lost.reason)
            self._put([EventBatch(empty_events(), (problem,), 0, 0)], {}, lost.offset, 0)
        unread = stream.estimate_unread()
        with self._lock:
            self.backlog = unread + self._in_flight
            if self.backlog == 0 and stream.reached is not None:
                self._stored = max(self._stored or 0, stream.reached)
        self.is_idle, self._end = self.backlog == 0, stream.end
        self.words = f"from the cluster: {stream.fault}" if stream.fault else ""

    def _take(self, lines: Sequence[bytes], name: str, following: int | None, size: int) -> None:
        """Parse and route the lines of messages, and queue them."""
        batches: list[EventBatch] = []
        for start in range(0, len(lines), MOST_LINES):
            batches += batches_of(b"\n".join(lines[start : start + MOST_LINES]), self._name, BODY)
        kept, handed = self._route(batches, name)
        self._put(kept, handed, following, size)

    def _take_in_hand(self, lines: Sequence[bytes], following: int | None, size: int) -> None:
        """Queue one message that may be the one that ends its worker, or leave it out if it did so again and again."""
        offset = (following or 1) - 1
        name = f"{self._name}/{offset}"
        with take_in_hand(self._trial, name, self._wait_until_stored, self._stopped) as is_allowed:
            if is_allowed:
                self._take(lines, name, following, size)
            else:
                problem = describe_skipped(self._name, f"message {offset}")
                self._put([EventBatch(empty_events(), (problem,), 0, size)], {}, following, size)
        if offset >= self._start + MOST_MESSAGES:
            self._trial.pass_on()

    def _wait_until_stored(self) -> None:
        while self._in_flight:
            if self._stopped.wait(_STORED_SECONDS):
                raise IntakeClosed

    def _route(self, batches: Sequence[EventBatch], name: str) -> tuple[list[EventBatch], Mapping[str, Any]]:
        """Route batches; try again while the database is away."""
        while True:
            try:
                return self._router.route(batches, name)
            except (DatabaseAway, DatabaseInUse):
                if self._stopped.wait(_AWAY_SECONDS):
                    raise IntakeClosed from None

    def _put(
        self, batches: Sequence[EventBatch], handed: Mapping[str, Any], following: int | None, size: int
    ) -> None:
        with self._lock:
            self._in_flight += size + 1
        done = partial(self._on_stored, following, size)
        whole = TailDelivery(tuple(batches), {**handed, self._name: {"next": following}}, (done,))
        while not self._intake.put(whole, _LOOK):
            if self._stopped.is_set():
                raise IntakeClosed

    def _on_stored(self, offset: int | None, size: int) -> None:
        with self._lock:
            self._stored = offset
            self._in_flight -= size + 1


class HandedReader(ReaderThread):
    """Queue the events that other slots hand over to this one; each entry is deleted in the transaction that stores it."""

    can_idle = True

    def __init__(self, database: SlotDatabase, intake: DeliveryQueue, trial: StartTrial) -> None:
        super().__init__("seawall-handed")
        self._database, self._intake, self._trial = database, intake, trial
        self._queued: set[str] = set()

    def run(self) -> None:
        """Look for events until stopped."""
        try:
            while not self._stopped.wait(_HANDED_SECONDS):
                self._look()
        except IntakeClosed:
            return
        except Exception as error:  # noqa: BLE001 - reported by the main thread, which calls `raise_fault`
            self.fault = error

    def _look(self) -> None:
        try:
            with self._database.reading() as work:
                found = work.handovers.of(self._database.slot)
        except (DatabaseAway, DatabaseInUse):
            return
        self.is_idle = not found
        # a name is forgotten only once the database has forgotten it: what was read just now may be old
        self._queued &= {name for name, _ in found}
        for name, content in found:
            if name in self._queued:
                continue
            self._queued.add(name)
            if self._trial.is_careful:
                self._take_in_hand(name, content)
            else:
                self._put(name, unpack_events(content))

    def _take_in_hand(self, name: str, content: bytes) -> None:
        """Queue events of which one may end its worker, or leave them out if they did so again and again."""
        stored = threading.Event()
        with take_in_hand(self._trial, name, partial(self._wait_until, stored), self._stopped) as is_allowed:
            if is_allowed:
                batch = unpack_events(content)
            else:
                batch = EventBatch(
                    empty_events(),
                    (describe_skipped(name, "events that another partition handed over"),),
                    0,
                    0,
                )
            self._put(name, batch, stored.set)

    def _wait_until(self, stored: threading.Event) -> None:
        while not stored.wait(_STORED_SECONDS):
            if self._stopped.is_set():
                raise IntakeClosed

    def _put(self, name: str, batch: EventBatch, *done: Callable[[], None]) -> None:
        delivery = TailDelivery((batch,), {name: None}, done)
        while not self._intake.put(delivery, _LOOK):
            if self._stopped.is_set():
                raise IntakeClosed


@contextmanager
def take_in_hand(
    trial: StartTrial, name: str, wait: Callable[[], None], stopped: threading.Event
) -> Iterator[bool]:
    """Note a record as `StartTrial.take_in_hand` does, again while the database is away. Raises `IntakeClosed` if stopped."""
    with ExitStack() as stack:
        while True:
            try:
                is_allowed = stack.enter_context(trial.take_in_hand(name, wait))
                break
            except (DatabaseAway, DatabaseInUse):
                if stopped.wait(_AWAY_SECONDS):
                    raise IntakeClosed from None
        yield is_allowed


def describe_skipped(source: str, what: str) -> Problem:
    """Return the problem about a record that was left out."""
    return file_problem(source, "unreadable", f"{what} ended its worker again and again, and was left out")
