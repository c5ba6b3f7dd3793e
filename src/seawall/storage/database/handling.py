"""Owner, status, due time and tags of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database import overlay
from seawall.storage.database.handling_models import HandlingRow, TagRow
from seawall.storage.database.incident_queue import fold_text
from seawall_base.errors import UsageError

HandlingStatus = Literal["new", "in-progress", "waiting", "closed"]
STATUSES: tuple[HandlingStatus, ...] = get_args(HandlingStatus)
LONGEST_TAG = 40
MOST_TAGS = 30


@dataclass(frozen=True, slots=True)
class IncidentHandling:
    """Who handles an incident, how far it is, and until when. `version` grows with each change, 0 before the first.

    `due_at` and `changed_at` are in microseconds.
    """

    owner: str | None = None
    status: HandlingStatus = "new"
    due_at: int | None = None
    version: int = 0
    changed_at: int | None = None
    changed_by: str | None = None


class Handlings:
    """Owners, states, due times and tags within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, incident: str) -> IncidentHandling:
        """Return the handling of an incident; of several earlier ids, the one that was changed last."""
        names = overlay.list_names(self._session, incident)
        query = select(HandlingRow).where(HandlingRow.incident.in_(names))
        rows = list(self._session.execute(query.execution_options(populate_existing=True)).scalars())
        row = max(rows, key=lambda one: (one.incident == incident, one.changed_at), default=None)
        if row is None:
            return IncidentHandling()
        status: HandlingStatus = next((one for one in STATUSES if one == row.status), "new")
        return IncidentHandling(row.owner, status, row.due_at, row.version, row.changed_at, row.changed_by)

    def put(
        self,
        incident: str,
        *,
        owner: str | None,
        status: str,
        due_at: int | None,
        expected: int,
        by: str,
        at: int,
    ) -> tuple[IncidentHandling, IncidentHandling]:
        """Store owner, status and due time; return the handling before and after.

        Raises `ChangedMeanwhile` unless `expected` is the present version, and `UsageError` for an invalid value.
        """
        if status not in STATUSES:
            raise UsageError(f"there is no status {status!r}", fix=f"one of {', '.join(STATUSES)}")
        owner, due_at = overlay.check_name(owner, "the owner's name"), overlay.check_due(due_at)
        overlay.begin_change(self._session, incident)
        before = self.get(incident)
        overlay.check_version(before.version, expected)
        row = HandlingRow(
            incident=incident,
            owner=owner,
            status=status,
            due_at=due_at,
            version=expected + 1,
            changed_at=at,
            changed_by=by,
        )
        self._session.merge(row)
        self._session.flush()
        overlay.stamp(self._session, incident)
        return before, self.get(incident)

    def tags(self, incident: str) -> list[str]:
        """Return the tags of an incident, in order."""
        return sorted({row.tag for row in self._tag_rows(incident)})

    def add_tag(self, incident: str, tag: str, *, by: str, at: int) -> tuple[list[str], list[str]]:
        """Add a tag, written in small letters; return the tags before and after. Raises `UsageError`."""
        plain = overlay.check_line(fold_text(tag), "a tag", LONGEST_TAG)
        overlay.begin_change(self._session, incident)
        before = self.tags(incident)
        if plain not in before:
            if len(before) >= MOST_TAGS:
                raise UsageError(f"an incident has at most {MOST_TAGS} tags", fix="remove one first")
            self._session.add(TagRow(incident=incident, tag=plain, given_by=by, given_at=at))
            self._session.flush()
            overlay.stamp(self._session, incident)
        return before, self.tags(incident)

    def remove_tag(self, incident: str, tag: str, *, by: str, at: int) -> tuple[list[str], list[str]]:
        """Remove a tag; return the tags before and after, which are the same if it had none like this."""
        overlay.begin_change(self._session, incident)
        before, plain = self.tags(incident), fold_text(tag)
        for row in self._tag_rows(incident):
            if row.tag == plain:
                row.removed_at, row.removed_by = at, by
        self._session.flush()
        overlay.stamp(self._session, incident)
        return before, self.tags(incident)

    def known_tags(self, limit: int = 200) -> list[str]:
        """Return the tags that any incident has, in order, at most `limit`."""
        query = select(TagRow.tag).where(TagRow.removed_at.is_(None)).distinct()
        return list(self._session.execute(query.order_by(TagRow.tag).limit(limit)).scalars())

    def _tag_rows(self, incident: str) -> Sequence[TagRow]:
        names = overlay.list_names(self._session, incident)
        query = select(TagRow).where(TagRow.incident.in_(names), TagRow.removed_at.is_(None))
        return self._session.execute(query.order_by(TagRow.id)).scalars().all()
