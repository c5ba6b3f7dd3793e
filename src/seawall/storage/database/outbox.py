"""The outbox: messages to other programs, stored with the change they report, and delivered later with retries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import forget
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import OutboxRow

LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message. `next_at` is the time of the next attempt, None if none will follow; `attempts` counts earlier ones."""

    id: int
    kind: str
    target: str
    incident: str
    document: Mapping[str, Any]
    created_at: int
    attempts: int
    next_at: int | None
    delivered_at: int | None
    failed_at: int | None
    last_error: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """The number of messages that wait and that were given up, and the latest error."""

    waiting: int
    failed: int
    last_error: str


class Outbox:
    """The outbox within one transaction."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (OutboxRow.slot == slot,)

    def add(self, kind: str, target: str, incident: str, document: Mapping[str, Any], *, at: int) -> int:
        """Store a message for delivery; return its id. `document` must contain no secret."""
        row = OutboxRow(
            kind=kind, target=target, incident=incident, document=dict(document), created_at=at, attempts=0,
            next_at=at, last_error="", slot=self._slot,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return row.id

    def add_once(
        self, kind: str, target: str, incident: str, document: Mapping[str, Any], *, at: int
    ) -> int | None:
        """Store a message unless there is one of this kind about this incident to this target; return its id, or None.

        A unique index decides, whoever writes at the same time.
        """
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(OutboxRow).values(
            kind=kind, target=target, incident=incident, document=dict(document), created_at=at, attempts=0,
            next_at=at, last_error="", slot=self._slot, once_key=make_index_key(kind, target, incident),
        )  # fmt: skip
        added = insert.on_conflict_do_nothing(index_elements=[OutboxRow.once_key]).returning(OutboxRow.id)
        id_ = self._session.execute(added).scalar_one_or_none()
        return None if id_ is None else int(id_)

    def due(self, at: int, limit: int = 100) -> list[OutboxMessage]:
        """Return up to `limit` messages whose attempt is due at a time, ordered by due time."""
        query = (
            select(OutboxRow)
            .where(OutboxRow.next_at <= at, *self._mine)
            .order_by(OutboxRow.next_at, OutboxRow.id)
        )
        return [_message(row) for row in self._session.execute(query.limit(limit)).scalars()]

    def of_target(self, target: str, limit: int = 100) -> list[OutboxMessage]:
        """Return up to `limit` messages that wait for a target, oldest first, due or not."""
        waiting = (OutboxRow.target == target, OutboxRow.next_at.is_not(None), *self._mine)
        query = select(OutboxRow).where(*waiting).order_by(OutboxRow.id).limit(limit)
        return [_message(row) for row in self._session.execute(query).scalars()]

    def targets(self) -> list[str]:
        """Return the targets of waiting messages."""
        query = select(OutboxRow.target).where(OutboxRow.next_at.is_not(None), *self._mine).distinct()
        return sorted(self._session.execute(query).scalars())

    def next_at(self) -> int | None:
        """Return the time at which the next message is due, None if none waits."""
        return self._session.execute(select(func.min(OutboxRow.next_at)).where(*self._mine)).scalar_one()

    def mark_delivered(self, id_: int, *, at: int) -> None:
        """Record that a message was delivered."""
        self._try_message(id_, next_at=None, delivered_at=at)

    def retry(self, id_: int, *, next_at: int, error: str) -> None:
        """Record a failed attempt, and schedule the next one."""
        self._try_message(id_, next_at=next_at, last_error=error[:LONGEST_ERROR])

    def mark_failed(self, id_: int, *, at: int, error: str) -> None:
        """Give a message up."""
        self._try_message(id_, next_at=None, failed_at=at, last_error=error[:LONGEST_ERROR])

    def _try_message(self, id_: int, **values: Any) -> None:
        tried = update(OutboxRow).where(OutboxRow.id == id_)
        self._session.execute(tried.values(attempts=OutboxRow.attempts + 1, **values))

    def get(self, id_: int) -> OutboxMessage | None:
        """Return a message by id, None if it does not exist."""
        row = self._session.get(OutboxRow, id_, populate_existing=True)
        return None if row is None else _message(row)

    def waiting(self) -> OutboxCounts:
        """Return the numbers of waiting and given-up messages."""
        query = select(func.count(OutboxRow.next_at), func.count(OutboxRow.failed_at)).where(*self._mine)
        waiting, failed = self._session.execute(query).one()
        undelivered = (OutboxRow.last_error != "", OutboxRow.delivered_at.is_(None), *self._mine)
        last = select(OutboxRow.last_error).where(*undelivered).order_by(OutboxRow.id.desc()).limit(1)
        return OutboxCounts(int(waiting), int(failed), self._session.execute(last).scalar_one_or_none() or "")

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete messages that were delivered or given up before a time; return their number."""
        over = and_(or_(OutboxRow.delivered_at < before, OutboxRow.failed_at < before), *self._mine)
        return forget(self._session, OutboxRow, over, is_rehearsal=is_rehearsal)


def _message(row: OutboxRow) -> OutboxMessage:
    return OutboxMessage(
        row.id, row.kind, row.target, row.incident, row.document, row.created_at, row.attempts, row.next_at,
        row.delivered_at, row.failed_at, row.last_error,
    )  # fmt: skip
