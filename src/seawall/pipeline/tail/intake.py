"""A bounded queue between reader threads and the consumer: when it is full, readers wait."""

from __future__ import annotations

import threading
from collections import deque

from seawall.pipeline.tail.delivery import TailDelivery


class IntakeClosed(Exception):
    """The queue is closed."""


class DeliveryQueue:
    """Deliveries in order, limited in number and approximate bytes.

    Several threads may put, one takes. A single delivery is always accepted, however large.
    """

    def __init__(self, most: int = 64, most_bytes: int = 128 << 20) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._waiting: deque[tuple[TailDelivery, int]] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def bytes_held(self) -> int:
        """Approximate memory of the waiting deliveries in bytes."""
        return self._bytes

    def put(self, delivery: TailDelivery, timeout: float | None = None) -> bool:
        """Wait for room, and add a delivery; return False after `timeout` seconds without room.

        Raises `IntakeClosed`.
        """
        size = delivery.bytes_held
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_closed or self._has_room(size), timeout):
                return False
            if self._is_closed:
                raise IntakeClosed
            self._waiting.append((delivery, size))
            self._bytes += size
            self._changed.notify_all()
            return True

    def take(self, timeout: float | None = None) -> TailDelivery | None:
        """Wait for the next delivery; return None after `timeout` seconds without one.

        Raises `IntakeClosed` once the queue is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._waiting), timeout)
            if self._waiting:
                delivery, size = self._waiting.popleft()
                self._bytes -= size
                self._changed.notify_all()
                return delivery
            if self._is_closed:
                raise IntakeClosed
            return None

    def close(self) -> None:
        """Accept no more deliveries; waiting ones can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._most and self._bytes + size <= self._most_bytes
