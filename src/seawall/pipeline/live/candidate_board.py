"""Recent candidates as columns, the answers, and the incidents that result under a budget: the basis of what-if questions."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seawall.detection.feedback.applying import FeedbackEffects, compute_effects
from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.regrouping import CaseRows, cases, id_of, select_cases
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incidents.alert_budget import (
    LEAST_SCORE,
    compute_incident_limit,
    find_threshold,
)
from seawall.events.coded_batch import Floats
from seawall.pipeline.live.budget import budget_of, least_score_of
from seawall.pipeline.live.budget_ranking import DAY, LiveWindow, live_window
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.pipeline.live.history import window_of
from seawall.pipeline.live.standing_feedback import find_containments, load_feedback, teaching
from seawall.storage.database import Database, Transaction
from seawall.storage.database.feedback import Feedback


@dataclass(frozen=True)
class BoardRanking:
    """The cases that the candidates form under some answers, highest score first, and those within the budget."""

    effects: FeedbackEffects
    scores: Floats
    cases: list[CaseRows]
    chosen: list[CaseRows]


@dataclass(frozen=True)
class CandidateBoard:
    """The candidates of a store at one moment. Days are days since 1970; `budget` is incidents a day, None for the default.

    `least_score` is the least score for raising, None for the one that ships.

    `windows` has the live window of organisations with a first import; `columns` hold candidates of these days alone.
    """

    columns: CandidateColumns
    first_day: int
    last_day: int
    accounts: Mapping[str, int]
    budget: float | None
    answers: tuple[FeedbackAnswer, ...]
    kept: tuple[Feedback, ...]
    windows: Mapping[str, LiveWindow] = field(default_factory=dict)
    least_score: float | None = LEAST_SCORE

    @property
    def window(self) -> LiveWindow:
        """The live window of an organisation without a first import."""
        return live_window(self.first_day, self.last_day)

    @property
    def as_of(self) -> int:
        """End of the last scored day, in microseconds since 1970."""
        return (self.last_day + 1) * DAY

    def limits(self, budget: float | None) -> dict[str, int]:
        """Return the number of incidents that a budget allows each organisation over its window."""
        return {
            tenant: compute_incident_limit(
                budget, self.accounts.get(tenant, 0), self.windows.get(tenant, self.window).days
            )
            for tenant in self.columns.of_tenant
        }

    def rank(self, answers: Sequence[FeedbackAnswer]) -> BoardRanking:
        """Return the cases under some answers, and those within the budget."""
        changed = compute_effects(self.columns, answers, self.as_of)
        scores = self.columns.scores + changed.change
        found = cases(self.columns, scores, changed.raising)
        return BoardRanking(changed, scores, found, self.let_through(found, changed, self.budget))

    def let_through(
        self, found: Sequence[CaseRows], changed: FeedbackEffects, budget: float | None
    ) -> list[CaseRows]:
        """Return the cases within a budget, given the effects of answers."""
        return select_cases(
            self.columns,
            found,
            self.limits(budget),
            changed.change,
            since=self.window.since,
            is_sparing=budget is None,
            raising=changed.raising,
            since_of={tenant: window.since for tenant, window in self.windows.items()},
            threshold=find_threshold(self.least_score, self.accounts, budget),
        )

    def is_shown(self, case: CaseRows) -> bool:
        """Return whether a case is an incident whose strongest group lies in the live window."""
        top = self.columns.candidates[case.top]
        return case.score >= LEAST_SCORE and top.day >= self.windows.get(top.tenant, self.window).since

    @cached_property
    def now(self) -> BoardRanking:
        """The cases under the present answers."""
        return self.rank(self.answers)

    @cached_property
    def untaught(self) -> BoardRanking:
        """The cases without any answer."""
        return self.rank(())

    @cached_property
    def by_id(self) -> dict[str, CaseRows]:
        """The present incidents by id."""
        return {id_of(self.columns, case): case for case in self.now.cases if self.is_shown(case)}

    @cached_property
    def case_of(self) -> dict[int, CaseRows]:
        """The present case by each row within its window."""
        return {row: case for case in self.now.cases for row in case.near}


@dataclass(slots=True)
class CandidateBoards:
    """Build boards from a database; unchanged days are read from a cache."""

    database: Database
    configured: float | None = None
    _days: dict[int, tuple[str, CandidateColumns]] = field(default_factory=dict)
    _last: tuple[tuple[Any, ...], CandidateBoard] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def board(self, *, at: int) -> CandidateBoard:
        """Return the board of the present content. `at` is the current time in microseconds: answers expired before are
        ignored.
        """
        with self._lock, self.database.reading() as work:
            state = _state(work)
            limits = budget_of(work, self.configured), least_score_of(work)
            key = (
                work.incidents.revision(),
                work.answers.mark(),
                work.containments.mark(),
                limits,
                state.last_day,
                tuple(sorted(state.marks.items())),
                tuple(sorted(state.windows.items())),
                at // DAY,
            )
            if self._last is None or self._last[0] != key:
                self._last = (key, self._read(work, state, limits, at))
            return self._last[1]

    def warm(self, *, at: int, is_over: Callable[[], bool]) -> None:
        """Read the days for the first board ahead, one at a time, so that a board requested meanwhile has less to read.

        Stops early if `is_over` returns true; it is called before each day and may block.
        """
        with self.database.reading() as work:
            state = _state(work)
        for day in sorted(state.marks, reverse=True):
            if is_over():
                return
            with self._lock, self.database.reading() as work:
                if day not in self._days:
                    self._read_day(work, day, state)
        if not is_over():
            _ = self.board(at=at).by_id

    def _read_day(self, work: Transaction, day: int, state: _State) -> None:
        found = map(unpack_candidate, work.candidates.since(day, day + 1).get(day, []))
        needed = [
            one
            for one in found
            if not one.is_follow_up and day >= state.windows.get(one.tenant, state.window).candidates_from
        ]
        self._days[day] = (state.marks[day], CandidateColumns(needed).lean())

    def _read(
        self, work: Transaction, state: _State, limits: tuple[float | None, float | None], at: int
    ) -> CandidateBoard:
        for day in [day for day in self._days if day not in state.marks]:
            del self._days[day]
        changed = [day for day, mark in state.marks.items() if self._days.get(day, ("",))[0] != mark]
        for day in sorted(changed):
            self._read_day(work, day, state)
        last, days = state.last_day, state.days
        kept = load_feedback(work, at=at)
        return CandidateBoard(
            CandidateColumns.concatenate([columns for _, (_, columns) in sorted(self._days.items())]),
            state.first_day,
            last,
            dict(days[last].get("tenants", {})) if last in days else {},
            limits[0],
            (*find_containments(work, at=at), *teaching(kept, work.aliases.all())),
            tuple(kept),
            state.windows,
            limits[1],
        )


@dataclass(frozen=True, slots=True)
class _State:
    """The inputs of a board: scored days, live windows, and marks that show which days changed."""

    days: Mapping[int, Any]
    first_day: int
    last_day: int
    windows: Mapping[str, LiveWindow]
    marks: Mapping[int, str]

    @property
    def window(self) -> LiveWindow:
        """The live window of an organisation without a first import."""
        return live_window(self.first_day, self.last_day)


def _state(work: Transaction) -> _State:
    days, counts, imports = work.days.since(0), work.candidates.counts(), work.first_imports.all()
    last = max((*days, *counts), default=0)
    first = min(days, default=last)
    windows = {one.tenant: window_of(one, first, last) for one in imports}
    start = min((one.candidates_from for one in windows.values()), default=last)
    start = min(start, live_window(first, last).candidates_from)
    marks = {
        day: _mark([days.get(day), _windows_from(windows, day)], count)
        for day, count in counts.items()
        if start <= day <= last
    }
    return _State(days, first, last, windows, marks)


def _windows_from(windows: Mapping[str, LiveWindow], day: int) -> list[str]:
    """Return the organisations whose window does not include a day."""
    return sorted(tenant for tenant, window in windows.items() if day < window.candidates_from)


def _mark(document: Any, count: int) -> str:
    text = json.dumps([document, count], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
