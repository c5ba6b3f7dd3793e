"""Records and files that could not be read, and the reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from seawall.events.problem import Problem
from seawall.storage.database.bulk import forget, insert_columns
from seawall.storage.database.models import ProblemRow
from seawall_base.msgspec_types import prepare

_NOT_KEPT = "remains"
"""The remains of damaged records are not stored: they are long, and nothing searches them."""

_FIELDS = tuple(field.name for field in dataclasses.fields(Problem) if field.name != _NOT_KEPT)


class Problems:
    """Problems within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, problems: Sequence[Problem], *, at: int) -> int:
        """Store problems with the time at which they occurred; return their number."""
        columns: dict[str, Sequence[Any]] = {
            name: [getattr(problem, name) for problem in problems] for name in _FIELDS
        }
        return insert_columns(self._session, ProblemRow, {"at": [at] * len(problems), **columns})

    def page(
        self, *, code: str | None = None, after: int = 0, limit: int = 100
    ) -> list[tuple[int, int, Problem]]:
        """Return up to `limit` (id, time, problem) with ids above `after`, ascending."""
        query = select(ProblemRow).where(ProblemRow.id > after).order_by(ProblemRow.id).limit(limit)
        if code is not None:
            query = query.where(ProblemRow.code == code)
        return [(row.id, row.at, _problem(row)) for row in self._session.execute(query).scalars()]

    def counts(self) -> dict[str, int]:
        """Return the number of problems by code."""
        query = select(ProblemRow.code, func.count()).group_by(ProblemRow.code).order_by(ProblemRow.code)
        return {code: int(count) for code, count in self._session.execute(query)}

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete problems that occurred before a time; return their number."""
        return forget(self._session, ProblemRow, ProblemRow.at < before, is_rehearsal=is_rehearsal)


def _problem(row: ProblemRow) -> Problem:
    return msgspec.convert({name: getattr(row, name) for name in _FIELDS}, Problem)


prepare(Problem)
