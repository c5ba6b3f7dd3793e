"""Check whether the console can answer, for `/healthz`. The texts contain nothing of any log, file or address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.storage.database.leases import list_held
from seawall.web.probe import HealthFault

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.database import SlotLease

FRESH_SECONDS: Final = 1.0
"""Seconds for which a database check is reused, however many probes come."""

DATABASE_SECONDS: Final = 3.0
"""Seconds after which an unanswered database check counts as failed."""

DATABASE_AWAY: Final = HealthFault("database-away", "the database does not answer", stops=True)
WATCH_STOPPED: Final = HealthFault(
    "watch-stopped", "the watch cannot go on; the console's health page says why", stops=False
)

PARTITION_WAITS: Final = HealthFault(
    "partition-without-worker",
    "no worker of the group scores a partition; the console's health page says which",
    stops=False,
)


class HealthCheck:
    """Check the database and the watch. One check in a separate thread serves all probes."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._threads = ThreadPoolExecutor(1, "health")
        self._asked: Future[bool] | None = None
        self._known = False
        self._known_until = 0.0
        self.leases: Sequence[SlotLease] = ()

    def close(self) -> None:
        """Start no more checks."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def status(self) -> WatchStatus:
        """Return the watch's status."""
        service = self._context.service
        status: WatchStatus = NOTHING if service is None else service.status()
        return status

    async def faults(self) -> tuple[HealthFault, ...]:
        """Return the present faults, within `DATABASE_SECONDS`."""
        found = [] if await self._database_answers() else [DATABASE_AWAY]
        status = self.status()
        has_failed = getattr(self._context.service, "has_failed", False)
        if has_failed or status.doing == "stopped" or status.fault is not None:
            found.append(WATCH_STOPPED)
        if len(list_held(self.leases)) < len(self.leases):
            found.append(PARTITION_WAITS)
        return tuple(found)

    async def _database_answers(self) -> bool:
        if time.monotonic() < self._known_until:
            return self._known
        if self._asked is None or self._asked.done():
            self._asked = self._threads.submit(self._ask)
        asked = self._asked
        done, _ = await asyncio.wait([asyncio.wrap_future(asked)], timeout=DATABASE_SECONDS)
        return bool(done) and asked.result()

    def _ask(self) -> bool:
        try:
            with self._context.database.reading() as work:
                work.incidents.revision()
                self.leases = tuple(work.leases.all())
            answers = True
        except Exception:  # noqa: BLE001 - whatever it is, the database does not answer
            answers = False
        self._known, self._known_until = answers, time.monotonic() + FRESH_SECONDS
        return answers
