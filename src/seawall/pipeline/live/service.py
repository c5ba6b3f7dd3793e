"""The main loop of a running watch: take deliveries, store them, have them scored, and announce incidents.

One thread performs these steps in turn, so that every stored state is consistent; only the scoring of days runs in another
thread and shares nothing. Further threads read, accept requests and deliver messages. If the disk is full or the database
unreachable, the thread keeps its data, reports the fault and retries. Readers wait meanwhile, because the queue is full.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import pyarrow as pa

from seawall.events.array_state import StateInvalid
from seawall.events.networks import Networks, enrich
from seawall.pipeline.live.automatic_containment import open_automatic
from seawall.pipeline.live.background_worker import BackgroundWorker, give_back_memory, make_daemon
from seawall.pipeline.live.budget import keep_configured_limits
from seawall.pipeline.live.commit import (
    HABITS,
    MOST_PROBLEMS,
    ReadTransaction,
    StartupState,
    keep_taken,
    load_startup_state,
    tell_changes,
)
from seawall.pipeline.live.counting import SourceTally, problems_of, spread
from seawall.pipeline.live.current_status import current_status
from seawall.pipeline.live.detection import DayScoring
from seawall.pipeline.live.errors import WatchBusy
from seawall.pipeline.live.faults import PASSING, describe_store_fault, name_full_store
from seawall.pipeline.live.indicator_search import IndicatorSearch
from seawall.pipeline.live.ingest_queue import KEPT_AS, IngestQueue, Parse
from seawall.pipeline.live.job import ScoringJob, begin_deadline
from seawall.pipeline.live.lake_maintenance import RetentionTask, open_maintenance
from seawall.pipeline.live.news import News
from seawall.pipeline.live.outbox import open_deliverer
from seawall.pipeline.live.pending_delivery import PendingDelivery
from seawall.pipeline.live.periodic_messages import PeriodicMessages
from seawall.pipeline.live.progress import ReadingProgress, Until
from seawall.pipeline.live.reading import FolderReader, ReaderThreads, StreamReader
from seawall.pipeline.live.scoring import Scorer
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.live.silent_sources import SilenceChange, SilenceDetector
from seawall.pipeline.live.status import WatchStatus
from seawall.pipeline.live.status_publisher import StatusPublisher
from seawall.pipeline.live.watcher import LONGEST_WAIT, IngestReceipt
from seawall.pipeline.tail import Batcher, DeliveryQueue, IntakeClosed, TailDelivery
from seawall.pipeline.tail.stream import ReadableStream
from seawall.response.exchange.group_key import read_group_key
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.errors import DatabaseBroken
from seawall.storage.lake import Lake
from seawall_base.clock import Clock
from seawall_base.errors import DatabaseInUse, SeawallError

PAUSES = (0.5, 5.0)
"""Seconds until a failed step is tried again: first, and at most."""

_MOMENT = 0.02
"""Longest wait in seconds for deliveries while days are being scored."""

_COURIER_SECONDS, _UPKEEP_SECONDS, _TAKEOVER_SECONDS = 20.0, 60.0, 30.0


class WatchService:
    """A running watch. `run` works in the calling thread; every other method may be called from any thread.

    `step` is called at each point at which a crash matters. `news` gets incidents that were announced, sources that fell
    silent or returned, and rankings of the past, after they were stored.
    """

    def __init__(
        self,
        settings: LiveSettings,
        database: Database,
        lake: Lake,
        *,
        stream: ReadableStream | None = None,
        clock: Clock = Clock(),  # noqa: B008
        news: Callable[[News], None] = lambda _: None,
        step: Callable[[str], None] = lambda _: None,
        parse: Parse | None = None,
    ) -> None:
        self.settings, self._database, self._lake = settings, database, lake
        self._stream, self._clock, self._news, self._step = stream, clock, news, step
        self.intake = DeliveryQueue()
        self._bodies = IngestQueue(self.intake, parse)
        self._networks = Networks.load(settings.mmdb)
        self._batcher = Batcher(settings.sizes)
        self._indicators = IndicatorSearch(lake, clock, read_group_key(None))
        self._scorer = Scorer(settings, lake, clock, step, self._indicators.hits)
        self.rules = self._scorer.rules
        self._courier = open_deliverer(settings, database, clock, step)
        self._maintenance = open_maintenance(
            settings, database, lake, clock, lambda: self._scorer.newest, lambda: self.status().rate
        )
        self._forgetting = RetentionTask(settings.retention_days)
        self._listening = SilenceDetector(settings.silences)
        self._tally, self._position, self._problem_rows = SourceTally(), 0, 0
        self._pending: PendingDelivery | None = None
        self._readers = ReaderThreads()
        self._progress = ReadingProgress(self._readers, self.intake, self._batcher, clock)
        self._gauge = StatusPublisher(clock, self._current_status)
        self._apart = BackgroundWorker[DayScoring]("seawall-scoring")
        self._job: ScoringJob | None = None
        self._ticked, self._has_begun, self._periodic = 0.0, False, PeriodicMessages(settings.folders)
        self._mail, self._over, self._has_keys = (threading.Event() for _ in range(3))
        self._automatic = open_automatic(settings, database, lake, clock, self._courier, self._mail)

    def score_again(self, reason: str) -> None:
        """Have the run that follows score all events of the store again; the incidents that differ are news."""
        self._scorer.rescoring.ask(reason)

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> IngestReceipt:
        """Store the records of a body; see `Watcher.ingest`."""
        # repeated requests cannot be recognised before the start is complete
        if not self._has_keys.wait(LONGEST_WAIT):
            raise WatchBusy("the watch has not begun yet", fix="send the records again, a little later")
        return self._bodies.ingest(body, source=source, key=key, at=self._clock.now())

    def status(self) -> WatchStatus:
        """Return the status; see `Watcher.status`."""
        return self._gauge.status

    def subscribe(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Call a function on changes; see `Watcher.subscribe`."""
        return self._gauge.subscribers.add(call)

    def run(self, stop: threading.Event, until: Until = "stopped") -> None:
        """Work until stopped, or until there is nothing more to do.

        Raises errors that prevent the start (`DatabaseInUse`, `DatabaseAway`, `LakeBroken`, …), and later only errors that
        do not pass by themselves.
        """
        courier = make_daemon("seawall-courier", self._courier.run, self._over, self._mail)
        maintenance = make_daemon("seawall-upkeep", self._maintenance.run, self._over)
        make_daemon("seawall-memory", give_back_memory, self._over).start()
        pause, lost_at = PAUSES[0], None
        try:
            while True:
                try:
                    with self._database.only_writer() as writer:
                        self._begin(writer, until)
                        if not maintenance.ident:
                            courier.start()
                            maintenance.start()
                            self._automatic.start()
                        self._gauge.set_fault(None)
                        pause, lost_at = PAUSES[0], None
                        self._work(writer, stop, until)
                        return
                except StateInvalid as error:
                    self._apart.abandon()
                    self._scorer.rescoring.repair(error)
                except PASSING as error:
                    self._apart.abandon()
                    now = self._clock.monotonic()
                    lost_at = now if lost_at is None else lost_at
                    is_replaced = isinstance(error, DatabaseInUse) and now - lost_at > _TAKEOVER_SECONDS
                    full = name_full_store(error, self.settings.store)
                    if full is not None and (until != "stopped" or not self._has_begun):
                        raise full from error  # whoever waits for the end would wait for ever
                    if not self._has_begun or is_replaced:
                        raise
                    self._gauge.set_fault(describe_store_fault(error, self.settings.store))
                    if stop.wait(pause):
                        return
                    pause = min(pause * 2, PAUSES[1])
        finally:
            self._end(courier, maintenance, until)

    def _begin(self, writer: WriterLease, until: Until) -> None:
        """Load the stored state, also after an error: the database tells whether the last delivery was stored."""
        self._job = None
        self._scorer.rescoring.start(self._database, writer, self._lake, at=self._clock.now())
        with self._database.reading() as work:
            found = load_startup_state(work)
            self._indicators.begin(work)
            self._scorer.begin(work, is_endless=until == "stopped")
        keep_configured_limits(self._database, writer, self.settings)
        self._tally = SourceTally()
        self._tally.totals.update(found.totals)
        self._tally.sources.update((source.name, source) for source in found.sources)
        self._problem_rows = found.problems
        self._listening = SilenceDetector(self.settings.silences)
        if found.habits is not None:
            self._listening.restore(found.habits)
        if self._has_begun:
            self._resume(writer, found)
            return
        self._position = found.position
        self._bodies.restore(found.checkpoint)
        self._has_keys.set()
        self._start_readers(found, until)
        self._has_begun = True

    def _resume(self, writer: WriterLease, found: StartupState) -> None:
        pending = self._pending
        if found.position not in (self._position, pending.position if pending else self._position):
            raise DatabaseBroken(
                "another process has written to the store",
                fix="restart this process; nothing is lost",
            )
        if pending is not None and found.position == pending.position:
            self._position, self._pending = pending.position, None
            self._finish(pending)
        elif pending is not None:
            self._keep(writer, pending)

    def _start_readers(self, found: StartupState, until: Until) -> None:
        if self.settings.folders:
            files = {name: value for name, value in found.checkpoint.items() if not name.startswith(KEPT_AS)}
            self._readers.begin(
                FolderReader(
                    self.settings.folders,
                    files,
                    self.intake,
                    self.settings.patience,
                    self._clock,
                    is_once=until == "once",
                )
            )
        if self._stream is not None:
            self._readers.begin(StreamReader(self._stream, "-", self.intake))

    def _work(self, writer: WriterLease, stop: threading.Event, until: Until) -> None:
        while not stop.is_set():
            delivery = None if self._scorer.is_full and self._apart.is_busy else self._gather()
            if delivery is not None:
                self._step("gathered")
                self._pending = PendingDelivery(delivery, self._position + 1)
                self._keep(writer, self._pending)
            self._score(writer, until)
            now = self._clock.monotonic()
            if now - self._ticked >= 1.0:
                self._ticked = now
                self._each_second(writer, until)
            self._gauge.tell(revision=self._scorer.revision)
            parts = (self._scorer, self._scorer.backfill, self._scorer.rescoring, self._indicators)
            is_waiting = any(one.is_waiting for one in parts)
            is_over = delivery is None and not self._apart.is_busy and not is_waiting
            if until != "stopped" and is_over and self._progress.is_read(until):
                return
        self._finish_scoring(writer)

    def _gather(self) -> TailDelivery | None:
        """Wait a moment for deliveries; return what is to be stored now, None if nothing is."""
        now = self._clock.monotonic()
        waits = self._batcher.waits(now)
        is_waited_for = self._apart.is_busy or self._progress.is_behind
        longest = _MOMENT if self._apart.is_busy else 0.1
        wait = min(longest if waits is None else waits, longest if is_waited_for else self._scorer.waits())
        while True:
            with suppress(IntakeClosed):
                delivery = self.intake.take(max(wait, 0.0))
                if delivery is None:
                    break
                if (due := self._batcher.add(delivery, self._clock.monotonic())) is not None:
                    return due
            wait = 0.0
        if self._batcher.is_awaited:
            return self._batcher.take()
        return self._batcher.due(self._clock.monotonic())

    def _keep(self, writer: WriterLease, pending: PendingDelivery) -> None:
        """Store a delivery; every part of this can be repeated."""
        self._gauge.doing = "reading"
        delivery = pending.delivery
        if pending.events is None:
            events = [batch.events for batch in delivery.batches if batch.events.num_rows]
            if events:
                whole = pa.concat_tables(events).unify_dictionaries().combine_chunks()
                enriched = enrich(whole, self._networks)
                self._lake.append(enriched)
                pending.events = enriched
        self._step("appended")
        held = pending.events
        states = {} if held is None else self._scorer.take(held) | self._indicators.take(held)
        now, wall = self._clock.monotonic(), self._clock.now()
        lies = spread(pending.events) if pending.events is not None else spread(pa.table({}))
        sums = self._tally.records_of(delivery)
        sources, changes = self._tally.heard(lies, self._listening, now, wall)
        problems = problems_of(delivery)
        taken = ReadTransaction(
            pending.position, delivery.changes, problems, sums, lies.days, states, sources
        )
        with self._database.writing(writer) as work:
            keep_taken(work, taken, at=wall, room=MOST_PROBLEMS - self._problem_rows)
            self._store_silences(work, changes, wall)
            self._step("ingest-written")
        self._step("ingested")
        self._position, self._pending = pending.position, None
        self._tally.add(sums, sources)
        self._problem_rows += len(problems)
        self._gauge.note_kept(delivery, lies.last, wall)
        self._tell(changes)
        self._finish(pending)

    def _finish(self, pending: PendingDelivery) -> None:
        for done in pending.delivery.done:
            done()
        self._gauge.doing = "scoring" if self._apart.is_busy else "idle"

    def _score(self, writer: WriterLease, until: Until) -> None:
        """Start the scoring of waiting days, or store the results of a finished one."""
        if self._apart.is_busy and self._scorer.is_full:
            self._apart.wait(_MOMENT)
        if self._apart.is_done:
            self._finish_scoring(writer)
        if self._apart.is_busy:
            return
        if is_settled := self._progress.is_settled(until):
            self._scorer.settle()
        is_pressed = until != "stopped" and self._progress.is_read(until)
        self._rank_past(writer, is_settled=is_settled, is_pressed=is_pressed)
        if self._scorer.is_due(is_behind=self._progress.is_behind, is_pressed=is_pressed):
            deadline = begin_deadline(self._clock)
            self._job = self._scorer.begin_scoring(self._database, is_settled=is_settled, deadline=deadline)
            self._apart.begin(self._job.run)
            self._gauge.doing = "scoring"

    def _finish_scoring(self, writer: WriterLease) -> None:
        """Store the results of a scoring, and announce incidents; do nothing if none is running."""
        job, self._job = self._job, None
        if job is None:
            return
        announced = self._scorer.finish(
            self._database,
            writer,
            job,
            self._apart.result(),
            targets=self._courier.recipients,
            habits=self._listening.state(),
        )
        self._gauge.doing = "idle"
        self._tell(announced)

    def _rank_past(self, writer: WriterLease, *, is_settled: bool, is_pressed: bool) -> None:
        """Rank the days before the live window of one organisation."""
        more = {"is_settled": is_settled, "is_pressed": is_pressed}
        self._tell(self._scorer.rank_past(self._database, writer, self._courier.recipients, **more))

    def _tell(self, news: Sequence[News]) -> None:
        if news:
            self._mail.set()
        for one in news:
            self._news(one)

    def _each_second(self, writer: WriterLease, until: Until) -> None:
        now, wall = self._clock.monotonic(), self._clock.now()
        self._readers.raise_fault()
        if until == "stopped":
            self._periodic.work(self._database, writer, self._courier.recipients, wall)
        self._forgetting.work(self._database, writer, self._scorer.newest, now, wall)
        changes = self._listening.fallen_silent(now, wall)
        if changes:
            with self._database.writing(writer) as work:
                self._store_silences(work, changes, wall)
                work.states.put(HABITS, self._listening.state())
            self._tell(changes)
        self._scorer.look(self._database)
        if self._indicators.work(self._database, writer, self._scorer, is_pressed=until != "stopped"):
            self._scorer.rank_again()

    def _store_silences(self, work: Transaction, changes: list[SilenceChange], wall: int) -> None:
        """Store sources that fell silent or returned, and queue messages."""
        silent = tell_changes(work, changes, self._courier.recipients, at=wall)
        self._tally.sources.update((source.name, source) for source in silent)
        if changes:
            self._mail.set()

    def _current_status(self) -> WatchStatus:
        faults = (one.fault for one in (self._courier, self._automatic, self._maintenance, self._indicators))
        return current_status(self._progress, self._tally, self._scorer, next(filter(None, faults), None))

    def _end(self, courier: threading.Thread, maintenance: threading.Thread, until: Until) -> None:
        self._apart.close()
        self._indicators.close()
        self._automatic.stop()
        self._readers.stop()
        self.intake.close()
        self._bodies.close()
        self._has_keys.set()
        self._over.set()
        self._mail.set()
        if courier.ident:
            courier.join(_COURIER_SECONDS)
            if until != "stopped" and not courier.is_alive():
                with suppress(SeawallError):
                    self._courier.deliver()
        if maintenance.ident:
            # A thread that is merging parts at exit would make the Parquet library abort the program.
            maintenance.join(_UPKEEP_SECONDS)
        self._gauge.doing = "none"
        if self._has_begun:
            self._gauge.tell(is_forced=True)
