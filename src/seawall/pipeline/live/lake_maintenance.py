"""Maintain the store while the watch runs: merge parts of days, delete old data, copy records of incidents as they came.

This runs in a separate thread, when few events arrive, and for a small share of the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS
from seawall.pipeline.live.raw_copying import RawCopying
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.lake import Lake, layout
from seawall_base.clock import Clock
from seawall_base.errors import SeawallError

DAY = 86_400_000_000
LEAST_DAYS = CANDIDATE_DAYS + 1
"""Least retention in days of incidents and candidates, because ranking still needs them."""

MANY_PARTS = 64
TOO_MANY_PARTS = 4_096
"""Parts of a day above which it is merged when few events arrive, and when many do."""

BUSY = 2_000.0
"""Records a second that count as many."""

_LOOK_SECONDS = 5.0
_DUTY = 8.0
"""Rest after work, as a multiple of its duration."""

_PRUNE_SECONDS = 3_600.0
_EXPIRE_SECONDS = 60.0
_SLACK_SECONDS = 3_600.0
_EPOCH = date(1970, 1, 1)


@dataclass(slots=True)
class LakeMaintenance:
    """Maintenance of the lake. `newest` returns the last day with events, `rate` the records a second.

    `copying` copies records of incidents as they came.
    """

    lake: Lake
    clock: Clock
    retention_days: int | None
    newest: Callable[[], int | None]
    rate: Callable[[], float]
    copying: RawCopying | None = None
    fault: str | None = None
    _pruned: float | None = None

    def run(self, stopped: threading.Event) -> None:
        """Work until stopped."""
        rest = _LOOK_SECONDS
        while not stopped.wait(rest):
            started = self.clock.monotonic()
            try:
                self.work()
                self.fault = None
            except (SeawallError, OSError) as error:
                self.fault = str(error)
            except Exception as error:  # noqa: BLE001 - reported as fault and retried: old data must be deleted
                self.fault = f"upkeep of the events: unexpected {type(error).__name__}"
            rest = max(_LOOK_SECONDS, _DUTY * (self.clock.monotonic() - started))
        # publish the latest events; if this fails, the next watch does
        with suppress(SeawallError, OSError):
            self.lake.publish_if_free(self.clock.now())

    def work(self) -> None:
        """Run the maintenance that is due."""
        newest = self.newest()
        if newest is None:
            return
        now = self.clock.monotonic()
        before = oldest_kept(newest, self.clock.now(), self.retention_days)
        if before is not None and (self._pruned is None or now - self._pruned >= _PRUNE_SECONDS):
            self.lake.prune(_EPOCH + timedelta(days=before))
            self._pruned = now
        closed, is_open_too = self._parts(newest)
        is_busy = self.rate() > BUSY
        limit = TOO_MANY_PARTS if is_busy else MANY_PARTS
        if is_open_too > limit:
            self.lake.tidy(limit)
        elif closed > limit or (closed and not is_busy):
            self.lake.compact(_EPOCH + timedelta(days=newest))
        self.lake.publish_if_free(self.clock.now())
        if self.copying is not None and not is_busy:
            self.copying.work()

    def _parts(self, newest: int) -> tuple[int, int]:
        """Return how many parts of days before the newest could be merged away, and the most parts of a newer day."""
        closed, most = 0, 0
        for folder in layout.folders(self.lake.root):
            for day, path in layout.days(folder):
                with suppress(OSError):
                    count = len(layout.parts(path)) - 1
                    if (day - _EPOCH).days < newest:
                        closed += count
                    else:
                        most = max(most, count)
        return closed, most


def open_maintenance(
    settings: LiveSettings,
    database: Database,
    lake: Lake,
    clock: Clock,
    newest: Callable[[], int | None],
    rate: Callable[[], float],
) -> LakeMaintenance:
    """Return the maintenance of a watch with these settings."""
    copying = RawCopying(database, lake, settings.folders)
    return LakeMaintenance(lake, clock, settings.retention_days, newest, rate, copying)


def oldest_kept(newest: int, wall: int, retention_days: int | None) -> int | None:
    """Return the first day to keep, None to keep all.

    Retention counts from the earlier of today and the newest day with events. Neither a wrong clock nor a record with a
    future time can therefore delete recent data.
    """
    return None if retention_days is None else min(newest, wall // DAY) - retention_days + 1


def forget(work: Transaction, first_day: int, wall: int, retention_days: int) -> None:
    """Delete rows of the database before the first day to keep."""
    first = min(first_day, first_day + retention_days - LEAST_DAYS)
    work.candidates.prune(first)
    work.incidents.prune(first * DAY)
    met_before = wall - retention_days * DAY
    work.problems.prune(met_before)
    work.outbox.prune(met_before)


@dataclass(slots=True)
class RetentionTask:
    """Expire answers once a minute and delete old rows once an hour, in the database."""

    retention_days: int | None
    _began: tuple[float, int] | None = None
    _next: float = 0.0
    _pruned: float | None = None

    def work(
        self, database: Database, writer: WriterLease, newest: int | None, now: float, wall: int
    ) -> None:
        """Run what is due. `now` is in seconds of a monotonic clock, `wall` in microseconds since 1970."""
        if now < self._next:
            return
        self._next = now + _EXPIRE_SECONDS
        self._began = self._began or (now, wall)
        # a clock that jumps ahead must not end an answer for good
        elapsed = round((now - self._began[0] + _SLACK_SECONDS) * 1_000_000)
        with database.writing(writer) as work:
            work.answers.expire(min(wall, self._began[1] + elapsed))
        is_due = self._pruned is None or now - self._pruned >= _PRUNE_SECONDS
        if newest is None or self.retention_days is None or not is_due:
            return
        self._pruned = now
        first = oldest_kept(newest, wall, self.retention_days)
        if first is not None:
            with database.writing(writer) as work:
                forget(work, first, wall, self.retention_days)
