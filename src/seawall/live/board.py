"""What stands on the desk: the candidates of the last weeks as columns, the answers, and what the budget makes of them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seawall.incidents.answers.applying import Effects, effects
from seawall.incidents.answers.columns import Columns
from seawall.incidents.answers.regrouping import Rows, cases, chosen, id_of
from seawall.incidents.candidates import Candidate
from seawall.incidents.decision import LEAST_SCORE
from seawall.incidents.group import allowed
from seawall.live.answering import contained, kept_answers, teaching
from seawall.live.budget import budget_of
from seawall.live.candidates import unpacked
from seawall.live.ruling import CANDIDATE_DAYS, DAY, RULED_DAYS
from seawall.schema.answers import Answered
from seawall.schema.batches import Floats
from seawall.store.database import Database, Work
from seawall.store.database.feedback import Feedback


@dataclass(frozen=True)
class Ruled:
    """The cases that the candidates make with some answers, worst first, and those that the budget lets through."""

    effects: Effects
    scores: Floats
    cases: list[Rows]
    chosen: list[Rows]


@dataclass(frozen=True)
class Board:
    """One state of the store. Days count from the epoch; `budget` is incidents a day, None for the default by size."""

    columns: Columns
    first_day: int
    last_day: int
    accounts: Mapping[str, int]
    budget: float | None
    answers: tuple[Answered, ...]
    kept: tuple[Feedback, ...]

    @property
    def since(self) -> int:
        """The first day that the budget is spent on."""
        return self.last_day - RULED_DAYS + 1

    @property
    def as_of(self) -> int:
        """The end of the last scored day, in microseconds since the epoch."""
        return (self.last_day + 1) * DAY

    def of_day(self, day: int) -> Sequence[Candidate]:
        """Return the candidates of a day, in the order in which they are kept."""
        start, end = self.places.get(day, (0, 0))
        return self.columns.candidates[start:end]

    @cached_property
    def places(self) -> dict[int, tuple[int, int]]:
        """Where the candidates of each day begin and end."""
        found: dict[int, tuple[int, int]] = {}
        for row, candidate in enumerate(self.columns.candidates):
            found[candidate.day] = (found.get(candidate.day, (row, 0))[0], row + 1)
        return found

    def limits(self, budget: float | None) -> dict[str, int]:
        """Return how many incidents of each organisation a budget allows over the span."""
        days = min(self.last_day - self.first_day + 1, RULED_DAYS)
        return {
            tenant: allowed(budget, self.accounts.get(tenant, 0), days) for tenant in self.columns.of_tenant
        }

    def ruled(self, answers: Sequence[Answered]) -> Ruled:
        """Return what the budget makes of the candidates with some answers."""
        changed = effects(self.columns, answers, self.as_of)
        scores = self.columns.scores + changed.change
        found = cases(self.columns, scores, changed.raising)
        return Ruled(changed, scores, found, self.let_through(found, changed, self.budget))

    def let_through(self, found: Sequence[Rows], changed: Effects, budget: float | None) -> list[Rows]:
        """Return the cases that a budget lets through, as answers changed them."""
        return chosen(
            self.columns,
            found,
            self.limits(budget),
            changed.change,
            since=self.since,
            is_sparing=budget is None,
            raising=changed.raising,
        )

    def is_shown(self, case: Rows) -> bool:
        """Say whether a case is an incident at all: of the last 30 days, and with anything new in it."""
        return case.score >= LEAST_SCORE and self.columns.candidates[case.top].day >= self.since

    @cached_property
    def now(self) -> Ruled:
        """What is raised as things stand."""
        return self.ruled(self.answers)

    @cached_property
    def untaught(self) -> Ruled:
        """What would be raised had nobody answered."""
        return self.ruled(())

    @cached_property
    def by_id(self) -> dict[str, Rows]:
        """The incidents as things stand, by id."""
        return {id_of(self.columns, case): case for case in self.now.cases if self.is_shown(case)}

    @cached_property
    def case_of(self) -> dict[int, Rows]:
        """The case, as things stand, that each row lies in the window of."""
        return {row: case for case in self.now.cases for row in case.near}


@dataclass(slots=True)
class Boards:
    """Makes boards of a database. What did not change since the last one is not read again."""

    database: Database
    configured: float | None = None
    _days: dict[int, tuple[str, Columns]] = field(default_factory=dict)
    _last: tuple[tuple[Any, ...], Board] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def board(self, *, at: int) -> Board:
        """Return the board of what is kept now. `at` is the time, in microseconds: from when on answers still cover."""
        with self._lock, self.database.reading() as work:
            days, last, marks = _marks(work)
            budget = budget_of(work, self.configured)
            key = (
                work.incidents.revision(),
                work.answers.mark(),
                work.containments.mark(),
                budget,
                last,
                tuple(sorted(marks.items())),
                at // DAY,
            )
            if self._last is None or self._last[0] != key:
                self._last = (key, self._read(work, marks, days, budget, at))
            return self._last[1]

    def warm(self, *, at: int, is_over: Callable[[], bool]) -> None:
        """Read ahead what the first board needs, a day at a time; a board that is asked for meanwhile waits for no more.

        Ends early where `is_over`, which is asked before each day and may take its time.
        """
        with self.database.reading() as work:
            _, _, marks = _marks(work)
        for day in sorted(marks, reverse=True):
            if is_over():
                return
            with self._lock, self.database.reading() as work:
                if day not in self._days:
                    self._read_day(work, day, marks[day])
        if not is_over():
            _ = self.board(at=at).by_id

    def _read_day(self, work: Work, day: int, mark: str) -> None:
        contents = work.candidates.since(day, day + 1).get(day, [])
        self._days[day] = (mark, Columns([unpacked(one) for one in contents]).lean())

    def _read(
        self, work: Work, marks: Mapping[int, str], days: Mapping[int, Any], budget: float | None, at: int
    ) -> Board:
        for day in [day for day in self._days if day not in marks]:
            del self._days[day]
        changed = [day for day, mark in marks.items() if self._days.get(day, ("",))[0] != mark]
        for day in sorted(changed):
            self._read_day(work, day, marks[day])
        last = max((*days, *marks), default=0)
        kept = kept_answers(work, at=at)
        return Board(
            Columns.joined([columns for _, (_, columns) in sorted(self._days.items())]),
            min(days, default=last),
            last,
            dict(days[last].get("tenants", {})) if last in days else {},
            budget,
            (*contained(work, at=at), *teaching(kept, work.aliases.all())),
            tuple(kept),
        )


def _marks(work: Work) -> tuple[dict[int, Any], int, dict[int, str]]:
    """Return the scored days, the last day, and what tells whether a day's candidates are still the same."""
    days = work.days.since(0)
    counts = work.candidates.counts()
    last = max((*days, *counts), default=0)
    return (
        days,
        last,
        {
            day: _mark(days.get(day), count)
            for day, count in counts.items()
            if last - CANDIDATE_DAYS < day <= last
        },
    )


def _mark(document: Any, count: int) -> str:
    text = json.dumps([document, count], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
