"""When is scored, and what follows from it: candidates of days become incidents, and some of them news.

All of it follows from what is kept: candidates, answers, budget. So after a failure it is made anew from the database,
and a start goes on where the last transaction ended.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa

from seawall.live.answering import standing_answers
from seawall.live.board import budget_of
from seawall.live.candidates import packed, unpacked
from seawall.live.clock import Clock
from seawall.live.commit import HABITS, Scored, keep_scored
from seawall.live.detection import DayResult, Detection, Scoring
from seawall.live.ruling import CANDIDATE_DAYS, RULED_DAYS, Ruling, rule
from seawall.live.settings import LiveSettings
from seawall.schema.answers import Answered
from seawall.schema.incidents import Incident
from seawall.store.database import Choice, Database, Place, Work, Writer
from seawall.store.lake import Lake
from seawall.store.packing import pack, unpack

BURST = 1.0
"""So many times what the last scoring took is waited for before the next one."""

LATE_SECONDS = 2.0
LATE_BURST = 3.0
"""Days before the newest are scored again at most so often: so many seconds, or times what that took the last time."""

_STATE = "detection/"
_PAGE = 500
_NOTES_SHOWN = 50
_DAY = 86_400_000_000


@dataclass(slots=True)
class Counts:
    """Events and duplicates of the days that were scored."""

    events: dict[int, int] = field(default_factory=dict)
    _duplicates: int = 0

    def split(self, read: int, *, is_whole: bool) -> tuple[int, int, int]:
        """Return how many of the records read (without problems) are events, duplicates, and wait to be scored.

        Copies are found when their day is scored: while days wait (`is_whole` false), the duplicates are those of the
        last time when none did.
        """
        events = sum(self.events.values())
        rest = max(read - events, 0)
        if is_whole:
            self._duplicates = rest
        duplicates = min(self._duplicates, rest)
        return events, duplicates, rest - duplicates


class Scorer:
    """Detection and what is made of it. Used by one thread.

    `revision` is that of the incidents, `seconds` what the last scoring took.
    """

    def __init__(
        self, settings: LiveSettings, lake: Lake, clock: Clock, step: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings, self._lake, self._clock, self._step = settings, lake, clock, step
        self._detection = Detection(lake, learnt=settings.learnt, scratch=settings.store / "scratch")
        self._candidates: dict[int, Sequence[Any]] = {}
        self._known: dict[str, Incident] = {}
        self._announced: set[str] = set()
        self._tenants: dict[str, int] = {}
        self._mark: tuple[Any, ...] = ()
        self._is_ruling_due = False
        self._next, self._last = 0.0, -math.inf
        self._next_late, self._seen = 0.0, (-1, 0)
        self.counts = Counts()
        self.revision = 0
        self.seconds = 0.0
        self.scored_until: int | None = None
        self.notes: tuple[str, ...] = ()

    @property
    def dirty(self) -> frozenset[int]:
        """The days that wait to be scored."""
        return self._detection.dirty

    @property
    def newest(self) -> int | None:
        """The last day that was scored, None before the first."""
        return max(self.counts.events, default=None)

    def begin(self, work: Work) -> None:
        """Know what is kept, and nothing else."""
        scratch = self._settings.store / "scratch"
        self._detection = Detection(self._lake, learnt=self._settings.learnt, scratch=scratch)
        states = {}
        for name in work.states.names():
            if name.startswith(_STATE) and (content := work.states.get(name)) is not None:
                states[name.removeprefix(_STATE)] = unpack(content)
        self._detection.restore(states)
        self._detection.mark(work.dirty.all())
        days = work.days.since(0)
        self.counts = Counts({day: int(document["events"]) for day, document in days.items()})
        last = max(days, default=0)
        self._tenants = dict(days[last]["tenants"]) if days else {}
        kept = work.candidates.since(last - CANDIDATE_DAYS + 1)
        self._candidates = {day: [unpacked(one) for one in contents] for day, contents in kept.items()}
        renamed = work.aliases.all()
        self._announced = {renamed.get(id_, id_) for id_ in work.announcements.all()}
        self._known = _incidents(work, (last - RULED_DAYS) * _DAY)
        self.revision, self._mark = work.incidents.revision(), ()
        self._next, self._last = 0.0, -math.inf
        self._next_late, self._seen = 0.0, (-1, 0)

    def take(self, events: pa.Table) -> dict[str, bytes]:
        """Take events that lie in the lake; the states to be kept together with that."""
        self._detection.take(events)
        return {_STATE + "ledger": pack(self._detection.ledger())}

    def waits(self) -> float:
        """Seconds until scoring may be due."""
        if not self.dirty and not self._is_ruling_due:
            return 1.0
        return max(self._next - self._clock.now(), 0.0)

    def is_due(self, *, is_behind: bool, is_pressed: bool = False) -> bool:
        """Whether to score now: not too often, and while much is still to be read only now and then."""
        if not self.dirty and not self._is_ruling_due:
            return False
        now = self._clock.now()
        if is_behind:
            return now - self._last >= self._settings.backlog_seconds
        return is_pressed or now >= self._next

    def look(self, database: Database) -> None:
        """See whether somebody has answered, or set the budget; then incidents are ruled on again."""
        with database.reading() as work:
            self.revision = work.incidents.revision()
            mark = self._marked(work)
        if mark != self._mark:
            self._is_ruling_due, self._next = True, min(self._next, self._clock.now())

    def score(
        self,
        database: Database,
        writer: Writer,
        *,
        targets: Sequence[str],
        is_settled: bool,
        habits: bytes,
        deadline: Callable[[], bool] | None = None,
    ) -> list[Incident]:
        """Score what waits, and keep what follows; the incidents that are news.

        `is_settled` is false while much is still to be read: then nothing is announced, because what comes may outrank it.
        """
        started = self._clock.now()
        with database.reading() as work:
            mark, answers = self._marked(work), standing_answers(work, at=self._clock.wall())
            budget = budget_of(work, self._settings.budget)
        scoring = self._scored(deadline, is_settled=is_settled)
        self._step("scored")
        self._learn(scoring)
        ruling = self._ruled(scoring, answers, budget)
        kept = self._following(scoring, ruling, is_settled=is_settled, targets=targets, habits=habits)
        with database.writing(writer) as work:
            announced = keep_scored(work, kept, at=self._clock.wall(), step=self._step)
            revision = work.incidents.revision()
            self._step("score-written")
        self._step("kept")
        self._after(kept, ruling, announced, revision)
        self._mark, self._is_ruling_due = mark, False
        ended = self._clock.now()
        self.seconds, self._last = ended - started, ended
        self._next = ended + max(self._settings.score_seconds, BURST * self.seconds)
        return announced

    def _scored(self, deadline: Callable[[], bool] | None, *, is_settled: bool) -> Scoring:
        """Score what waits; where days before the newest do and it goes on growing, that one first, and these less often.

        What is new is then not told behind what is late.
        """
        newest = self._detection.newest
        is_late = min(self.dirty, default=newest[0]) < newest[0]
        may_wait = is_late and is_settled and self._clock.now() < self._next_late
        if may_wait and newest != self._seen and (found := self._detection.glimpse()) is not None:
            self._seen = newest
            return found
        started = self._clock.now()
        scoring = self._detection.score(deadline)
        self._seen, ended = newest, self._clock.now()
        if is_late:
            self._next_late = ended + max(LATE_SECONDS, LATE_BURST * (ended - started))
        return scoring

    def _marked(self, work: Work) -> tuple[Any, ...]:
        """What ruling depends on beside candidates."""
        return work.answers.mark(), budget_of(work, self._settings.budget)

    def _learn(self, scoring: Scoring) -> None:
        for day, result in scoring.days.items():
            self._candidates[day] = result.candidates
            self.counts.events[day] = result.events
        if scoring.days:
            self._tenants = dict(scoring.days[max(scoring.days)].tenants)
        self.scored_until = scoring.scored_until
        latest = sorted(scoring.notes, key=lambda note: -note.end)[:_NOTES_SHOWN]
        self.notes = tuple(note.text for note in latest)
        last = max(self.counts.events, default=0)
        for day in [day for day in self._candidates if day <= last - CANDIDATE_DAYS]:
            del self._candidates[day]

    def _ruled(self, scoring: Scoring, answers: Sequence[Answered], budget: float | None) -> Ruling:
        days = self.counts.events
        return rule(
            [one for day in sorted(self._candidates) for one in self._candidates[day]],
            notes=scoring.notes,
            accounts_by_tenant=self._tenants,
            first_day=min(days, default=0),
            last_day=max(days, default=0),
            budget=budget,
            answers=answers,
        )

    def _following(
        self, scoring: Scoring, ruling: Ruling, *, is_settled: bool, targets: Sequence[str], habits: bytes
    ) -> Scored:
        now = {incident.id: incident for incident in ruling.incidents}
        if self.newest is None:  # nothing was ever scored: what is there came from elsewhere
            return Scored((), {}, {}, {HABITS: habits}, (), (), {}, (), ())
        ruled_from = self.newest - RULED_DAYS + 1
        gone, renamed, lapsed = _succession(self._known, now, self._announced, ruled_from * _DAY)
        states: dict[str, bytes | None] = {
            _STATE + name: pack(state) for name, state in scoring.kept_snapshots.items()
        }
        states |= {_STATE + name: None for name in scoring.dropped_snapshots}
        states[HABITS] = habits
        raised = [incident for incident in ruling.incidents if incident.raised]
        news = [one for one in raised if one.id not in self._announced] if is_settled else []
        return Scored(
            done=scoring.done,
            candidates={
                day: ([packed(one) for one in result.candidates], [one.tenant for one in result.candidates])
                for day, result in scoring.days.items()
            },
            days={day: _document(result) for day, result in scoring.days.items()},
            states=states,
            incidents=[*(one for one in ruling.incidents if self._known.get(one.id) != one), *lapsed],
            gone=gone,
            renamed=renamed,
            announced=news,
            notes=[asdict(note) for note in scoring.notes],
            targets=targets,
        )

    def _after(self, kept: Scored, ruling: Ruling, announced: Iterable[Incident], revision: int) -> None:
        """What is kept is what is known."""
        self._known = {
            **{
                id_: one
                for id_, one in self._known.items()
                if id_ not in kept.gone and id_ not in kept.renamed
            },
            **{incident.id: incident for incident in (*kept.incidents, *ruling.incidents)},
        }
        self._announced |= {incident.id for incident in announced}
        self._announced |= {new for old, new in kept.renamed.items() if old in self._announced}
        self.revision = revision


def _succession(
    before: dict[str, Incident], now: dict[str, Incident], announced: set[str], since: int
) -> tuple[list[str], dict[str, str], list[Incident]]:
    """Return the ids that are no incident any more, those that go on under another id, and incidents that lapse.

    An id is that of the strongest group: it changes when a stronger one joins. What has no successor and began before
    `since`, from when on is ruled, stays as it is. Of the rest stays what people were told of, but raised no more.
    """
    heirs: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    missing = [old for id_, old in before.items() if id_ not in now]
    if missing:
        for incident in now.values():
            heirs[incident.tenant, incident.account].append(incident)
    gone: list[str] = []
    renamed: dict[str, str] = {}
    lapsed: list[Incident] = []
    for old in missing:
        near = [new for new in heirs[old.tenant, old.account] if _overlap(old, new)]
        if near:
            heir = max(near, key=lambda new: (len(set(new.events) & set(old.events)), new.score, new.id))
            renamed[old.id] = heir.id
            gone.append(old.id)
        elif old.first_event >= since and old.id not in announced:
            gone.append(old.id)
        elif old.first_event >= since and old.raised:
            lapsed.append(replace(old, raised=False))
    return gone, renamed, lapsed


def _overlap(old: Incident, new: Incident) -> bool:
    """Whether both have a day in common."""
    return (
        old.first_event // _DAY <= new.last_event // _DAY
        and new.first_event // _DAY <= old.last_event // _DAY
    )


def _document(result: DayResult) -> dict[str, Any]:
    """What is kept of a day beside its candidates."""
    return {
        "events": result.events,
        "duplicates": result.duplicates,
        "accounts": result.accounts,
        "tenants": dict(result.tenants),
        "p_histogram": result.p_histogram.tolist(),
    }


def _incidents(work: Work, since: int) -> dict[str, Incident]:
    """Incidents that were active since a time."""
    found: dict[str, Incident] = {}
    after: Place | None = None
    while page := work.incidents.page(Choice(active_from=since), after=after, limit=_PAGE):
        found.update((incident.id, incident) for incident in page)
        after = Place(page[-1].score, page[-1].id)
    return found
