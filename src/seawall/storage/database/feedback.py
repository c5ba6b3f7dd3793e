"""Feedback: analysts' answers to incidents. Answers can be withdrawn but are never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from seawall.storage.database import revisions, standing
from seawall.storage.database.bulk import pieces
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import AliasRow
from seawall.storage.database.models import FeedbackRow, IncidentModel
from seawall_base.errors import UsageError

Answer = Literal["compromised", "safe", "expected-change"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One stored answer. `scope` is a JSON object; `expires_at` is None if the answer never expires. Times are
    microseconds.
    """

    id: int
    incident: str
    tenant: str
    account: str
    answer: Answer
    scope: Mapping[str, Any]
    note: str
    given_by: str
    given_at: int
    expires_at: int | None
    withdrawn_at: int | None
    withdrawn_by: str | None


class Answers:
    """Answers within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def give(
        self,
        incident: str,
        answer: Answer,
        *,
        by: str,
        at: int,
        scope: Mapping[str, Any] | None = None,
        expires_at: int | None = None,
        note: str = "",
    ) -> Feedback:
        """Store an answer to an incident. Raises `UsageError` for an unknown incident or answer, or an expiry in the past."""
        if answer not in get_args(Answer):
            raise UsageError(f"there is no answer {answer!r}", fix=f"one of {', '.join(get_args(Answer))}")
        found = self._session.get(IncidentModel, incident)
        if found is None:
            raise UsageError(
                "there is no such incident", fix="the retention may have deleted it; check the id"
            )
        if expires_at is not None and expires_at <= at:
            raise UsageError("the expiry time lies in the past", fix="choose a later time")
        revisions.next_revision(self._session)
        row = FeedbackRow(
            incident=incident,
            account_key=make_index_key(found.tenant, found.account),
            tenant=found.tenant,
            account=found.account,
            answer=answer,
            scope=dict(scope or {}),
            note=note,
            given_by=by,
            given_at=at,
            expires_at=expires_at,
        )
        self._session.add(row)
        self._session.flush()
        given = _feedback(row)
        standing.find_changed(self._session, [incident])
        return given

    def get(self, id_: int) -> Feedback | None:
        """Return an answer by id, withdrawn or not, None if there is none."""
        row = self._session.get(FeedbackRow, id_)
        return None if row is None else _feedback(row)

    def withdraw(self, id_: int, *, by: str, at: int) -> bool:
        """Withdraw an answer; return False if it does not exist or was withdrawn already."""
        revisions.next_revision(self._session)
        wanted = (FeedbackRow.id == id_, FeedbackRow.withdrawn_at.is_(None))
        taken = update(FeedbackRow).where(*wanted).values(withdrawn_at=at, withdrawn_by=by)
        return self._end(taken.returning(FeedbackRow.incident)) > 0

    def expire(self, at: int) -> int:
        """Remove the effect of answers that expired by a time from the incident queue; return their number."""
        over = (FeedbackRow.ended_at.is_(None), FeedbackRow.expires_at <= at)
        if self._session.execute(select(FeedbackRow.id).where(*over).limit(1)).first() is None:
            return 0
        revisions.next_revision(self._session)
        return self._end(update(FeedbackRow).where(*over).values(ended_at=at).returning(FeedbackRow.incident))

    def _end(self, query: ReturningUpdate[str]) -> int:
        incidents = list(self._session.execute(query).scalars())
        for piece in pieces(incidents):
            standing.find_changed(self._session, piece)
        return len(incidents)

    def of_incident(self, incident: str) -> list[Feedback]:
        """Return all answers to an incident and to its earlier ids by id, withdrawn ones included."""
        before = select(AliasRow.old).where(AliasRow.new == incident)
        either = or_(FeedbackRow.incident == incident, FeedbackRow.incident.in_(before))
        query = select(FeedbackRow).where(either).order_by(FeedbackRow.id)
        return [_feedback(row) for row in self._session.execute(query).scalars()]

    def page(self, *, before: int | None = None, limit: int = 100) -> list[Feedback]:
        """Return up to `limit` answers with ids below `before`, newest first, withdrawn ones included."""
        query = select(FeedbackRow).order_by(FeedbackRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(FeedbackRow.id < before)
        return [_feedback(row) for row in self._session.execute(query).scalars()]

    def mark(self) -> tuple[int, int]:
        """Return two numbers that tell whether anything changed: one grows with each answer, the other when one ends."""
        ended = func.count(FeedbackRow.withdrawn_at) + func.count(FeedbackRow.ended_at)
        last, count = self._session.execute(select(func.max(FeedbackRow.id), ended)).one()
        return int(last or 0), int(count)

    def standing(self, *, at: int, after: int = 0, limit: int = 1000) -> list[Feedback]:
        """Return up to `limit` answers with ids above `after` that are neither withdrawn nor expired at a time."""
        lasting = or_(FeedbackRow.expires_at.is_(None), FeedbackRow.expires_at > at)
        query = select(FeedbackRow).where(FeedbackRow.id > after, FeedbackRow.withdrawn_at.is_(None), lasting)
        return [
            _feedback(row)
            for row in self._session.execute(query.order_by(FeedbackRow.id).limit(limit)).scalars()
        ]


def _feedback(row: FeedbackRow) -> Feedback:
    return Feedback(
        row.id, row.incident, row.tenant, row.account, cast("Answer", row.answer), row.scope, row.note,
        row.given_by, row.given_at, row.expires_at, row.withdrawn_at, row.withdrawn_by,
    )  # fmt: skip
