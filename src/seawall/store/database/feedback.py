"""What analysts answered to incidents. Answers are withdrawn, never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from seawall.errors import UsageError
from seawall.store.database.columns import key
from seawall.store.database.models import FeedbackRow, IncidentRow

Answer = Literal["compromised", "safe", "expected-change"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer, as it is kept. `scope` is plain data; `expires_at` None means that it does not expire."""

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
    """The answers in one transaction."""

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
        """Keep an answer to an incident; UsageError where there is no such incident or answer."""
        if answer not in get_args(Answer):
            raise UsageError(f"there is no answer {answer!r}", fix=f"one of {', '.join(get_args(Answer))}")
        found = self._session.get(IncidentRow, incident)
        if found is None:
            raise UsageError("there is no such incident", fix="was it pruned?")
        if expires_at is not None and expires_at <= at:
            raise UsageError("the answer would expire before it is given", fix="choose a later time")
        row = FeedbackRow(
            incident=incident,
            account_key=key(found.tenant, found.account),
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
        return _feedback(row)

    def withdraw(self, id_: int, *, by: str, at: int) -> bool:
        """Take an answer back; false where there is none that stands."""
        standing = (FeedbackRow.id == id_, FeedbackRow.withdrawn_at.is_(None))
        taken = update(FeedbackRow).where(*standing).values(withdrawn_at=at, withdrawn_by=by)
        return bool(self._session.execute(taken.returning(FeedbackRow.id)).all())

    def of_incident(self, incident: str) -> list[Feedback]:
        """Return all answers to an incident, withdrawn ones too, in the order in which they were given."""
        query = select(FeedbackRow).where(FeedbackRow.incident == incident).order_by(FeedbackRow.id)
        return [_feedback(row) for row in self._session.execute(query).scalars()]

    def standing(self, *, at: int, after: int = 0, limit: int = 1000) -> list[Feedback]:
        """Return answers that are neither withdrawn nor expired at a time, by id from above `after`."""
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
