"""Publish the status of a running watch to subscribers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from seawall.pipeline.live.status import Doing, EventRate, WatchStatus
from seawall.pipeline.live.subscribers import Subscribers
from seawall.pipeline.tail import TailDelivery
from seawall_base.clock import Clock

_PAUSE = 0.5


class StatusPublisher:
    """The published status. `look` returns all but the measured values; one thread updates it, any thread may read it."""

    def __init__(self, clock: Clock, look: Callable[[], WatchStatus]) -> None:
        self._clock, self._look = clock, look
        self._rate, self._byte_rate = EventRate(), EventRate()
        self._told = 0.0
        self._last_event: int | None = None
        self._last_batch: int | None = None
        self.fault: str | None = None
        self.doing: Doing = "idle"
        self.status = WatchStatus(doing="idle")
        self.subscribers = Subscribers()

    def note_kept(self, delivery: TailDelivery, last_event: int | None, wall: int) -> None:
        """Note a stored delivery, its last event, and the time."""
        now = self._clock.monotonic()
        self._last_event = max(self._last_event or 0, last_event or 0) or None
        self._last_batch = wall
        self._rate.add(delivery.records, now)
        self._byte_rate.add(sum(batch.bytes_read for batch in delivery.batches), now)

    def set_fault(self, words: str | None) -> None:
        """Set the sentence about the present error, None when the watch works again."""
        if words != self.fault:
            self.fault = words
            self.tell(is_forced=True)

    def tell(self, *, is_forced: bool = False, revision: int | None = None) -> None:
        """Notify subscribers: at once when incidents changed, otherwise at most twice a second."""
        now = self._clock.monotonic()
        is_news = revision is not None and revision != self.status.revision
        if not is_news and not is_forced and now - self._told < _PAUSE:
            return
        self._told = now
        looked = self._look()
        backlog, speed = looked.backlog_bytes, self._byte_rate.at(now)
        self.status = replace(
            looked,
            doing="stopped" if self.fault else "behind" if looked.doing == "behind" else self.doing,
            rate=self._rate.at(now),
            seconds_left=backlog / speed if backlog and speed > 0 else 0.0 if backlog == 0 else None,
            last_event=self._last_event,
            last_batch=self._last_batch,
            fault=self.fault or looked.fault,
        )
        self.subscribers.tell(self.status)
