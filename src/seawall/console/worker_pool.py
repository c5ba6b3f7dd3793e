"""Run requests in threads, with a limit for each client, so that nobody takes all threads.

The event loop never waits: it submits work and gets a future. A client's work beyond its threads waits in its own
queue of limited, possibly zero, length; more is refused at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from seawall.console.api_error import too_many_requests, unavailable

MOST_WAITING: Final = 256
"""Requests of all clients that one pool holds, running or waiting."""

RETRY_SECONDS: Final = 5

Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The number of threads, the threads of one client, and the waiting requests of one client."""

    threads: int
    running_each: int
    waiting_each: int


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """The present load: running and waiting requests, and the number refused since the start."""

    requests: int
    refused: int


@dataclass(slots=True)
class _Client:
    running: int = 0
    waiting: deque[tuple[Future[Any], Work]] = field(default_factory=deque)


class WorkerPool:
    """Run work in threads. Thread-safe.

    `words` name what there is too much of, in the refusal.
    """

    def __init__(self, name: str, limits: PoolLimits, words: str) -> None:
        self._threads = ThreadPoolExecutor(limits.threads, name)
        self._limits = limits
        self._words = words
        self._clients: dict[str, _Client] = {}
        self._requests = self._refused = 0
        self._lock = threading.Lock()

    def submit(self, client: str | None, work: Work) -> Future[Any]:
        """Return the future of work.

        Raises `ApiError`: 429 for a client's surplus, 503 if the whole pool is full. `client` None is the console's
        own work, which has no limit.
        """
        future: Future[Any] = Future()
        with self._lock:
            if self._requests >= MOST_WAITING:
                self._refused += 1
                raise unavailable("too many requests are waiting", fix="try again")
            if client is None or self._may_run(client):
                self._begin(client, future, work)
            else:
                self._clients[client].waiting.append((future, work))
            self._requests += 1
        return future

    def load(self) -> PoolLoad:
        """Return the present load."""
        with self._lock:
            return PoolLoad(self._requests, self._refused)

    def close(self) -> None:
        """Accept no more work."""
        with self._lock:
            waiting = [future for client in self._clients.values() for future, _ in client.waiting]
        for future in waiting:
            future.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _may_run(self, name: str) -> bool:
        """Return whether a thread is free for a client. Raises `ApiError` (429) if its queue is full too."""
        client = self._clients.setdefault(name, _Client())
        if client.running < self._limits.running_each:
            client.running += 1
            return True
        self._requests -= _forget_cancelled(client)
        if len(client.waiting) >= self._limits.waiting_each:
            self._refused += 1
            raise too_many_requests(RETRY_SECONDS, self._words)
        return False

    def _begin(self, client: str | None, future: Future[Any], work: Work) -> None:
        begun = self._threads.submit(self._run, client, future, work)
        begun.add_done_callback(lambda done: future.cancel() if done.cancelled() else None)

    def _run(self, client: str | None, future: Future[Any], work: Work) -> None:
        """Do the work, and free its slot before setting the result: the client may send another request at once."""
        if not future.set_running_or_notify_cancel():
            self._release(client)
            return
        try:
            answer = partial(future.set_result, work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
            answer = partial(future.set_exception, error)
        try:
            self._release(client)
        finally:
            answer()

    def _release(self, client: str | None) -> None:
        with self._lock:
            self._requests -= 1
            if client is not None:
                self._pass_on(client)

    def _pass_on(self, name: str) -> None:
        """Give a client's thread to its next request, or count it as free."""
        client = self._clients[name]
        while client.waiting:
            future, work = client.waiting.popleft()
            if future.cancelled():
                self._requests -= 1
                continue
            self._begin(name, future, work)
            return
        client.running -= 1
        if not client.running:
            del self._clients[name]


def _forget_cancelled(client: _Client) -> int:
    """Drop a client's cancelled requests from its queue; return how many."""
    alive = [entry for entry in client.waiting if not entry[0].cancelled()]
    dropped = len(client.waiting) - len(alive)
    client.waiting = deque(alive)
    return dropped
