"""Detection of what arrives: days are scored as a scan would score them, again where something came late."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.incidents.candidates import Candidate
from seawall.incidents.coverage import CoverageMeter
from seawall.incidents.engine import Engine, Scored
from seawall.incidents.ranker import load
from seawall.live.days import DAY, EPOCH, Days
from seawall.live.ruling import CANDIDATE_DAYS
from seawall.live.snapshots import Snapshots, ladder
from seawall.schema.batches import Times
from seawall.schema.coverage import CoverageNote
from seawall.schema.ordering import distinct
from seawall.schema.state import Saved, State
from seawall.store.lake import Lake

SETTLED = 2
"""Days back from the last day from which on snapshots are kept in the database."""

BINS = 20
"""Parts of equal width that p-values are counted in."""


@dataclass(frozen=True, slots=True)
class DayResult:
    """What one day showed.

    `candidates` as a scan keeps them; `events` after copies and twins were merged, `duplicates` the other records;
    `accounts` that were active; `tenants`: accounts of each organisation that were active until then;
    `p_histogram` int64 (20,): how many p-values of patterns that spoke lie in each twentieth of 0 to 1.
    """

    day: int
    candidates: tuple[Candidate, ...]
    events: int
    duplicates: int
    accounts: int
    tenants: Mapping[str, int]
    p_histogram: Times


@dataclass(frozen=True, slots=True)
class Scoring:
    """What one scoring changed: the days that were scored (again), and the states to keep and to forget, by name.

    `done` are the days that no longer wait; among them are those that come too late to be scored.
    `notes` say what the logs of the last 44 days cannot show, all of them. `scored_until` is the last day up to which
    results are up to date, None when there is none.
    """

    days: dict[int, DayResult] = field(default_factory=dict)
    done: frozenset[int] = frozenset()
    dropped_snapshots: tuple[str, ...] = ()
    kept_snapshots: dict[str, State] = field(default_factory=dict)
    notes: list[CoverageNote] = field(default_factory=list)
    scored_until: int | None = None


class Detection:
    """Scores days as their events arrive. What it knows is a state; days that are not at hand it reads from the lake.

    The same events give the same results, in whatever order, batches and number of copies they were taken, with any
    number of stops between. Where an event comes for a day that cannot be scored again, since the lake no longer
    holds the days around it, it is kept and a note of code `late` says so.
    """

    def __init__(self, lake: Lake, *, learnt: bool = True, scratch: Path | None = None) -> None:
        """`scratch` is a folder for files of this process alone: it is emptied. By default the system gives one."""
        self._ranker = load() if learnt else None
        self._folder = _Scratch(scratch)
        self._days = Days(lake, self._folder.inner("days"))
        self._snapshots = Snapshots(self._folder.inner("states"))
        self._dirty: set[int] = set()
        self._unread: set[int] = set()
        self._meters: dict[int, CoverageMeter] = {}
        self._events: dict[int, int] = {}
        self._late: set[int] = set()
        self._stored: set[int] = set()
        self._before: tuple[int, State] | None = None

    def close(self) -> None:
        """Remove what was written for this process alone."""
        self._folder.close()

    @property
    def dirty(self) -> frozenset[int]:
        """The days that are to be scored (again)."""
        return frozenset(self._dirty)

    @property
    def newest(self) -> tuple[int, int]:
        """The last day that anything came for and how many records of it came; -1 and 0 before the first."""
        day = max(self._days.rows, default=-1)
        return day, self._days.rows.get(day, 0)

    def take(self, events: pa.Table) -> frozenset[int]:
        """Take enriched events that the lake holds already; return the days that they are of."""
        days = self._days.take(events)
        self._dirty |= days
        return days

    def mark(self, days: Iterable[int]) -> None:
        """Say that the lake has events of these days that were not scored."""
        days = set(days)
        for day in days:
            self._days.rows.setdefault(day, 0)
        self._dirty |= days
        self._unread |= days

    def score(self, deadline: Callable[[], bool] | None = None) -> Scoring:
        """Bring all days up to date, from the first that something came for. `deadline` may stop it after a day.

        Days that are not up to date then stay dirty, and the results of earlier scorings stand for them. Where it raises,
        all of them are dirty again.
        """
        for day in sorted(self._unread):
            self._days.fetch(day)
        self._unread.clear()
        self._dirty |= self._days.moved()
        waiting = self.dirty
        try:
            start = self._start()
            if not self._dirty:
                kept = {"ledger": self.ledger()} if waiting else {}
                return Scoring(
                    done=waiting, kept_snapshots=kept, notes=self._notes(), scored_until=self._until()
                )
            results, again = self._run(start, deadline)
            states, gone = self._changed(results, again)
        except BaseException:
            self._dirty |= waiting
            raise
        return Scoring(results, waiting - self._dirty, gone, states, self._notes(), self._until())

    def glimpse(self) -> Scoring | None:
        """Score the newest day alone, although days before it wait; None where what was known before it is not at hand.

        Its result is what is known as long as those days wait: from their first on it is made anew by `score`, which no
        glimpse changes. The newest day stays dirty.
        """
        newest, _ = self.newest
        known = self._known_before(newest)
        if known is None or newest not in self._dirty or newest in self._unread:
            return None
        engine = Engine(self._ranker)
        engine.restore(known)
        result = self._scored(engine, newest)
        if result is None:
            return None
        states = {f"meter/{newest}": self._meters[newest].state(), "ledger": self.ledger()}
        return Scoring({newest: result}, frozenset(), (), states, self._notes(), self._until())

    def _known_before(self, day: int) -> State | None:
        """Return the state after the last day before a day, be it that something came late for days before."""
        last = max((other for other in self._days.rows if other < day), default=None)
        if last in self._snapshots.days():
            return self._snapshots.get(last)
        return self._before[1] if self._before is not None and self._before[0] == last else None

    def _changed(
        self, results: Mapping[int, DayResult], again: set[int]
    ) -> tuple[dict[str, State], tuple[str, ...]]:
        """Return the states to keep and the names of those to forget; `again` are days with a new snapshot.

        The snapshots of the last days are not kept: they are made again with every late event, and quickly after a stop.
        """
        newest = max(self._days.rows)
        settled = {day for day in self._snapshots.days() if day <= newest - SETTLED}
        fresh = settled - (self._stored - again)
        states = {f"engine/{day}": self._snapshots.get(day) for day in sorted(fresh)}
        if fresh:
            states["coder"] = self._days.state()
        states |= {f"meter/{day}": self._meters[day].state() for day in results}
        states["ledger"] = self.ledger()
        gone = [f"engine/{day}" for day in sorted(self._stored - settled)]
        gone += [f"meter/{day}" for day in self._forgotten()]
        self._stored = settled
        return states, tuple(gone)

    def _start(self) -> int | None:
        """Return the day of the snapshot to begin after, None for before everything; dirty days before are late."""
        if not self._dirty:
            return None
        start = self._snapshots.latest(min(self._dirty))
        todo = [day for day in self._days.rows if start is None or day > start]
        there = self._days.available(todo)
        lost = [day for day in todo if there.get(day, 0) < self._events.get(day, 0)]
        if not lost:
            return start
        # What was learnt of a day that is gone is known to the snapshots after it alone.
        start = min((day for day in self._snapshots.days() if day >= max(lost)), default=max(lost))
        late = {day for day in self._dirty if day <= start}
        self._late |= late
        self._dirty -= late
        return self._snapshots.latest(min(self._dirty)) if self._dirty else None

    def _run(
        self, start: int | None, deadline: Callable[[], bool] | None
    ) -> tuple[dict[int, DayResult], set[int]]:
        """Score days in order; return results from the first dirty day on, and the days that have a new snapshot."""
        first = min(self._dirty)
        engine = Engine(self._ranker)
        if start is not None:
            engine.restore(self._snapshots.get(start))
        self._remember(first)
        for day in self._snapshots.days():
            if day >= first:
                self._snapshots.drop(day)
        results: dict[int, DayResult] = {}
        again: set[int] = set()
        todo = [day for day in sorted(self._days.rows) if start is None or day > start]
        newest = todo[-1]
        wanted = ladder({*self._snapshots.days(), *todo[:-1]}, newest)
        for place, day in enumerate(todo):
            result = self._scored(engine, day)
            if day >= first:
                self._dirty = set(todo[place + 1 :])
            if day >= first and result is not None:
                results[day] = result
            is_over = day >= first and day < newest and deadline is not None and deadline()
            if day in wanted or is_over:
                self._snapshots.put(day, engine.state())
                again.add(day)
            if is_over:
                break
        for day in self._snapshots.days() - ladder(self._snapshots.days(), newest):
            self._snapshots.drop(day)
        return results, again

    def _remember(self, first: int) -> None:
        """Keep the last state before the newest day for glimpses, where it is about to be dropped."""
        last = self._snapshots.latest(self.newest[0])
        if last is not None and last >= first:
            self._before = last, self._snapshots.get(last)

    def ledger(self) -> State:
        """Return what changes with every batch that is taken: keep it, as `ledger`, together with the checkpoint."""
        return {
            "rows": np.array(sorted(self._days.rows.items()), np.int64).reshape(-1, 2),
            "events": np.array(sorted(self._events.items()), np.int64).reshape(-1, 2),
            "late": np.array(sorted(self._late), np.int64),
        }

    def state(self) -> dict[str, State]:
        """Return all that is known, as plain arrays by name: `coder`, `ledger`, `engine/<day>`, `meter/<day>`."""
        return {
            "coder": self._days.state(),
            "ledger": self.ledger(),
            **{f"engine/{day}": self._snapshots.get(day) for day in self._snapshots.days()},
            **{f"meter/{day}": meter.state() for day, meter in self._meters.items()},
        }

    def restore(self, states: Mapping[str, State]) -> None:
        """Know what was kept, and nothing else; days after the last snapshot are dirty. Raises `StateInvalid`."""
        self._dirty, self._unread, self._meters, self._events, self._late = set(), set(), {}, {}, set()
        self._snapshots.clear()
        self._before = None
        if "coder" in states:
            self._days.restore(states["coder"])
        if "ledger" in states:
            ledger = Saved(states["ledger"])
            self._days.rows = dict(ledger.array("rows", np.int64, None, 2).tolist())
            self._events = dict(ledger.array("events", np.int64, None, 2).tolist())
            self._late = set(ledger.array("late", np.int64, None).tolist())
        for name in sorted(states):
            kind, _, day = name.partition("/")
            if kind == "engine":
                Engine(self._ranker).restore(
                    states[name]
                )  # what is damaged is refused now, not when it is needed
                self._snapshots.put(int(day), states[name])
            elif kind == "meter":
                self._meters[int(day)] = CoverageMeter()
                self._meters[int(day)].restore(Saved(states[name]))
        self._stored = set(self._snapshots.days())
        last = max(self._stored, default=-1)
        # What was kept of later days is in codes that may not have been.
        self._meters = {day: meter for day, meter in self._meters.items() if day <= last}
        self.mark(day for day in self._days.rows if day > last)

    def _scored(self, engine: Engine, day: int) -> DayResult | None:
        batch = self._days.load(day)
        if batch is None:
            return None
        scored = engine.observe(batch, day)
        meter = self._meters[day] = CoverageMeter()
        meter.observe(batch)
        self._events[day] = len(batch)
        self._late.discard(day)
        return DayResult(
            day,
            scored.kept,
            len(batch),
            max(self._days.rows[day] - len(batch), 0),
            len(distinct(scored.groups.day.actor)),
            engine.behaviour.accounts_of(batch.vocabularies["org_uid"]),
            _histogram(scored),
        )

    def _until(self) -> int | None:
        return max((day for day in self._events if not self._dirty or day < min(self._dirty)), default=None)

    def _forgotten(self) -> list[int]:
        """Forget what is no longer asked of the coverage of old days; return the days."""
        gone = [day for day in self._meters if day <= max(self._meters) - CANDIDATE_DAYS]
        for day in gone:
            del self._meters[day]
        return gone

    def _notes(self) -> list[CoverageNote]:
        newest = max(self._meters, default=0)
        whole = CoverageMeter()
        for day in sorted(self._meters):
            if day > newest - CANDIDATE_DAYS:
                whole.add(self._meters[day])
        late = [
            CoverageNote(
                "", "all", "late", day * DAY, (day + 1) * DAY,
                f"Events of {EPOCH + timedelta(days=day)} came when that day could no longer be scored: they are kept, "
                "and were not looked at.",
            )
            for day in self._late
        ]  # fmt: skip
        return sorted(
            [*whole.notes(), *late],
            key=lambda note: (note.tenant, note.start, note.source, note.code, note.account, note.text),
        )


class _Scratch:
    """A folder for files of this process alone; one that the system gave goes when nobody needs it any more."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(tempfile.mkdtemp(prefix="seawall-"))
        self.close: Callable[[], object] = self._emptied
        if folder is None:
            self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def inner(self, name: str) -> Path:
        """Return an empty folder in it."""
        inner = self._folder / name
        shutil.rmtree(inner, ignore_errors=True)
        inner.mkdir(mode=0o700, parents=True)
        return inner

    def _emptied(self) -> None:
        for inner in self._folder.iterdir():
            shutil.rmtree(inner, ignore_errors=True)


def _histogram(scored: Scored) -> Times:
    """Count the p-values of patterns that spoke; one that did not has a p-value of 1."""
    p = scored.p[scored.p < 1.0]
    return np.asarray(np.bincount((p * BINS).astype(np.int64), minlength=BINS), np.int64)
