"""Run one function at a time in another thread, and give memory back from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Generic, TypeVar

import pyarrow as pa

from seawall_base.operating_system import give_back_free_memory

Result = TypeVar("Result")

MEMORY_SECONDS = 20.0
"""Seconds between two returns of freed memory to the system. Scoring frees pieces of all sizes, and the heap grows by holes."""


class BackgroundWorker(Generic[Result]):
    """One thread that runs functions one after another. `is_busy` from `begin` until `result` or `abandon`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor: ThreadPoolExecutor | None = None
        self._future: Future[Result] | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether a function is running, or its result was not fetched yet."""
        return self._future is not None

    @property
    def is_done(self) -> bool:
        """Return whether the function has finished."""
        return self._future is not None and self._future.done()

    def begin(self, work: Callable[[], Result]) -> None:
        """Start a function; allowed only if none is running."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        self._future = self._executor.submit(work)

    def wait(self, seconds: float) -> None:
        """Wait until the function has finished, at most so many seconds."""
        if self._future is not None:
            wait([self._future], seconds)

    def result(self) -> Result:
        """Wait until it is over; what it gave. Raises what it raised, and ValueError where nothing ran."""
        future, self._future = self._future, None
        if future is None:
            raise ValueError("nothing was begun")
        return future.result()

    def abandon(self) -> None:
        """Wait for the function, and ignore its result or error."""
        with suppress(Exception):
            if self._future is not None:
                self.result()

    def close(self) -> None:
        """Wait for the function, and end the thread."""
        self.abandon()
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None


def make_daemon(name: str, target: Callable[..., None], *arguments: object) -> threading.Thread:
    """Return an unstarted daemon thread, which does not keep the process alive."""
    return threading.Thread(target=target, args=arguments, name=name, daemon=True)


def give_back_memory(over: threading.Event) -> None:
    """Give freed memory back to the system again and again, until `over` is set."""
    while not over.wait(MEMORY_SECONDS):
        pa.default_memory_pool().release_unused()
        give_back_free_memory()
