"""Subscribers to the status of a running watch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from seawall.pipeline.live.status import WatchStatus


class Subscribers:
    """Functions to call with each status. Threads may share an instance."""

    def __init__(self) -> None:
        self._calls: list[Callable[[WatchStatus], None]] = []
        self._lock = threading.Lock()

    def add(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Add a function; return a function that removes it."""
        with self._lock:
            self._calls.append(call)

        def end() -> None:
            with self._lock, suppress(ValueError):
                self._calls.remove(call)

        return end

    def tell(self, status: WatchStatus) -> None:
        """Call all functions; ignore their errors."""
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            with suppress(Exception):
                call(status)
