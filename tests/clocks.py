"""Clocks that say what a test wants."""

from __future__ import annotations

from collections.abc import Callable

from seawall_base.clock import Clock


class ClockOf(Clock):
    """A clock that asks a function for each of its times, the real clock where there is none."""

    def __init__(
        self, *, now: Callable[[], int] | None = None, monotonic: Callable[[], float] | None = None
    ) -> None:
        super().__init__()
        self._now, self._monotonic = now or super().now, monotonic or super().monotonic

    def now(self) -> int:
        return self._now()

    def monotonic(self) -> float:
        return self._monotonic()
