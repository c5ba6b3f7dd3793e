"""Revisions of incidents: a number that grows with each transaction that changes any, so that followers find changes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import pieces
from seawall.storage.database.models import CounterRow, IncidentModel

REVISION = "incidents"


def last(session: Session) -> int:
    """Return the revision of the last change, 0 before the first."""
    query = select(CounterRow.value).where(CounterRow.name == REVISION)
    return session.execute(query).scalar_one_or_none() or 0


def next_revision(session: Session) -> int:
    """Increment the revision and return it; its row stays locked until commit, so that revisions become visible in order.

    A transaction calls this before it changes rows of the queue. All writers then lock the same row first, so that no
    deadlock is possible.
    """
    is_postgresql = session.connection().dialect.name == "postgresql"
    insert = (postgresql if is_postgresql else sqlite).insert(CounterRow).values(name=REVISION, value=1)
    more = insert.on_conflict_do_update(
        index_elements=[CounterRow.name], set_={"value": CounterRow.value + 1}
    ).returning(CounterRow.value)
    return int(session.execute(more).scalar_one())


def stamp(session: Session, ids: Sequence[str], revision: int) -> None:
    """Set the revision of incidents."""
    for piece in pieces(ids):
        changed = update(IncidentModel).where(IncidentModel.id.in_(piece)).values(revision=revision)
        session.execute(changed, execution_options={"synchronize_session": False})
