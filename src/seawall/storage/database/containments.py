"""Containments that a watch remembers: what was contained, when, and what its intruder was known by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from seawall.storage.database.live_models import ContainmentRow


@dataclass(frozen=True, slots=True)
class ContainmentRecord:
    """One containment of one organisation. `document` is plain data; `ended_at` says that attention was ended early."""

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
    """The containments in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(
        self, plan: str, tenant: str, document: Mapping[str, Any], *, until: int, by: str, at: int
    ) -> bool:
        """Remember a containment; false where this one is remembered already."""
        if any(one.tenant == tenant for one in self.of(plan) if one.ended_at is None):
            return False
        row = ContainmentRow(
            plan=plan, tenant=tenant, document=dict(document), until=until, given_by=by, given_at=at
        )
        self._session.add(row)
        self._session.flush()
        return True

    def end(self, plan: str, *, by: str, at: int) -> int:
        """End the attention that a plan's containment draws; return how many there were."""
        query = select(ContainmentRow).where(ContainmentRow.plan == plan, ContainmentRow.ended_at.is_(None))
        rows = list(self._session.execute(query).scalars())
        for row in rows:
            row.ended_at, row.ended_by = at, by
        self._session.flush()
        return len(rows)

    def of(self, plan: str) -> list[ContainmentRecord]:
        """Return the containments of a plan, by number."""
        query = select(ContainmentRow).where(ContainmentRow.plan == plan).order_by(ContainmentRow.id)
        return [_read_containment(row) for row in self._session.execute(query).scalars()]

    def standing(self, *, at: int) -> list[ContainmentRecord]:
        """Return those that were not ended and draw attention at a time, by number."""
        query = select(ContainmentRow).where(ContainmentRow.ended_at.is_(None), ContainmentRow.until > at)
        rows = self._session.execute(query.order_by(ContainmentRow.id)).scalars()
        return [_read_containment(row) for row in rows]

    def mark(self) -> tuple[int, int]:
        """Return two numbers of which one grows whenever a containment is remembered or ended."""
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
