"""The time of a collector: what the wall clock says, and waiting that ends when the process is told to stop."""

from __future__ import annotations

import random
import threading
import time


class Stopped(Exception):
    """The process was told to stop while it waited."""


class Clock:
    """The real clock. Tests have one of their own, whose waiting costs nothing."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return time.time_ns() // 1_000

    def wait(self, seconds: float) -> None:
        """Wait. Raises Stopped when the process is told to stop."""
        if self.stop.wait(max(seconds, 0.0)):
            raise Stopped

    def dice(self) -> float:
        """Between 0 and 1, so that many collectors that were turned away together do not come back together."""
        return random.random()  # noqa: S311 - nothing secret hangs on it
