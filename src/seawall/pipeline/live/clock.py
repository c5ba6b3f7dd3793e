"""The clocks of a running watch: one that only goes forward, for waiting, and the wall clock, for showing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` is in seconds and only goes forward; `wall` in microseconds since the epoch, and may jump."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], int] = _wall
