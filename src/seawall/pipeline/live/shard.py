"""Detection of what arrives for some organisations: days are scored as a scan would, again where something came late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.ranker import Ranker
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Times
from seawall.events.grouping import distinct
from seawall.pipeline.live.days import ShardDays
from seawall.pipeline.live.ruling import CANDIDATE_DAYS
from seawall.pipeline.live.snapshots import Snapshots, ladder

SETTLED = 2
"""Days back from the last day from which on snapshots are kept in the database."""

BINS = 20
"""Parts of equal width that p-values are counted in."""

_LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class DayResult:
    """What one day of a shard showed.

    `candidates` as a scan keeps them; `events` after copies and twins were merged, 0 where nothing is of this shard any more;
    `accounts` that were active; `tenants`: accounts of each organisation that were active until then;
    `p_histogram` int64 (20,): how many p-values of patterns that spoke lie in each twentieth of 0 to 1.
    """

    day: int
    candidates: tuple[ScoredCandidate, ...]
    events: int
    accounts: int
    tenants: Mapping[str, int]
    p_histogram: Times


class Shard:
    """The organisations of one shard. What it knows is a state; days that are not at hand it reads from the lake.

    `dirty` are the days that are to be scored (again), `events` how many each scored day has, `late` the days for which
    something came when they could no longer be scored. While `keeps_coverage`, what is known of the coverage of old days is
    not forgotten, and notes speak of all of it: a first import is judged over its whole span. The same holds for days from
    `scored_from` on: those that were scored last.
    """

    def __init__(
        self, days: ShardDays, ranker: Ranker | None, folder: Path, rules: RuleSet | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.days, self._ranker, self._rules = days, ranker, rules
        self._snapshots = Snapshots(folder)
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

    @property
    def newest(self) -> int:
        """The last day that anything came for; -1 before the first."""
        return max(self.days.known, default=-1)

    @property
    def newest_meter(self) -> int:
        """The last day that was scored, -1 before the first."""
        return max(self._meters, default=-1)

    @property
    def burden(self) -> int:
        """How many records are to be scored (again): those of all days from the first dirty one on."""
        first = min(self.dirty, default=None)
        days = (day for day in self.days.known if first is not None and day >= first)
        return sum(max(self.days.rows(day), self.events.get(day, 0)) for day in days)

    def mark(self, days: set[int]) -> None:
        """Say that the lake may have events of these days that were not scored."""
        self.days.known |= days
        self.dirty |= days
        self._unread |= days

    def catch_up(self) -> None:
        """Read what the lake has of marked days."""
        for day in sorted(self._unread):
            self.days.fetch(day)
        self._unread.clear()

    def give(self, code: int, to: Shard) -> None:
        """An organisation is of another shard now, or another one of this: its days are to be scored again."""
        days = self.days.days_of(code)
        self.dirty |= days
        to.dirty |= days
        if to is not self:
            self.days.give(code, days)
            to.days.receive(code, days)
            for day in days:  # how many of them are still there is not known
                self.events.pop(day, None)

    def relearn(self, days: set[int]) -> None:
        """Say that records of these days mean other accounts than they did; have them scored again, as far as that can be.

        What was learnt from them is forgotten at once, so that no stop can keep it.
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
        """Bring all days up to date, from the first dirty one on. `deadline` may stop it after a day.

        Days that are not up to date then stay dirty, and the results of earlier scorings stand for them.
        """
        self.catch_up()
        start = self._start()
        return self._run(start, deadline) if self.dirty else {}

    def glimpse(self) -> DayResult | None:
        """Score the newest day alone, although days before it wait; None where what was known before it is not at hand.

        Its result is what is known as long as those days wait: from their first on it is made anew by `score`, which no
        glimpse changes. The newest day stays dirty.
        """
        newest = self.newest
        known = self._find_state_before(newest)
        if known is None or newest not in self.dirty or newest in self._unread:
            return None
        engine = DetectionEngine(self._ranker, self._rules)
        engine.restore(known)
        return self._score(engine, newest)

    def fresh_states(self) -> tuple[dict[str, State], tuple[str, ...]]:
        """Return the states of settled days that are not kept yet, and the names of those to forget.

        Those of the last days are not kept: they are made again with every late event, and quickly after a stop.
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
        """Return the names of kept states that hold no more, with nothing in their place: days are scored again then."""
        gone = self._stored & self._stale | self._stored - self._settle()
        self._stored, self._stale = self._stored - gone, set()
        return tuple(f"engine/{day}" for day in sorted(gone))

    def forgotten(self) -> list[int]:
        """Forget what is no longer asked of the coverage of old days; return the days."""
        gone = [day for day in self._meters if not self._is_spoken_of(day, self.newest_meter)]
        for day in gone:
            del self._meters[day]
        return gone

    def scored_since(self, days: Iterable[int]) -> None:
        """Know which days were scored last."""
        self.scored_from = min(days, default=_LATEST)

    def _is_spoken_of(self, day: int, newest: int) -> bool:
        """Whether notes speak of the coverage of a day."""
        return self.keeps_coverage or day > newest - CANDIDATE_DAYS or day >= self.scored_from

    @property
    def coverage_from(self) -> int | None:
        """The first day whose coverage is known, None where none is."""
        return min(self._meters, default=None)

    def meter(self, day: int) -> State:
        """Return what is known of a scored day's coverage, as plain arrays."""
        return self._meters[day].state()

    def notes(self, newest: int) -> list[CoverageNote]:
        """Return what the logs of the 44 days up to the newest cannot show, and of what else is kept for longer."""
        key = newest, self.keeps_coverage, self.scored_from
        if self._notes is None or self._notes[0] != key:
            whole = CoverageMeter()
            for day in sorted(self._meters):
                if self._is_spoken_of(day, newest):
                    whole.add(self._meters[day])
            self._notes = key, whole.notes()
        return self._notes[1]

    def state(self) -> dict[str, State]:
        """Return all that is known, as plain arrays by name: `days`, `engine/<day>`, `meter/<day>`."""
        return {
            "days": self.days.state(),
            **{f"engine/{day}": self._snapshots.get(day) for day in self._snapshots.days()},
            **{f"meter/{day}": meter.state() for day, meter in self._meters.items()},
        }

    def restore(self, states: Mapping[str, State], days: set[int], present: set[int]) -> None:
        """Know what was kept, and nothing else; days after the last snapshot are dirty. Raises `StateInvalid`.

        `present` are the days of which the lake has anything.
        """
        self.dirty, self._unread, self._meters = set(), set(), {}
        self._snapshots.clear()
        self._before = self._notes = None
        self.days.restore(states.get("days", {"organisations": np.zeros((0, 2), np.int64)}), days)
        for name in sorted(states):
            kind, _, day = name.partition("/")
            if kind == "engine":
                # What is damaged is refused now, not when it is needed.
                DetectionEngine(self._ranker, self._rules).restore(states[name])
                self._snapshots.put(int(day), states[name])
            elif kind == "meter":
                self._meters[int(day)] = CoverageMeter()
                self._meters[int(day)].restore(RestoredState(states[name]))
        self._stored, self._stale = set(self._snapshots.days()), set()
        last = max(self._stored, default=-1)
        # What was kept of later days is in codes that may not have been.
        self._meters = {day: meter for day, meter in self._meters.items() if day <= last}
        later = {day for day in days if day > last} & present
        # Whose their events are is seen anew when they are read.
        self.events = {day: count for day, count in self.events.items() if day not in later}
        self.mark(later)

    def _settle(self) -> set[int]:
        return {day for day in self._snapshots.days() if day <= self.newest - SETTLED}

    def _find_state_before(self, day: int) -> State | None:
        """Return the state after the last day before a day, be it that something came late for days before."""
        last = max((other for other in self.days.known if other < day), default=None)
        if last in self._snapshots.days():
            return self._snapshots.get(last)
        return self._before[1] if self._before is not None and self._before[0] == last else None

    def _start(self) -> int | None:
        """Return the day of the snapshot to begin after, None for before everything; dirty days before are late."""
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
        """Return the last day that cannot be scored again if the days from `first` on are to be; None where all can."""
        start = self._snapshots.latest(first)
        todo = [day for day in self.days.known if start is None or day > start]
        there = self.days.available(todo)
        lost = [day for day in todo if there.get(day, 0) < self.events.get(day, 0)]
        if not lost:
            return None
        # What was learnt of a day that is gone is known to the snapshots after it alone.
        return min((day for day in self._snapshots.days() if day >= max(lost)), default=max(lost))

    def _run(self, start: int | None, deadline: Callable[[], bool] | None) -> dict[int, DayResult]:
        """Score days in order; return results from the first dirty day on."""
        first = min(self.dirty)
        engine = DetectionEngine(self._ranker, self._rules)
        if start is not None:
            engine.restore(self._snapshots.get(start))
        self._remember(first)
        self._forget_from(first)
        results: dict[int, DayResult] = {}
        todo = [day for day in sorted(self.days.known) if start is None or day > start]
        newest = todo[-1]
        wanted = ladder({*self._snapshots.days(), *todo[:-1]}, newest)
        for place, day in enumerate(todo):
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
        """Forget what was known after a day and all later ones."""
        self._stale |= {day for day in self._stored if day >= first}
        self._drop(day for day in self._snapshots.days() if day >= first)

    def _drop(self, days: Iterable[int]) -> None:
        for day in sorted(days):
            self._snapshots.drop(day)

    def _remember(self, first: int) -> None:
        """Keep the last state before the newest day for glimpses, where it is about to be dropped."""
        last = self._snapshots.latest(self.newest)
        if last is not None and last >= first:
            self._before = last, self._snapshots.get(last)

    def _score(self, engine: DetectionEngine, day: int) -> DayResult:
        batch = self.days.load(day)
        if batch is None:
            # Its organisations are of other shards now, or never were of this one.
            self._meters.pop(day, None)
            self.events.pop(day, None)
            self._notes = None
            return DayResult(day, (), 0, 0, {}, np.zeros(BINS, np.int64))
        scored = engine.observe(batch, day)
        meter = self._meters[day] = CoverageMeter()
        meter.observe(batch)
        self._notes = None
        self.events[day] = len(batch)
        self.late.discard(day)
        return DayResult(
            day,
            scored.kept,
            len(batch),
            len(distinct(scored.groups.day.actor)),
            engine.behaviour.accounts_of(batch.vocabularies["org_uid"]),
            _histogram(scored),
        )


def _histogram(scored: ScoredDay) -> Times:
    """Count the p-values of patterns that spoke; one that did not has a p-value of 1."""
    p = scored.p[scored.p < 1.0]
    return np.asarray(np.bincount((p * BINS).astype(np.int64), minlength=BINS), np.int64)
