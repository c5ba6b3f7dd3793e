"""Comments on incidents. Earlier wordings and removed comments are in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from seawall.storage.database import overlay
from seawall.storage.database.handling_models import CommentRow
from seawall_base.errors import UsageError

LONGEST_COMMENT = 4000
MOST_COMMENTS = 1000


@dataclass(frozen=True, slots=True)
class IncidentComment:
    """One comment; times are in microseconds, `changed_at` is None if its wording is the first."""

    id: int
    incident: str
    text: str
    given_by: str
    given_at: int
    version: int
    changed_at: int | None


class Comments:
    """Comments within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, incident: str) -> list[IncidentComment]:
        """Return the comments on an incident and on its earlier ids, the oldest first."""
        query = select(CommentRow).where(
            CommentRow.incident.in_(overlay.list_names(self._session, incident)),
            CommentRow.removed_at.is_(None),
        )
        return [_comment(row) for row in self._session.execute(query.order_by(CommentRow.id)).scalars()]

    def get(self, id_: int) -> IncidentComment | None:
        """Return a comment that was not removed, None if there is none."""
        row = self._row(id_)
        return None if row is None else _comment(row)

    def add(self, incident: str, text: str, *, by: str, at: int) -> IncidentComment:
        """Store a comment. Raises `UsageError` if it is empty or too long, or the incident has too many."""
        plain = overlay.check_text(text, "the comment", LONGEST_COMMENT)
        overlay.begin_change(self._session, incident)
        count = select(func.count()).select_from(CommentRow).where(CommentRow.incident == incident)
        if self._session.execute(count).scalar_one() >= MOST_COMMENTS:
            raise UsageError(f"an incident has at most {MOST_COMMENTS:,} comments")
        row = CommentRow(incident=incident, text=plain, given_by=by, given_at=at, version=1)
        self._session.add(row)
        self._session.flush()
        made = _comment(row)
        overlay.stamp(self._session, incident)
        return made

    def change(self, id_: int, text: str, *, expected: int, at: int) -> IncidentComment:
        """Store another wording. Raises `ChangedMeanwhile` unless `expected` is the present version, and `UsageError`."""
        plain = overlay.check_text(text, "the comment", LONGEST_COMMENT)
        row = overlay.begin_row_change(self._session, CommentRow, id_, "comment")
        overlay.check_version(row.version, expected)
        row.text, row.version, row.changed_at = plain, expected + 1, at
        self._session.flush()
        made = _comment(row)
        overlay.stamp_resolved(self._session, made.incident)
        return made

    def remove(self, id_: int, *, by: str, at: int) -> IncidentComment:
        """Remove a comment, and return what it was. Raises `UsageError`."""
        row = overlay.begin_row_change(self._session, CommentRow, id_, "comment")
        gone = _comment(row)
        row.removed_at, row.removed_by = at, by
        self._session.flush()
        overlay.stamp_resolved(self._session, gone.incident)
        return gone

    def _row(self, id_: int) -> CommentRow | None:
        row = self._session.get(CommentRow, id_)
        return row if row is not None and row.removed_at is None else None


def _comment(row: CommentRow) -> IncidentComment:
    return IncidentComment(
        row.id, row.incident, row.text, row.given_by, row.given_at, row.version, row.changed_at
    )
