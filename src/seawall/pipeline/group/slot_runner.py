"""Keep the watch over one partition running while this worker has it: wait for the lease, work, give the lease back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from seawall.pipeline.group.partition_reader import PartitionProgress
from seawall.pipeline.group.settings import WorkerSettings, slot_of
from seawall.pipeline.group.slot_lake import SlotLake
from seawall.pipeline.group.slot_watch import SlotWatch
from seawall.pipeline.group.trial import StartTrial
from seawall.pipeline.live.news import News
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.storage.database import Database, SlotDatabase
from seawall.storage.errors import LeaseLost
from seawall.storage.group_folder import GroupFolder
from seawall.storage.lake import Lake
from seawall_base.clock import Clock
from seawall_base.errors import SeawallError
from seawall_base.plurals import plural

State = Literal["waiting", "working", "ended"]
"""`waiting`: another worker still has the lease, or an error passes. `ended`: the partition was given back."""

_WAIT_SECONDS = 0.3
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """What the worker of a partition does; `fault` is a sentence about what keeps it from working, None if nothing does."""

    partition: int
    state: State
    fault: str | None
    progress: PartitionProgress
    watch: WatchStatus


class SlotRunner(threading.Thread):
    """A thread that watches one partition until stopped. `lake` is that of all organisations, in the group's `folder`.

    `news` may be called from this thread.
    """

    def __init__(
        self,
        settings: LiveSettings,
        worker: WorkerSettings,
        partition: int,
        holder: str,
        database: Database,
        lake: Lake,
        folder: GroupFolder,
        *,
        clock: Clock,
        news: Callable[[News], None],
        step: Callable[[str], None],
    ) -> None:
        super().__init__(name=f"seawall-partition-{partition}", daemon=True)
        self.partition = partition
        self._settings, self._worker = settings, worker
        self._whole, self._folder = lake, folder
        self._clock, self._news, self._step = clock, news, step
        self.database = SlotDatabase(
            database, slot_of(partition), holder=holder, worker=worker.worker, seconds=worker.lease_seconds
        )
        self._stopping = threading.Event()
        self._service: SlotWatch | None = None
        self._state: State = "waiting"
        self._fault: str | None = None

    def stop(self) -> None:
        """Ask the thread to give the partition back."""
        self._stopping.set()

    def status(self) -> SlotStatus:
        """Return what the thread does now."""
        service = self._service
        if service is None:
            return SlotStatus(
                self.partition, self._state, self._fault, PartitionProgress(None, None), NOTHING
            )
        watch = service.status()
        fault = watch.fault or service.fault_of_cluster or self._fault
        return SlotStatus(self.partition, self._state, fault, service.progress, watch)

    def run(self) -> None:
        """Watch until stopped; after an error, begin again from what is stored."""
        while not self._stopping.is_set():
            pause = _PAUSE_SECONDS
            try:
                if self.database.take():
                    self._watch()
                else:
                    pause = _WAIT_SECONDS
            except LeaseLost as error:
                self._fault = error.message
            except SeawallError as error:
                self._fault = error.message
            except Exception as error:  # noqa: BLE001 - reported as fault: the partition must be watched again
                self._fault = (
                    f"the watch of partition {self.partition} ended: unexpected {type(error).__name__}"
                )
            finally:
                self._service, self._state = None, "waiting"
                with suppress(SeawallError):
                    self.database.release()
            self._stopping.wait(pause)
        self._state = "ended"

    def _begin(self) -> StartTrial | None:
        """Note a start, and wait if the last ones ended early; return None if stopped meanwhile."""
        trial = StartTrial.begin(self.database)
        if trial.pause:
            self._fault = (
                f"the watch of partition {self.partition} ended soon after each of its last {plural(trial.starts - 1, 'start')}; "
                f"it waits {trial.pause:g} s"
            )
        is_stopped = self._stopping.wait(trial.pause)
        return None if is_stopped else trial

    def _watch(self) -> None:
        trial = self._begin()
        if trial is None:
            return
        with TemporaryDirectory(prefix="seawall-") as scratch:
            lake = SlotLake(self._folder, self.database.slot, self._list_own)
            try:
                self._folder.check()
                service = SlotWatch(
                    self._settings,
                    self._worker,
                    self.partition,
                    self.database,
                    lake,
                    self._whole,
                    Path(scratch),
                    trial,
                    clock=self._clock,
                    news=self._news,
                    step=self._step,
                )
                self._service, self._state, self._fault = service, "working", None
                service.run(self._stopping)
                trial.forget()
            finally:
                lake.close()

    def _list_own(self) -> frozenset[str]:
        with self.database.reading() as work:
            return work.homes.of(self.database.slot)
