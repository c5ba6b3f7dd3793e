"""Decide when to score, turn candidates into incidents, and choose those to announce.

All results follow from stored data: candidates, answers, budget. After an error they are computed again from the database,
and a restart continues where the last transaction ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.rules.sigma.load import load_rules
from seawall.events.array_state import SCORE_AGAIN, StateInvalid
from seawall.pipeline.live.arrived_events import ArrivedEvents, read_arrived
from seawall.pipeline.live.backfill import Backfill, BackfillState
from seawall.pipeline.live.budget import limits_of
from seawall.pipeline.live.budget_ranking import RANKED_DAYS
from seawall.pipeline.live.candidates import pack_candidates
from seawall.pipeline.live.commit import HABITS, ScoreTransaction, keep_scored, load_notes
from seawall.pipeline.live.day_counts import ScoredDayCounts, share_of
from seawall.pipeline.live.detection import OUTDATED, DayScoring, LiveDetection, is_outdated
from seawall.pipeline.live.incident_changes import IncidentChanges
from seawall.pipeline.live.incident_matching import match_incidents
from seawall.pipeline.live.indicator_hits import KnownHits
from seawall.pipeline.live.job import ScoringJob
from seawall.pipeline.live.known_incidents import KnownIncidents
from seawall.pipeline.live.news import News
from seawall.pipeline.live.recent_candidates import (
    RankingSpan,
    RankingUpdate,
    RecentCandidates,
    load_recent_candidates,
)
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.rescoring import STATES, Rescoring
from seawall.pipeline.live.rows import ROWS, load_states, rows_by_day, rows_of, rows_state
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.live.shard_scheduler import ShardScheduler
from seawall.pipeline.live.standing_feedback import standing_answers
from seawall.pipeline.live.unannounced_incidents import AgedIncidents, UnannouncedIncidents
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.files.state_file import pack
from seawall.storage.lake import Lake
from seawall_base.clock import Clock

BURST = 0.2
"""Pause before the next scoring, as a multiple of the duration of the last one."""

KEEP_SECONDS = 20.0
"""Seconds between two writes of the state after settled days: it is large, and can be computed again."""

_NOTES_SHOWN = 50
_DAY = 86_400_000_000


class Scorer:
    """Detection, and the incidents that result. Used by one thread; only a `ScoringJob` may run in another.

    `rules` are the Sigma rules, `revision` is that of the incidents, and `seconds` the duration of the last scoring.
    `dirty` are the days that wait for scoring, or for counting if only copies arrived. `tenants` are the active accounts.
    """

    def __init__(
        self, settings: LiveSettings, lake: Lake, clock: Clock, step: Callable[[str], None] = lambda _: None,
        hits: KnownHits | None = None,
    ) -> None:  # fmt: skip
        self._hits = hits or KnownHits()
        self._settings, self._lake, self._clock, self._step = settings, lake, clock, step
        self.rules = load_rules(settings.rules)
        self._detection = self._new_detection()
        self._recent, self._turns = RecentCandidates(), ShardScheduler()
        self.backfill = Backfill(clock, settings.history_seconds, step)
        self.rescoring = Rescoring()
        self._notes: Sequence[CoverageNote] = ()
        self._notes_from: int | None = None
        self._known, self._changes = KnownIncidents(), IncidentChanges(settings.coverage_seconds)
        self.tenants: dict[str, int] = {}
        self._told_notes: list[Any] | None = None
        self._mark: tuple[Any, ...] = ()
        self._is_ranking_due, self._unannounced = False, UnannouncedIncidents()
        self._aged = AgedIncidents()
        self._next, self._last, self._next_keep = 0.0, -math.inf, -math.inf
        self._arrived = ArrivedEvents(settings.store / "scratch" / "arrived")
        self._rows: dict[int, int] = {}
        self.dirty: frozenset[int] = frozenset()
        self.counts = ScoredDayCounts()
        self.revision, self.seconds = 0, 0.0
        self.scored_until: int | None = None
        self.notes: tuple[str, ...] = ()

    def _new_detection(self) -> LiveDetection:
        settings = self._settings
        return LiveDetection(
            self._lake, learnt=settings.learnt, scratch=settings.store / "scratch", rules=self.rules
        )

    @property
    def newest(self) -> int | None:
        """The last scored day, None before the first."""
        return self.counts.newest

    def begin(self, work: Transaction, *, is_endless: bool = True) -> None:
        """Replace everything in memory by the content of the database; `is_endless` for a watch that never ends by itself.

        Raises `StateInvalid` for what another engine stored: its events are to be scored again.
        """
        self._detection = self._new_detection()
        self.rescoring.begin(work)
        states = load_states(work, STATES)
        self._rows = rows_of(states)
        if is_outdated(states, self._detection.layout):
            raise StateInvalid(OUTDATED, fix=SCORE_AGAIN)
        self._detection.restore(states)
        self._detection.mark(work.dirty.all())
        self._arrived.clear()
        self.dirty = self._detection.unsettled_days
        self.counts = ScoredDayCounts.read(work.days.since(0))
        self.tenants = self.counts.tenants()
        last = self.newest or 0
        self._notes, self._notes_from = load_notes(work)
        self.backfill.begin(work, self.counts.first_days(), self.newest)
        self._recent, self._turns = (
            load_recent_candidates(work, last, without=self.rescoring.days),
            ShardScheduler(),
        )
        self._unannounced = UnannouncedIncidents()
        self._known = KnownIncidents()
        self._changes = IncidentChanges(self._settings.coverage_seconds if is_endless else 0.0)
        self._known.begin(work, self.newest)
        self._recent.touch(self._known.tenants if self.rescoring.is_waiting else ())
        self.revision, self._mark, self._told_notes = work.incidents.revision(), (), None
        self._next, self._last, self._next_keep = 0.0, -math.inf, -math.inf

    def take(self, events: pa.Table) -> dict[str, bytes]:
        """Take events that are in the lake for the next scoring; return the states to store with them."""
        self._arrived.add(events)
        for day, count in rows_by_day(events).items():
            self._rows[day] = self._rows.get(day, 0) + count
            self.dirty |= {day}
        return {STATES + ROWS: pack(rows_state(self._rows))}

    @property
    def is_waiting(self) -> bool:
        """Return whether something waits for scoring or ranking, or incidents to be stored."""
        return bool(self.dirty) or self._is_ranking_due or self._changes.due_at() is not None

    @property
    def _due(self) -> float:
        """The time at which to score next."""
        due = self._changes.due_at()
        if due is None or self.dirty or self._is_ranking_due:
            return self._next
        return max(self._next, due)

    @property
    def is_full(self) -> bool:
        """Return whether no more events may wait for the next scoring."""
        return self._arrived.is_full

    def waits(self) -> float:
        """Return the seconds until scoring may be due."""
        if not self.is_waiting:
            return 1.0
        return max(self._due - self._clock.monotonic(), 0.0)

    def is_due(self, *, is_behind: bool, is_pressed: bool = False) -> bool:
        """Return whether to score now: not too often, and rarely while much is still unread."""
        if not self.is_waiting:
            return False
        now = self._clock.monotonic()
        if is_behind:
            return now - self._last >= self._settings.backlog_seconds
        return is_pressed or now >= self._due

    def look(self, database: Database) -> None:
        """Check for new answers and a changed budget or threshold, after which incidents are ranked again."""
        with database.reading() as work:
            self.revision = work.incidents.revision()
            mark = self._mark_ranking(work)
        if mark != self._mark:
            self.rank_again()

    def rank_again(self) -> None:
        """Have incidents ranked as soon as possible, because something changed besides events."""
        self._is_ranking_due, self._next = True, min(self._next, self._clock.monotonic())

    def begin_scoring(
        self, database: Database, *, is_settled: bool, deadline: Callable[[], bool] | None = None
    ) -> ScoringJob:
        """Return the scoring of all waiting days.

        `is_settled` is false while much is still unread. Then, and until all of it is scored, nothing is announced, because
        unread events may outrank present ones. `deadline` is asked only if more events have arrived meanwhile.
        """
        started = self._clock.monotonic()
        with database.reading() as work:
            mark, answers = self._mark_ranking(work), standing_answers(work, at=self._clock.now())
            limits = limits_of(work, self._settings)
        arrived = self._arrived.take()
        self._detection.keep_coverage(self.backfill.keeps_coverage)

        def is_over() -> bool:
            return deadline is not None and self._arrived.rows > 0 and bool(deadline())

        def run() -> DayScoring:
            for events in read_arrived(arrived):
                self._detection.take(events)
            return self._score(is_over, is_settled=is_settled)

        is_ranking_due = self._is_ranking_due or mark != self._mark
        return ScoringJob(run, started, mark, answers, limits, is_ranking_due, is_settled)

    def finish(
        self,
        database: Database,
        writer: WriterLease,
        job: ScoringJob,
        scoring: DayScoring,
        *,
        targets: Recipients,
        habits: bytes,
    ) -> list[Incident]:
        """Store the results of a scoring; return the incidents to announce."""
        waiting = frozenset(self._arrived.days)
        self.dirty = self._detection.unsettled_days | waiting
        is_late = (due := self._changes.due_at()) is not None and due <= self._clock.monotonic()
        if not (scoring.days or scoring.done or job.is_ranking_due or is_late):
            self._end(job.started)
            return []
        self._step("scored")
        self._learn(scoring)
        self.backfill.learn(database, scoring, self.tenants, self.newest or 0)
        self.rescoring.note_scored(scoring.done)
        if self.rescoring.days:  # incidents of days that are not scored again yet would seem gone
            update, kept = None, self._keep_days(scoring, habits)
        else:
            update = self._rank_changes(scoring, job)
            is_settled = job.is_settled and not self._turns.are_behind
            kept = self._build_transaction(
                scoring, update, is_settled=is_settled, targets=targets, habits=habits
            )
        kept = replace(kept, done=frozenset(kept.done) - waiting)
        with database.writing(writer) as work:
            announced = keep_scored(work, kept, at=self._clock.now(), step=self._step)
            revision = work.incidents.revision()
            self._step("score-written")
        self._step("kept")
        self._is_ranking_due = update is None
        if update is not None:
            self._update_memory(kept, update, announced, revision)
            self._mark = job.mark
            self.rescoring.note_ranked()
        self._end(job.started)
        return announced

    def rank_past(
        self, database: Database, writer: WriterLease, targets: Recipients, *, is_settled: bool, is_pressed: bool
    ) -> Sequence[News]:  # fmt: skip
        """Rank the past of one organisation if due, and store the result; return what to announce.

        First imports that are over end here once everything read is scored (`is_settled`). From then on the live window
        ranks new days.
        """
        if self.rescoring.days:
            return ()
        if is_settled and not self.dirty and self.backfill.close(database, writer):
            self._is_ranking_due = True
        if self.rescoring.is_waiting and not self.backfill.is_waiting:
            over = self.rescoring.end(database, writer, at=self._clock.now())
            return () if over is None else (over,)
        if not self.backfill.is_due(is_pressed=is_pressed, is_scored=not self.dirty):
            is_busy = bool(self.dirty) or self._is_ranking_due or self.backfill.is_waiting
            if is_busy or not is_settled:
                return ()
            return self._aged.tell(database, writer, self.newest, targets, at=self._clock.now())
        with database.reading() as work:
            answers = standing_answers(work, at=self._clock.now())
            limits = limits_of(work, self._settings)
        announced = frozenset(self._known.announced)
        standing = BackfillState(
            self.newest or 0, self.tenants, self._notes, self._notes_from, limits, answers, announced,
            self._hits.by_tenant,
        )  # fmt: skip
        found = self.backfill.rank_next(database, writer, standing, is_settled=is_settled, targets=targets)
        if found is None:
            return ()
        past = found.ranking
        self._known.revise(found.tenant, {*past.gone, *past.renamed}, past.renamed, past.incidents)
        for held in (self._changes, self._unannounced):
            held.forget((*past.gone, *past.renamed, *(one.id for one in past.incidents)))
        self._known.announced |= {incident.id for incident in found.announced}
        self.revision = found.revision
        return found.news

    def settle(self) -> None:
        """Allow the announcements that were postponed while much was unread."""
        self._is_ranking_due |= bool(self._unannounced)

    def _end(self, started: float) -> None:
        ended = self._clock.monotonic()
        self.seconds, self._last = ended - started, ended
        self._next = ended + max(self._settings.score_seconds, BURST * self.seconds)

    def _score(self, deadline: Callable[[], bool], *, is_settled: bool) -> DayScoring:
        """Score the shards that are due."""
        detection, before = self._detection, self._detection.dirty
        results = self._turns.score_due(detection, self._clock, deadline, is_settled=is_settled)
        is_keeping = self._clock.monotonic() >= self._next_keep
        if is_keeping:
            self._next_keep = self._clock.monotonic() + KEEP_SECONDS
        return detection.finish(results, before, is_keeping=is_keeping)

    def _mark_ranking(self, work: Transaction) -> tuple[Any, ...]:
        """Return the inputs of ranking besides candidates."""
        return work.answers.mark(), work.containments.mark(), limits_of(work, self._settings)

    def _learn(self, scoring: DayScoring) -> None:
        for (day, shard), result in scoring.days.items():
            self._recent.learn(day, shard, result.candidates)
            self.counts.put(day, shard, share_of(result) if result.events else None)
        self.counts.rows |= {day: count for day, count in scoring.rows.items() if day in self.counts.shares}
        if scoring.days:
            self.tenants = self.counts.tenants()
        self.scored_until = scoring.scored_until
        latest = sorted(scoring.notes, key=lambda note: -note.end)[:_NOTES_SHOWN]
        self.notes = tuple(note.text for note in latest)
        self._notes, self._notes_from = scoring.notes, scoring.notes_from
        self._recent.forget(self.newest or 0)

    def _rank_changes(self, scoring: DayScoring, job: ScoringJob) -> RankingUpdate:
        days = self.counts.shares
        mark = job.mark, tuple(one.id for one in job.answers)  # some answers expire
        self.backfill.ask_again((mark, self._hits.mark))
        span = RankingSpan(
            min(days, default=0), max(days, default=0), job.limits.per_day, mark, self.backfill.imported_until,
            self.backfill.whole, job.limits.least_score,
        )  # fmt: skip
        # in a group, other workers rank the other organisations
        hits = {name: own for name, own in self._hits.by_tenant.items() if name in self.tenants}
        return self._recent.rank_changes(span, self.tenants, scoring.notes, job.answers, hits)

    def _build_transaction(
        self,
        scoring: DayScoring,
        update: RankingUpdate,
        *,
        is_settled: bool,
        targets: Recipients,
        habits: bytes,
    ) -> ScoreTransaction:
        incidents = update.ranking.incidents
        days = self._keep_days(scoring, habits)
        if self.newest is None:  # nothing was ever scored: present incidents have another origin
            return replace(days, done=())
        before = self._known.list_rankable(update.tenants, self.backfill.imported_until)
        ranked_from = self.newest - RANKED_DAYS + 1
        now = {incident.id: incident for incident in incidents}
        gone, renamed, lapsed = match_incidents(before, now, self._known.announced, ranked_from * _DAY)
        self._changes.forget((*gone, *renamed, *(one.id for one in lapsed)))
        judged = update.tenants | self.backfill.whole  # the backfill announces open imports itself
        self._unannounced.replace(judged, incidents, self._known.announced)
        notes = [asdict(note) for note in scoring.notes]
        is_said = notes == self._told_notes
        self._told_notes = notes
        return replace(
            days,
            incidents=[*self._changes.choose(before, incidents, self._clock.monotonic()), *lapsed],
            gone=gone,
            renamed=renamed,
            announced=self._unannounced.all() if is_settled else [],
            notes=None if is_said else notes,
            notes_from=scoring.notes_from,
            targets=targets,
        )

    def _keep_days(self, scoring: DayScoring, habits: bytes) -> ScoreTransaction:
        """Return what to store of scored days before incidents are ranked."""
        return ScoreTransaction(
            done=scoring.done,
            candidates={place: pack_candidates(result.candidates) for place, result in scoring.days.items()},
            days=self.counts.documents(scoring.days, scoring.rows.keys(), self.tenants),
            states={**scoring.pack_states(STATES), HABITS: habits},
            first_imports=self.backfill.take_changed(),
        )

    def _update_memory(
        self, kept: ScoreTransaction, update: RankingUpdate, announced: Iterable[Incident], revision: int
    ) -> None:
        """Update the incidents in memory after they were stored."""
        left = {*kept.gone, *kept.renamed}
        self._known.apply_ranking(update.tenants, left, kept.renamed, kept.incidents, self.newest)
        self._known.announced |= {incident.id for incident in announced}
        self._unannounced.forget(one.id for one in kept.announced)
        self.revision = revision
