"""A worker of a group: the broker gives it partitions, the database the right to score them.

Membership and reading are apart. The member's consumer only learns which partitions this worker should have; each partition is
read by a consumer of its own, from the offset in the database. Whoever the broker names must still hold the lease.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from seawall.collection.kafka.membership import GroupMembership
from seawall.collection.kafka.partition_stream import read_ends
from seawall.pipeline.group.ending import GroupEnd
from seawall.pipeline.group.settings import WorkerSettings
from seawall.pipeline.group.slot_runner import SlotRunner, SlotStatus
from seawall.pipeline.live.background_worker import make_daemon
from seawall.pipeline.live.news import News
from seawall.pipeline.live.progress import Until
from seawall.pipeline.live.settings import LiveSettings
from seawall.response.containment.settings import read_settings
from seawall.storage.database import Database
from seawall.storage.database.slot_database import join_group
from seawall.storage.group_folder import GroupFolder, join_folder
from seawall.storage.lake import Lake
from seawall_base.clock import Clock
from seawall_base.errors import OutputUnwritable, SeawallError, UsageError

STOP_SECONDS: Final = 30.0
"""Seconds that a partition gets to finish what it writes before the next worker takes it. Later writes are refused."""

_POLL_SECONDS: Final = 0.2
_REPORT_SECONDS: Final = 2.0
_AWAY_SECONDS: Final = 1.0
_ROUNDS: Final = 4
"""Renewals in the time of one lease."""


class GroupWorker:
    """A worker of a group. `run` works in the calling thread; `status` may be called from any thread.

    `news` gets what was announced, from several threads, one at a time. `step` is called at each point at which a crash
    matters.
    """

    def __init__(
        self,
        settings: LiveSettings,
        worker: WorkerSettings,
        database: Database,
        lake: Lake,
        *,
        clock: Clock = Clock(),  # noqa: B008
        news: Callable[[News], None] = lambda _: None,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        if database.file is not None:
            raise UsageError(
                "a group of workers needs a PostgreSQL database",
                fix="give --database postgresql://user@host/name",
            )
        self._settings, self._worker, self._database, self._lake = settings, worker, database, lake
        if settings.respond is not None:
            read_settings(settings.respond)  # what is wrong there is said at the start
        self._clock, self._news, self._step = clock, news, step
        self._holder = worker.make_holder()
        self._folder = GroupFolder(lake.root.parent, "")
        self._runners: dict[int, SlotRunner] = {}
        self._telling, self._changing = threading.Lock(), threading.Lock()
        self._over = threading.Event()
        self._looked = self._beat = self._renewed = self._clock.monotonic()
        self.fault = self._lease_fault = ""

    def status(self) -> list[SlotStatus]:
        """Return what this worker does in each of its partitions."""
        with self._changing:
            runners = sorted(self._runners.items())
        return [runner.status() for _, runner in runners]

    def run(self, stop: threading.Event, until: Until = "stopped") -> None:
        """Work until stopped, or until the group has read, scored and announced what was there at the start (`once`), or all.

        Raises what keeps the worker from starting: `StoreRefused`, `CollectInvalid`, `CollectRefused`, `MissingExtra`.
        """
        join_group(self._database, self._worker.group, self._worker.topic)
        self._folder = join_folder(self._database, self._lake)
        configuration = {**self._worker.kafka, "group.id": self._worker.group}
        if self._worker.heartbeat is not None:
            touch_heartbeat(self._worker.heartbeat)
        end = None
        if until != "stopped":
            ends = read_ends(configuration, self._worker.topic)
            end = GroupEnd(self._database, ends, self._clock, is_idle=until == "idle")
        renewal = make_daemon("seawall-leases", self._keep_leases)
        renewal.start()
        try:
            while self._take_part(configuration, stop, end):
                self._wait_for_database(stop)
        finally:
            self._over.set()
            renewal.join(_REPORT_SECONDS)

    def _take_part(
        self, configuration: Mapping[str, Any], stop: threading.Event, end: GroupEnd | None
    ) -> bool:
        """Take part in the group until stopped, or until `end`; return True once the database is away for long.

        A worker that left the group keeps no partition from the workers that reach the database.
        """
        self._renewed = self._clock.monotonic()
        membership = GroupMembership(
            configuration, self._worker.topic, self._start_runners, self._stop_runners
        )
        try:
            while not (stop.is_set() or (end is not None and self._is_over(end))):
                if self._clock.monotonic() - self._renewed > self._worker.patience:
                    return True
                membership.poll(_POLL_SECONDS)
                stored = {status.partition: status.progress.stored for status in self.status()}
                membership.commit({number: at for number, at in stored.items() if at is not None})
                self._show_life()
                self.fault = (
                    f"from the cluster: {membership.fault}" if membership.fault else self._lease_fault
                )
        finally:
            self._stop_runners(list(self._runners))
            membership.close()
        return False

    def _wait_for_database(self, stop: threading.Event) -> None:
        """Wait until the database answers, or until stopped."""
        while not stop.wait(_AWAY_SECONDS):
            self._show_life()
            try:
                with self._database.reading() as work:
                    work.leases.all()
            except SeawallError as error:
                self.fault = f"left the group until the database answers: {error.message}"
            else:
                return

    def _show_life(self) -> None:
        now = self._clock.monotonic()
        if self._worker.heartbeat is not None and now - self._beat >= _REPORT_SECONDS:
            self._beat = now
            with suppress(SeawallError):  # whoever looks at the file notices
                touch_heartbeat(self._worker.heartbeat)

    def _is_over(self, end: GroupEnd) -> bool:
        now = self._clock.monotonic()
        if now - self._looked < _REPORT_SECONDS:
            return False
        self._looked = now
        with suppress(SeawallError):  # the database is away: the end is looked for again
            return end.is_reached()
        return False

    def _start_runners(self, partitions: Sequence[int]) -> None:
        for number in partitions:
            self._start_runner(number)

    def _start_runner(self, partition: int) -> None:
        self._stop_runners(
            [partition]
        )  # two watches of one holder would take the lease from each other, for ever
        runner = SlotRunner(
            self._settings,
            self._worker,
            partition,
            self._holder,
            self._database,
            self._lake,
            self._folder,
            clock=self._clock,
            news=self._tell,
            step=self._step,
        )
        with self._changing:
            self._runners[partition] = runner
        runner.start()

    def _stop_runners(self, partitions: Sequence[int]) -> None:
        """Stop the watches of partitions together, and free their leases even if one does not end in time."""
        with self._changing:
            ending = [self._runners.pop(number) for number in partitions if number in self._runners]
        for runner in ending:
            runner.stop()
        end = self._clock.monotonic() + STOP_SECONDS
        for runner in ending:
            runner.join(max(end - self._clock.monotonic(), 0.0))
            if runner.is_alive():
                with suppress(SeawallError):
                    runner.database.release()

    def _tell(self, one: News) -> None:
        with self._telling:
            self._news(one)

    def _keep_leases(self) -> None:
        """Renew the leases of all partitions, and store how far each is."""
        pause = min(self._worker.lease_seconds / _ROUNDS, _REPORT_SECONDS)
        while not self._over.wait(pause):
            with self._changing:
                runners = list(self._runners.values())
            held = {one.database.slot: one.database.generation for one in runners}
            mine = {slot: generation for slot, generation in held.items() if generation is not None}
            reports = {one.database.slot: make_report(one.status()) for one in runners}
            try:
                with self._database.writing() as work:
                    work.leases.renew_idle(mine, reports, seconds=self._worker.lease_seconds)
                self._lease_fault, self._renewed = "", self._clock.monotonic()
            except SeawallError as error:
                self._lease_fault = error.message
            except Exception as error:  # noqa: BLE001 - leases must be renewed as long as the worker lives
                self._lease_fault = f"leases are not renewed: unexpected {type(error).__name__}"


def touch_heartbeat(path: Path) -> None:
    """Give a file the time of now; make it if it is missing. Raises `OutputUnwritable`."""
    try:
        path.touch()
    except OSError as error:
        raise OutputUnwritable(
            f"{path}: {error.strerror}", fix="choose another file with --heartbeat"
        ) from error


def make_report(status: SlotStatus) -> dict[str, Any]:
    """Return what is stored about a partition with its lease."""
    return {
        "state": status.state,
        "stored": status.progress.stored,
        "lag": status.progress.lag,
        "records": status.watch.records,
        "waiting_days": status.watch.dirty_days,
        "is_complete": status.watch.is_complete,
        "fault": status.fault or "",
    }
