"""Applied containments that `seawall watch` remembers, to notice an attacker's return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from seawall.storage.database.live_models import ContainmentRow


@dataclass(frozen=True, slots=True)
class ContainmentRecord:
    """One containment in one organisation.

    `document` describes its indicators. Incidents that match are raised until `until`, or until a user ended it
    (`ended_at`).
    """

    id: int
    plan: str
    tenant: str
    document: Mapping[str, Any]
    until: int
    given_by: str
    given_at: int
    ended_at: int | None
    ended_by: str | None


class Containments:
    """Containments within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(
        self, plan: str, tenant: str, document: Mapping[str, Any], *, until: int, by: str, at: int
    ) -> bool:
        """Store a containment; return False if this one is stored and not ended."""
        if any(one.tenant == tenant for one in self.of(plan) if one.ended_at is None):
            return False
        row = ContainmentRow(
            plan=plan, tenant=tenant, document=dict(document), until=until, given_by=by, given_at=at
        )
        self._session.add(row)
        self._session.flush()
        return True

    def end(self, plan: str, *, by: str, at: int) -> int:
        """End all containments of a plan; return their number."""
        query = select(ContainmentRow).where(ContainmentRow.plan == plan, ContainmentRow.ended_at.is_(None))
        rows = list(self._session.execute(query).scalars())
        for row in rows:
            row.ended_at, row.ended_by = at, by
        self._session.flush()
        return len(rows)

    def of(self, plan: str) -> list[ContainmentRecord]:
        """Return the containments of a plan by id."""
        query = select(ContainmentRow).where(ContainmentRow.plan == plan).order_by(ContainmentRow.id)
        return [_read_containment(row) for row in self._session.execute(query).scalars()]

    def standing(self, *, at: int) -> list[ContainmentRecord]:
        """Return the containments by id that were not ended and last beyond a time."""
        query = select(ContainmentRow).where(ContainmentRow.ended_at.is_(None), ContainmentRow.until > at)
        rows = self._session.execute(query.order_by(ContainmentRow.id)).scalars()
        return [_read_containment(row) for row in rows]

    def mark(self) -> tuple[int, int]:
        """Return two numbers that tell whether anything changed: one grows when a containment is added, the other when one
        ends.
        """
        query = select(func.max(ContainmentRow.id), func.count(ContainmentRow.ended_at))
        last, ended = self._session.execute(query).one()
        return int(last or 0), int(ended)


def _read_containment(row: ContainmentRow) -> ContainmentRecord:
    return ContainmentRecord(
        row.id,
        row.plan,
        row.tenant,
        row.document,
        row.until,
        row.given_by,
        row.given_at,
        row.ended_at,
        row.ended_by,
    )
