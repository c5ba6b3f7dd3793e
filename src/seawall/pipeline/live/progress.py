"""The progress of reading: whether it is behind, complete, and whether new incidents may be announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seawall.pipeline.live.reading import ReaderThreads
from seawall.pipeline.tail import Batcher, DeliveryQueue
from seawall_base.clock import Clock

Until = Literal["stopped", "idle", "once"]
"""When a watch ends by itself: never; when all is read, scored and announced; or the same without waiting for partial
files.
"""

_BEHIND_BYTES = 8 << 20
_PATIENT_SECONDS = 10.0
"""Seconds that announcements wait while something is always unread, unless much is."""


@dataclass(slots=True)
class ReadingProgress:
    """Watch the readers and the queue of deliveries."""

    readers: ReaderThreads
    intake: DeliveryQueue
    batcher: Batcher
    clock: Clock
    _caught_up: float = 0.0

    def __post_init__(self) -> None:
        """Begin to wait now, in case something is unread from the first moment on."""
        self._caught_up = self.clock.monotonic()

    @property
    def is_behind(self) -> bool:
        """Return whether much is still unread."""
        return (self.readers.backlog or 0) > _BEHIND_BYTES

    def is_read(self, until: Until) -> bool:
        """Return whether there is nothing more to read."""
        if len(self.intake) or self.batcher.waits(0.0) is not None:
            return False
        return self.readers.are_done(is_idle_enough=until == "idle") and not len(self.intake)

    def is_settled(self, until: Until) -> bool:
        """Return whether new incidents may be announced now: unread events could outrank them."""
        now = self.clock.monotonic()
        is_reading = bool(self.readers.backlog)
        if not is_reading:
            self._caught_up = now
        if until != "stopped":
            return self.is_read(until)
        return not is_reading or (not self.is_behind and now - self._caught_up > _PATIENT_SECONDS)
