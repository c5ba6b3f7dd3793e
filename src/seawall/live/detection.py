"""Detection of what arrives: days are scored as a scan would score them, again where something came late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from seawall.incidents.candidates import Candidate
from seawall.incidents.coverage import CoverageMeter
from seawall.incidents.engine import Engine, Scored
from seawall.incidents.ranker import load
from seawall.live.days import Days
from seawall.live.ruling import CANDIDATE_DAYS
from seawall.schema.batches import Times
from seawall.schema.coverage import CoverageNote
from seawall.schema.ordering import distinct
from seawall.schema.state import Saved, State
from seawall.store.lake import Lake

LADDER = (1, 2, 3, 4, 7, 14, 30)
"""Days back from the last day for which a snapshot is kept, or the nearest older one."""

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
    """What one scoring changed: the days that were scored (again), and the states to keep and to drop.

    `notes` say what the logs of the last 44 days cannot show, all of them. `scored_until` is the last day up to which
    results are up to date, None when there is none.
    """

    days: dict[int, DayResult] = field(default_factory=dict)
    dropped_snapshots: tuple[str, ...] = ()
    kept_snapshots: dict[str, State] = field(default_factory=dict)
    notes: list[CoverageNote] = field(default_factory=list)
    scored_until: int | None = None


class Detection:
    """Scores days as their events arrive. What it knows is a state; days that it does not hold it reads from the lake.

    The same events give the same results, in whatever order, batches and number of copies they were taken, with any
    number of stops between.
    """

    def __init__(self, lake: Lake, *, learnt: bool = True) -> None:
        self._ranker = load() if learnt else None
        self._days = Days(lake)
        self._dirty: set[int] = set()
        self._uncoded: set[int] = set()
        self._snapshots: dict[int, State] = {}
        self._meters: dict[int, CoverageMeter] = {}
        self._events: dict[int, int] = {}
        self._late: dict[int, CoverageNote] = {}

    @property
    def dirty(self) -> frozenset[int]:
        """The days that are to be scored (again)."""
        return frozenset(self._dirty)

    def take(self, events: pa.Table) -> frozenset[int]:
        """Take enriched events that the lake holds already; return the days that they are of."""
        days = self._days.take(events)
        self._dirty |= days
        return days

    def mark(self, days: Iterable[int]) -> None:
        """Say that the lake has events of these days that were not scored."""
        days = set(days)
        self._dirty |= days
        self._uncoded |= days

    def score(self, deadline: Callable[[], bool] | None = None) -> Scoring:
        """Bring all days up to date, from the first that something came for. `deadline` may stop it after a day.

        Days that are not up to date then stay dirty, and the results of earlier scorings stand for them.
        """
        self._days.know(sorted(self._uncoded))
        self._uncoded.clear()
        self._dirty |= self._days.moved()
        if not self._dirty:
            return Scoring(notes=self._notes(), scored_until=self._until())
        before, first = set(self._snapshots), min(self._dirty)
        start = max((day for day in before if day < first), default=None)
        engine = Engine(self._ranker)
        if start is not None:
            engine.restore(self._snapshots[start])
        self._snapshots = {day: state for day, state in self._snapshots.items() if day < first}
        todo = [day for day in sorted(self._days.rows) if start is None or day > start]
        results, kept = self._run(engine, todo, first, deadline)
        changed = {f"engine/{day}": self._snapshots[day] for day in kept & self._snapshots.keys()}
        changed |= {f"meter/{day}": self._meters[day].state() for day in results}
        changed |= {"coder": self._days.state(), "ledger": self.ledger()}
        gone = tuple(f"engine/{day}" for day in sorted(before - self._snapshots.keys()))
        return Scoring(results, gone, changed, self._notes(), self._until())

    def _run(
        self, engine: Engine, todo: list[int], first: int, deadline: Callable[[], bool] | None
    ) -> tuple[dict[int, DayResult], set[int]]:
        """Score days in order; return the results from the first on, and the days after which there is a snapshot."""
        results: dict[int, DayResult] = {}
        kept: set[int] = set()
        newest = todo[-1]
        wanted = _ladder({*self._snapshots, *todo[:-1]}, newest)
        for place, day in enumerate(todo):
            result = self._scored(engine, day)
            if day >= first and result is not None:
                results[day] = result
                self._dirty = set(todo[place + 1 :])
            is_over = bool(results) and day < newest and deadline is not None and deadline()
            if day in wanted or is_over:
                self._snapshots[day] = engine.state()
                kept.add(day)
            if is_over:
                break
        stay = _ladder(set(self._snapshots), newest)
        self._snapshots = {day: state for day, state in self._snapshots.items() if day in stay}
        return results, kept

    def ledger(self) -> State:
        """Return how many records each day had, which every batch changes: keep it, as `ledger`, with the checkpoint."""
        return {
            "rows": np.array(sorted(self._days.rows.items()), np.int64).reshape(-1, 2),
            "events": np.array(sorted(self._events.items()), np.int64).reshape(-1, 2),
        }

    def state(self) -> dict[str, State]:
        """Return all that is known, as plain arrays by name: `coder`, `ledger`, `engine/<day>`, `meter/<day>`."""
        return {
            "coder": self._days.state(),
            "ledger": self.ledger(),
            **{f"engine/{day}": state for day, state in self._snapshots.items()},
            **{f"meter/{day}": meter.state() for day, meter in self._meters.items()},
        }

    def restore(self, states: Mapping[str, State]) -> None:
        """Know what was kept, and nothing else; days after the last snapshot are dirty. Raises `StateInvalid`."""
        self._dirty, self._snapshots, self._meters, self._events = set(), {}, {}, {}
        if "coder" in states:
            self._days.restore(states["coder"])
        if "ledger" in states:
            ledger = Saved(states["ledger"])
            self._days.rows = dict(ledger.array("rows", np.int64, None, 2).tolist())
            self._events = dict(ledger.array("events", np.int64, None, 2).tolist())
        for name, state in states.items():
            kind, _, day = name.partition("/")
            if kind == "engine":
                self._snapshots[int(day)] = state
            elif kind == "meter":
                self._meters[int(day)] = CoverageMeter()
                self._meters[int(day)].restore(Saved(state))
        last = max(self._snapshots, default=-1)
        self.mark(day for day in self._days.rows if day > last)

    def _scored(self, engine: Engine, day: int) -> DayResult | None:
        batch = self._days.load(day)
        if batch is None:
            return None
        scored = engine.observe(batch, day)
        meter = self._meters[day] = CoverageMeter()
        meter.observe(batch)
        self._events[day] = len(batch)
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

    def _notes(self) -> list[CoverageNote]:
        newest = max(self._meters, default=0)
        whole = CoverageMeter()
        for day in sorted(self._meters):
            if day > newest - CANDIDATE_DAYS:
                whole.add(self._meters[day])
        return sorted(
            [*whole.notes(), *self._late.values()],
            key=lambda note: (note.tenant, note.start, note.source, note.code, note.account, note.text),
        )


def _ladder(days: set[int], newest: int) -> set[int]:
    """Return the snapshots that stay: for each step back the nearest before it, and the next that will be."""
    kept: set[int] = set()
    for back in LADDER:
        kept |= {max((day for day in days if day <= newest - back), default=newest)}
        kept |= {min((day for day in days if day >= newest - back), default=newest)}
    return kept & days


def _histogram(scored: Scored) -> Times:
    """Count the p-values of patterns that spoke; one that did not has a p-value of 1."""
    p = scored.p[scored.p < 1.0]
    return np.asarray(np.bincount((p * BINS).astype(np.int64), minlength=BINS), np.int64)
