"""Score the events of some organisations: days in order, as a scan would, and again when late events arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import Ranker
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Floats, Times
from seawall.events.grouping import distinct
from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS
from seawall.pipeline.live.days import ShardDays
from seawall.pipeline.live.open_day import GrowingDay, GrownDay
from seawall.pipeline.live.snapshots import StateSnapshots, ladder

SETTLED = 2
"""Days before the last one from which on snapshots are not stored in the database."""

BINS = 20
"""Bins of equal width in which p-values are counted."""

_LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class DayResult:
    """The results of scoring one day of a shard.

    `candidates` are like those of a scan; `events` counts events after duplicates and twins were merged, 0 if the shard has
    none any more; `accounts` counts active accounts; `tenants` has the active accounts of each organisation until then;
    `p_histogram` int64 (20,) counts p-values of matching patterns by twentieths of 0 to 1.
    """

    day: int
    candidates: tuple[ScoredCandidate, ...]
    events: int
    accounts: int
    tenants: Mapping[str, int]
    p_histogram: Times


class Shard:
    """The organisations of one shard. The state is serialisable; days outside the spool are read from the lake.

    `dirty` are the days that wait for scoring, `events` the number of events of each scored day. `late` are days with events
    that came too late to be scored. While `keeps_coverage`, coverage of old days is kept and notes cover it, because a first
    import is ranked over its whole span. The same holds for days from `scored_from` on, those of the last scoring.
    """

    def __init__(
        self, days: ShardDays, ranker: Ranker | None, folder: Path, rules: RuleSet | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.days, self._ranker, self._rules = days, ranker, rules
        self._snapshots = StateSnapshots(folder)
        self.dirty: set[int] = set()
        self.events: dict[int, int] = {}
        self.late: set[int] = set()
        self._unread: set[int] = set()
        self._meters: dict[int, CoverageMeter] = {}
        self._stored: set[int] = set()
        self._stale: set[int] = set()
        self._before: tuple[int, State] | None = None
        self._notes: tuple[tuple[int, bool, int], list[CoverageNote]] | None = None
        self.keeps_coverage = False
        self.scored_from = _LATEST
        self._growing = GrowingDay(days, self._make_engine)

    @property
    def newest(self) -> int:
        """The newest day with events, -1 before the first."""
        return max(self.days.known, default=-1)

    @property
    def newest_meter(self) -> int:
        """The last scored day, -1 before the first."""
        return max(self._meters, default=-1)

    @property
    def burden(self) -> int:
        """Number of records to score: those of all days from the first dirty one on."""
        first = min(self.dirty, default=None)
        days = (day for day in self.days.known if first is not None and day >= first)
        return sum(max(self.days.rows(day), self.events.get(day, 0)) for day in days)

    def mark(self, days: set[int]) -> None:
        """Mark days whose events in the lake may not be scored."""
        self.days.known |= days
        self.dirty |= days
        self._unread |= days

    def catch_up(self) -> None:
        """Read the lake's events of marked days."""
        for day in sorted(self._unread):
            self.days.fetch(day)
        self._unread.clear()

    def give(self, code: int, to: Shard) -> None:
        """Move an organisation's code to a shard (possibly this one, if its organisation changed); its days become dirty."""
        days = self.days.days_of(code)
        self.dirty |= days
        to.dirty |= days
        if to is not self:
            self.days.give(code, days)
            to.days.receive(code, days)
            for day in days:  # the number of remaining events is unknown
                self.events.pop(day, None)

    def relearn(self, days: set[int]) -> None:
        """Mark days for scoring again whose records now belong to other accounts, as far as possible.

        Their effect on the state is forgotten at once, so that no restart can restore it.
        """
        reached = self._find_reached(min(days, default=_LATEST))
        days = {day for day in days if reached is None or day > reached}
        if not days:
            return
        first = min(days)
        self.dirty |= days
        self._remember(first)
        self._forget_from(first)

    def score(self, deadline: Callable[[], bool] | None) -> dict[int, DayResult]:
        """Score all days from the first dirty one on. `deadline` may stop it after a day.

        Unfinished days stay dirty, and earlier results stay valid for them.
        """
        self.catch_up()
        start = self._start()
        return self._run(start, deadline) if self.dirty else {}

    def glimpse(self) -> DayResult | None:
        """Score only the newest day although earlier ones wait; return None if the state before it is unavailable.

        The result is provisional: `score` computes it again, and a glimpse never changes the state. The newest day stays
        dirty.
        """
        newest = self.newest
        known = self._find_state_before(newest)
        if known is None or newest not in self.dirty or newest in self._unread:
            return None
        return self._score_newest(newest, known)

    def fresh_states(self) -> tuple[dict[str, State], tuple[str, ...]]:
        """Return the states after settled days that are not stored yet, and the names of those to delete.

        States of the last days are not stored: late events change them often, and they are quick to compute after a
        restart.
        """
        settled = self._settle()
        states = {
            f"engine/{day}": self._snapshots.get(day)
            for day in sorted(settled - (self._stored - self._stale))
        }
        gone = tuple(f"engine/{day}" for day in sorted(self._stored - settled))
        self._stored, self._stale = settled, set()
        return states, gone

    def outdated_states(self) -> tuple[str, ...]:
        """Return the names of stored states that are outdated without replacement; their days are scored again."""
        gone = self._stored & self._stale | self._stored - self._settle()
        self._stored, self._stale = self._stored - gone, set()
        return tuple(f"engine/{day}" for day in sorted(gone))

    def forget_coverage(self) -> list[int]:
        """Forget coverage of old days that nothing needs; return the days."""
        gone = [day for day in self._meters if not self._is_spoken_of(day, self.newest_meter)]
        for day in gone:
            del self._meters[day]
        return gone

    def scored_since(self, days: Iterable[int]) -> None:
        """Set the days that were scored last."""
        self.scored_from = min(days, default=_LATEST)

    def _is_spoken_of(self, day: int, newest: int) -> bool:
        """Return whether notes cover a day."""
        return self.keeps_coverage or day > newest - CANDIDATE_DAYS or day >= self.scored_from

    @property
    def coverage_from(self) -> int | None:
        """First day with known coverage, None if there is none."""
        return min(self._meters, default=None)

    def meter(self, day: int) -> State:
        """Return the coverage of a scored day as arrays."""
        return self._meters[day].state()

    def notes(self, newest: int) -> list[CoverageNote]:
        """Return coverage notes of the 44 days up to the newest, and of earlier days whose coverage is kept."""
        key = newest, self.keeps_coverage, self.scored_from
        if self._notes is None or self._notes[0] != key:
            whole = CoverageMeter()
            for day in sorted(self._meters):
                if self._is_spoken_of(day, newest):
                    whole.add(self._meters[day])
            self._notes = key, whole.notes()
        return self._notes[1]

    def state(self) -> dict[str, State]:
        """Return the whole state as arrays by name: `days`, `engine/<day>`, `meter/<day>`."""
        return {
            "days": self.days.state(),
            **{f"engine/{day}": self._snapshots.get(day) for day in self._snapshots.days()},
            **{f"meter/{day}": meter.state() for day, meter in self._meters.items()},
        }

    def restore(self, states: Mapping[str, State], days: set[int], present: set[int]) -> None:
        """Replace everything by a stored state; days after the last snapshot are dirty. Raises `StateInvalid`.

        `present` are the days for which the lake has events.
        """
        self.dirty, self._unread, self._meters = set(), set(), {}
        self._snapshots.clear()
        self._before = self._notes = None
        self.days.restore(states.get("days", {"organisations": np.zeros((0, 2), np.int64)}), days)
        for name in sorted(states):
            kind, _, day = name.partition("/")
            if kind == "engine":
                # fail for damaged states now, and not when they are needed
                DetectionEngine(self._ranker, self._rules).restore(states[name])
                self._snapshots.put(int(day), states[name])
            elif kind == "meter":
                self._meters[int(day)] = CoverageMeter()
                self._meters[int(day)].restore(RestoredState(states[name]))
        self._stored, self._stale = set(self._snapshots.days()), set()
        last = max(self._stored, default=-1)
        # later states may be in codes that were not stored
        self._meters = {day: meter for day, meter in self._meters.items() if day <= last}
        later = {day for day in days if day > last} & present
        # the organisations of their events are determined again on reading
        self.events = {day: count for day, count in self.events.items() if day not in later}
        self.mark(later)

    def _settle(self) -> set[int]:
        return {day for day in self._snapshots.days() if day <= self.newest - SETTLED}

    def _find_state_before(self, day: int) -> State | None:
        """Return the state before a day, even if late events wait for days before it; None if unavailable."""
        last = max((other for other in self.days.known if other < day), default=None)
        if last in self._snapshots.days():
            return self._snapshots.get(last)
        return self._before[1] if self._before is not None and self._before[0] == last else None

    def _start(self) -> int | None:
        """Return the day of the snapshot to start after, None to start before all days; note dirty days that are too late."""
        if not self.dirty:
            return None
        start = self._snapshots.latest(min(self.dirty))
        reached = self._find_reached(min(self.dirty))
        if reached is None:
            return start
        late = {day for day in self.dirty if day <= reached}
        self.late |= late
        self.dirty -= late
        return self._snapshots.latest(min(self.dirty)) if self.dirty else None

    def _find_reached(self, first: int) -> int | None:
        """Return the last day that cannot be scored again if the days from `first` on are, None if all can."""
        start = self._snapshots.latest(first)
        todo = [day for day in self.days.known if start is None or day > start]
        there = self.days.available(todo)
        lost = [day for day in todo if there.get(day, 0) < self.events.get(day, 0)]
        if not lost:
            return None
        # only later snapshots contain what was learnt of a day that is gone
        return min((day for day in self._snapshots.days() if day >= max(lost)), default=max(lost))

    def _run(self, start: int | None, deadline: Callable[[], bool] | None) -> dict[int, DayResult]:
        """Score days in order; return results from the first dirty day on."""
        first = min(self.dirty)
        known = None if start is None else self._snapshots.get(start)
        self._remember(first)
        self._forget_from(first)
        results: dict[int, DayResult] = {}
        todo = [day for day in sorted(self.days.known) if start is None or day > start]
        newest = todo[-1]
        wanted = ladder({*self._snapshots.days(), *todo[:-1]}, newest)
        engine = None if todo == [newest] else self._make_engine(known)
        for place, day in enumerate(todo):
            if engine is None or day == newest:
                result = self._score_newest(newest, self._find_state_before(newest) if engine else known)
                self.dirty = set()
                results[day] = result
                break
            result = self._score(engine, day)
            if day >= first:
                self.dirty = set(todo[place + 1 :])
            if day >= first:
                results[day] = result
            is_over = day >= first and day < newest and deadline is not None and deadline()
            if day in wanted or is_over:
                self._snapshots.put(day, engine.state())
            if is_over:
                break
        self._drop(self._snapshots.days() - ladder(self._snapshots.days(), newest))
        return results

    def _forget_from(self, first: int) -> None:
        """Forget the states after a day and all later ones."""
        self._stale |= {day for day in self._stored if day >= first}
        self._drop(day for day in self._snapshots.days() if day >= first)

    def _drop(self, days: Iterable[int]) -> None:
        for day in sorted(days):
            self._snapshots.drop(day)

    def _remember(self, first: int) -> None:
        """Keep the last state before the newest day for glimpses if it is about to be dropped."""
        last = self._snapshots.latest(self.newest)
        if last is not None and last >= first:
            self._before = last, self._snapshots.get(last)

    def _score(self, engine: DetectionEngine, day: int) -> DayResult:
        batch = self.days.load(day)
        if batch is None:
            # its organisations moved to other shards, or never belonged to this one
            self._meters.pop(day, None)
            self.events.pop(day, None)
            self._notes = None
            return DayResult(day, (), 0, 0, {}, np.zeros(BINS, np.int64))
        scored = engine.observe(batch, day)
        meter = CoverageMeter()
        meter.observe(batch)
        accounts = engine.behaviour.accounts_of(batch.vocabularies["org_uid"])
        active = len(distinct(scored.groups.day.actor))
        grown = GrownDay(scored.candidates, scored.p, meter, len(batch), active, accounts)
        return self._note(day, grown)

    def _score_newest(self, day: int, before: State | None) -> DayResult:
        """Score the newest day, given the state before it; nothing is learnt."""
        grown = self._growing.score(day, before) if self.days.fetch(day) else None
        if grown is None:
            return self._score(self._make_engine(before), day)
        return self._note(day, grown)

    def _make_engine(self, known: State | None) -> DetectionEngine:
        engine = DetectionEngine(self._ranker, self._rules)
        if known is not None:
            engine.restore(known)
        return engine

    def _note(self, day: int, grown: GrownDay) -> DayResult:
        self._meters[day], self._notes = grown.meter, None
        self.events[day] = grown.events
        self.late.discard(day)
        return DayResult(
            day, grown.candidates, grown.events, grown.accounts, grown.tenants, _histogram(grown.p)
        )


def _histogram(values: Floats) -> Times:
    """Return the number of p-values by bin, for patterns that matched; others have a p-value of 1."""
    p = values[values < 1.0]
    return np.asarray(np.bincount((p * BINS).astype(np.int64), minlength=BINS), np.int64)
