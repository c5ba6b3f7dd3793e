"""Those who want to know how a running watch is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from seawall.pipeline.live.status import WatchStatus


class Subscribers:
    """Functions that are called with each status. Threads may share it."""

    def __init__(self) -> None:
        self._calls: list[Callable[[WatchStatus], None]] = []
        self._lock = threading.Lock()

    def add(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Have a function called from now on; returns the function that ends it."""
        with self._lock:
            self._calls.append(call)

        def end() -> None:
            with self._lock, suppress(ValueError):
                self._calls.remove(call)

        return end

    def tell(self, status: WatchStatus) -> None:
        """Call all. What one of them raises is its own affair."""
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            with suppress(Exception):
                call(status)
