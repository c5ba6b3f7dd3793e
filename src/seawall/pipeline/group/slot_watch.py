"""The watch over one slot: the records of one partition, and the organisations whose home it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from seawall.pipeline.group.partition_reader import (
    HandedReader,
    PartitionProgress,
    PartitionReader,
    checkpoint_name,
)
from seawall.pipeline.group.routing import EventRouter
from seawall.pipeline.group.settings import WorkerSettings
from seawall.pipeline.group.trial import HEALTHY_SECONDS, StartTrial
from seawall.pipeline.live.automatic_containment import AutomaticPlanner, AutomaticThread
from seawall.pipeline.live.commit import StartupState
from seawall.pipeline.live.news import News
from seawall.pipeline.live.periodic_messages import PeriodicMessages
from seawall.pipeline.live.progress import Until
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database, SlotDatabase, WriterLease
from seawall.storage.lake import Lake
from seawall_base.clock import Clock

FIRST = 0
"""The partition whose worker does what is done once for a group: upkeep of the lake, digests, signs of life, containment."""


@dataclass(frozen=True, slots=True)
class GroupPlanner(AutomaticPlanner):
    """What automatic containment needs of a group's store: it sees all organisations, and writes with the lease of `slot`."""

    slot: SlotDatabase

    @property
    def right(self) -> Database:
        """The database whose write transactions prove that this worker may contain."""
        return self.slot


@dataclass(slots=True)
class NoMessages(PeriodicMessages):
    """Queue nothing: the worker of the first partition does it."""

    def work(self, database: Database, writer: WriterLease, targets: Recipients, wall: int) -> None:
        """Do nothing."""


class SlotWatch(WatchService):
    """A running watch over one partition of a topic. `database` is the slot's, which holds the lease.

    It keeps working copies in the folder `scratch`. `whole` is the lake of all organisations.
    """

    def __init__(
        self,
        settings: LiveSettings,
        worker: WorkerSettings,
        partition: int,
        database: SlotDatabase,
        lake: Lake,
        whole: Lake,
        scratch: Path,
        trial: StartTrial,
        *,
        clock: Clock,
        news: Callable[[News], None] = lambda _: None,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        own = replace(settings, store=scratch, respond=None)
        super().__init__(own, database, lake, clock=clock, news=news, step=step)
        self._worker, self._partition, self._slot_database = worker, partition, database
        self._trial, self._healthy_at = trial, clock.monotonic() + HEALTHY_SECONDS
        self._reader: PartitionReader | None = None
        self._courier.check = self._prove
        self._periodic.campaigns = None  # the incidents of a slot are those of some organisations
        if partition == FIRST:
            base = Database(database.engine, database.place, database.file)
            planner = GroupPlanner(settings.store, base, whole, clock, self._courier.recipients, database)
            self._automatic = AutomaticThread(planner, settings.respond, self._mail)
        else:
            self._periodic = NoMessages()
            self._maintenance.newest = lambda: None

    @property
    def progress(self) -> PartitionProgress:
        """How far the partition is stored."""
        return PartitionProgress(None, None) if self._reader is None else self._reader.progress

    @property
    def fault_of_cluster(self) -> str:
        """A sentence about the last error of the cluster, empty if there was none."""
        return "" if self._reader is None else self._reader.words

    def _prove(self) -> None:
        """Raise `LeaseLost` if another worker has the slot, and with it the messages."""
        with self._slot_database.writing():
            pass

    def _start_readers(self, found: StartupState, until: Until) -> None:
        del until
        name = checkpoint_name(self._worker.topic, self._partition)
        start = found.checkpoint.get(name, {}).get("next")
        self._reader = PartitionReader(
            self._worker.kafka,
            self._worker.topic,
            self._partition,
            start,
            EventRouter(self._slot_database),
            self.intake,
            self._trial,
        )
        self._readers.begin(self._reader, HandedReader(self._slot_database, self.intake, self._trial))

    def _each_second(self, writer: WriterLease, until: Until) -> None:
        super()._each_second(writer, until)
        if self._clock.monotonic() >= self._healthy_at:
            self._trial.forget()
