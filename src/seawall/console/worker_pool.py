"""Threads that answer requests, with a limit for each client: nobody takes all of them.

The event loop never waits: it hands work over and gets a future. A client's work beyond its threads waits in a queue of
its own, up to a length that may be zero; more is refused at once.
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
    """How many threads there are, how many one client may use at once, and how much of a client's work may wait."""

    threads: int
    running_each: int
    waiting_each: int


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """What a pool does just now: requests that run or wait, and how many it has refused since the start."""

    requests: int
    refused: int


@dataclass(slots=True)
class _Client:
    running: int = 0
    waiting: deque[tuple[Future[Any], Work]] = field(default_factory=deque)


class WorkerPool:
    """Run work in threads. Threads may share it.

    `words` say what there is too much of, for whoever is refused.
    """

    def __init__(self, name: str, limits: PoolLimits, words: str) -> None:
        self._threads = ThreadPoolExecutor(limits.threads, name)
        self._limits = limits
        self._words = words
        self._clients: dict[str, _Client] = {}
        self._requests = self._refused = 0
        self._lock = threading.Lock()

    def submit(self, client: str | None, work: Work) -> Future[Any]:
        """Return the future of work. Raise `ApiError`: 429 for a client's surplus, 503 when the whole pool is full.

        `client` None is the console's own work, which has no limit of its own.
        """
        future: Future[Any] = Future()
        with self._lock:
            if self._requests >= MOST_WAITING:
                self._refused += 1
                raise unavailable("too many requests wait already", fix="try again")
            if client is None or self._may_run(client):
                self._begin(client, future, work)
            else:
                self._clients[client].waiting.append((future, work))
            self._requests += 1
        return future

    def load(self) -> PoolLoad:
        """Return what the pool does just now."""
        with self._lock:
            return PoolLoad(self._requests, self._refused)

    def close(self) -> None:
        """Take no more work."""
        with self._lock:
            waiting = [future for client in self._clients.values() for future, _ in client.waiting]
        for future in waiting:
            future.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _may_run(self, name: str) -> bool:
        """Whether a thread is left for a client. Raise `ApiError` (429) where its queue is full too."""
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
        """Do the work, and free its room before the answer: who has the answer may ask again at once."""
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
        """Give the thread of a client to the next of its requests, or take note that it is free."""
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
    """Drop what nobody waits for any more from a client's queue; return how many that were."""
    alive = [entry for entry in client.waiting if not entry[0].cancelled()]
    dropped = len(client.waiting) - len(alive)
    client.waiting = deque(alive)
    return dropped
