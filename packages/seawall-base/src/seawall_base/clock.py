"""The time of the machine: what the wall clock says, a clock that only goes forward, and waiting that ends with the process."""

from __future__ import annotations

import threading
import time


class Stopped(Exception):
    """The process was told to stop while it waited."""


def read_wall_clock() -> int:
    """Return the time now: microseconds since 1970, UTC. It may jump."""
    return time.time_ns() // 1_000


class Clock:
    """The real clock. Tests have one of their own, whose waiting costs nothing."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()

    def now(self) -> int:
        """Microseconds since 1970, UTC. It may jump."""
        return read_wall_clock()

    def monotonic(self) -> float:
        """Seconds of a clock that only goes forward."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait. Raises Stopped when the process is told to stop."""
        if self.stop.wait(max(seconds, 0.0)):
            raise Stopped

    def random(self) -> float:
        """Between 0 and 1, so that many collectors that were turned away together do not come back together."""
        import random

        return random.random()  # noqa: S311 - nothing secret hangs on it
