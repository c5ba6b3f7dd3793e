"""Keep each worker process's revocations up to date: a thread polls the store several times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from seawall_base.errors import StoreBroken
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.revocation.store import GRACE, RevocationStore

INTERVAL = 0.1
"""Seconds between two polls of the store."""

TOLERANCE = 3.0
"""Seconds for which an unconfirmed snapshot is trusted."""


class RevocationFollower:
    """Keep one `Revocations` equal to the store.

    Create it in the worker process, after any fork. `start` reads everything or raises `StoreBroken`; then a daemon
    thread polls every `interval` seconds. While the store is unreadable nothing is confirmed, and after `tolerance`
    seconds `revocations` refuses everything. It recovers once the store is readable. A store that was replaced or
    truncated stays refused until the process restarts.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval: float = INTERVAL,
        tolerance: float = TOLERANCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.revocations = Revocations()
        self.broken: StoreBroken | None = None
        """Why the last poll failed, None if it did not."""
        self._path = path
        self._interval = interval
        self._tolerance = tolerance
        self._clock = clock
        self._store: RevocationStore | None = None
        self._identity = ""
        self._sequence = 0
        self._looked_at = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Revocations:
        """Read the store, start the thread, and return the followed revocations."""
        self._look()
        self._thread = threading.Thread(target=self._follow, name="revocations", daemon=True)
        self._thread.start()
        return self.revocations

    @property
    def lag(self) -> float:
        """Return the seconds since the store last confirmed the snapshot."""
        return max(self._clock() - self._looked_at, 0.0)

    def stop(self) -> None:
        """Stop the thread. The snapshot is no longer confirmed, so it goes stale."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._give_back()

    def _follow(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                self._look()
                self.broken = None
            except StoreBroken as error:
                self.broken = error
                self._give_back()
            except Exception as error:  # noqa: BLE001 - a follower that dies unseen would be trusted no longer, silently
                self.broken = StoreBroken(f"{self._path}: {type(error).__name__} while following")
                self._give_back()

    def _look(self) -> None:
        began, now = time.monotonic(), self._clock()
        store, steady = self._store, 0 <= now - self._looked_at < GRACE / 2
        if store is None:
            store, steady = self._open(), False
        if steady:
            view, sequence = store.changes(
                self.revocations.view, after=self._sequence, since=self._looked_at, now=now
            )
        else:
            view, sequence = store.load(now=now)
            if sequence < self._sequence:
                raise StoreBroken(
                    f"{self._path}: the log is shorter than it was", fix="restore the newer file"
                )
        self._sequence, self._looked_at = sequence, now
        self.revocations.swap(view)
        self.revocations.keep_fresh(self._tolerance - (time.monotonic() - began))

    def _open(self) -> RevocationStore:
        store = RevocationStore.open(self._path, thorough=True)
        if self._identity and store.identity != self._identity:
            store.close()
            raise StoreBroken(f"{self._path}: another store replaced it", fix="restart the process")
        self._identity, self._store = store.identity, store
        return store

    def _give_back(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
