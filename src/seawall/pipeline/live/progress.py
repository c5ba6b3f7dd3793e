"""How far the reading of a watch is: whether it is behind, whether all is read, whether news may be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seawall.pipeline.live.reading import Readers
from seawall.pipeline.tail import Batcher, DeliveryQueue
from seawall_base.clock import Clock

Until = Literal["stopped", "idle", "once"]
"""When a watch ends by itself: never; when all is read, scored and told; the same, without waiting for half-written files."""

_BEHIND_BYTES = 8 << 20
_PATIENT_SECONDS = 10.0
"""Where something is always still to be read, news wait so long for it, unless it is much."""


@dataclass(slots=True)
class StuckDetector:
    """Looks at those who read and at what waits to be kept."""

    readers: Readers
    intake: DeliveryQueue
    batcher: Batcher
    clock: Clock
    _caught_up: float = 0.0

    @property
    def is_behind(self) -> bool:
        """Whether much is still to be read."""
        return (self.readers.backlog or 0) > _BEHIND_BYTES

    def is_read(self, until: Until) -> bool:
        """Whether there is nothing more to take."""
        if len(self.intake) or self.batcher.waits(0.0) is not None:
            return False
        return self.readers.are_done(is_idle_enough=until == "idle") and not len(self.intake)

    def is_settled(self, until: Until) -> bool:
        """Whether what is found now may be announced: what is still to be read could outrank it."""
        now = self.clock.monotonic()
        is_reading = bool(self.readers.backlog)
        if not is_reading:
            self._caught_up = now
        if until != "stopped":
            return self.is_read(until)
        return not is_reading or (not self.is_behind and now - self._caught_up > _PATIENT_SECONDS)
