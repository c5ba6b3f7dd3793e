"""Read the machine's clocks, and wait until a time passes or the process is told to stop."""

from __future__ import annotations

import threading
import time


class Stopped(Exception):
    """The process was told to stop while it waited."""


def read_wall_clock() -> int:
    """Return the wall-clock time in microseconds since 1970, UTC. An adjusted clock may jump either way."""
    return time.time_ns() // 1_000


class Clock:
    """Give the time of this machine. Tests use another class with the same methods, whose `wait` returns at once."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()

    def now(self) -> int:
        """Return the wall-clock time in microseconds since 1970, UTC."""
        return read_wall_clock()

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back. Only differences mean anything."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait for `seconds`. Raises `Stopped` when the process is told to stop."""
        if self.stop.wait(max(seconds, 0.0)):
            raise Stopped

    def random(self) -> float:
        """Return a random number from 0 to 1. It spreads the retries of collectors that were turned away together."""
        import random

        return random.random()  # noqa: S311 - nothing secret hangs on it
