"""Combine small deliveries into batches by size and time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seawall.events.readers import EventBatch
from seawall.pipeline.tail.delivery import TailDelivery


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """Limits at which a batch is due: records, bytes of events, or seconds after its first delivery."""

    records: int = 25_000
    size_bytes: int = 64 << 20
    seconds: float = 1.0


@dataclass(slots=True)
class Batcher:
    """Deliveries that are joined in order and stored together. `now` is in seconds of a monotonic clock.

    Deliveries are never split, so a batch exceeds its limit by one delivery at most.
    """

    sizes: BatchSizes = field(default_factory=BatchSizes)
    _batches: list[EventBatch] = field(default_factory=list)
    _changes: dict[str, Any] = field(default_factory=dict)
    _done: list[Callable[[], None]] = field(default_factory=list)
    _records: int = 0
    _bytes: int = 0
    _since: float | None = None

    def add(self, delivery: TailDelivery, now: float) -> TailDelivery | None:
        """Add a delivery; return the batch if it is due now."""
        self._batches += delivery.batches
        self._changes.update(delivery.changes)
        self._done += delivery.done
        self._records += delivery.records
        self._bytes += delivery.bytes_held
        if self._since is None:
            self._since = now
        return self.due(now)

    def due(self, now: float) -> TailDelivery | None:
        """Return the batch if it is due now."""
        if self._since is None:
            return None
        is_full = self._records >= self.sizes.records or self._bytes >= self.sizes.size_bytes
        return self.take() if is_full or now - self._since >= self.sizes.seconds else None

    def waits(self, now: float) -> float | None:
        """Return the seconds until the batch is due, None if there is none."""
        return None if self._since is None else max(self._since + self.sizes.seconds - now, 0.0)

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for the batch to be stored."""
        return bool(self._done)

    def take(self) -> TailDelivery | None:
        """Return everything added since the last call, due or not, None if nothing was."""
        if self._since is None:
            return None
        taken = TailDelivery(tuple(self._batches), self._changes, tuple(self._done))
        self._batches, self._changes, self._done = [], {}, []
        self._records, self._bytes, self._since = 0, 0, None
        return taken
