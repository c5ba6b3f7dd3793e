"""Gathers small deliveries into batches that are worth scoring, by size and by time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seawall.events.readers import EventBatch
from seawall.pipeline.tail.delivery import TailDelivery


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """When a batch is due: at so many records, at so many bytes of events, or so many seconds after its first
    delivery."""

    records: int = 25_000
    size_bytes: int = 64 << 20
    seconds: float = 1.0


@dataclass(slots=True)
class Batcher:
    """Deliveries in their order, joined to one that is kept as a whole. `now` is in seconds, of a clock that only goes
    forward.

    A delivery is never split, so a batch is at most one delivery larger than it should be.
    """

    sizes: BatchSizes = field(default_factory=BatchSizes)
    _batches: list[EventBatch] = field(default_factory=list)
    _changes: dict[str, Any] = field(default_factory=dict)
    _done: list[Callable[[], None]] = field(default_factory=list)
    _records: int = 0
    _bytes: int = 0
    _since: float | None = None

    def add(self, delivery: TailDelivery, now: float) -> TailDelivery | None:
        """Take a delivery; what is due now, or None."""
        self._batches += delivery.batches
        self._changes.update(delivery.changes)
        self._done += delivery.done
        self._records += delivery.records
        self._bytes += delivery.bytes_held
        if self._since is None:
            self._since = now
        return self.due(now)

    def due(self, now: float) -> TailDelivery | None:
        """What is due now, or None."""
        if self._since is None:
            return None
        is_full = self._records >= self.sizes.records or self._bytes >= self.sizes.size_bytes
        return self.take() if is_full or now - self._since >= self.sizes.seconds else None

    def waits(self, now: float) -> float | None:
        """Seconds until something is due; None when there is nothing."""
        return None if self._since is None else max(self._since + self.sizes.seconds - now, 0.0)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits until what was added is kept."""
        return bool(self._done)

    def take(self) -> TailDelivery | None:
        """Everything that was added since the last time, due or not; None when that is nothing."""
        if self._since is None:
            return None
        taken = TailDelivery(tuple(self._batches), self._changes, tuple(self._done))
        self._batches, self._changes, self._done = [], {}, []
        self._records, self._bytes, self._since = 0, 0, None
        return taken
