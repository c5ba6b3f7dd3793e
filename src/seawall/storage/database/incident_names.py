"""Earlier ids of incidents, and announcements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from seawall.storage.database import revisions, standing
from seawall.storage.database.bulk import pieces
from seawall.storage.database.live_models import AliasRow, AnnouncementRow


class IncidentAliases:
    """Earlier ids of incidents within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, renamed: Mapping[str, str], *, at: int) -> None:
        """Record new ids of incidents by their old ids; answers and announcements of an old id then apply to the new one.

        Chains are shortened: ids that led to an old id lead to the new one. An id that comes back into use is no alias any
        more.
        """
        pairs = {old: new for old, new in renamed.items() if old != new}
        if not pairs:
            return
        revisions.next_revision(self._session)
        for new in sorted(set(pairs.values())):
            self._session.execute(delete(AliasRow).where(AliasRow.old == new))
        for old, new in sorted(pairs.items()):
            self._session.execute(update(AliasRow).where(AliasRow.new == old).values(new=new))
            self._session.merge(AliasRow(old=old, new=new, at=at))
            self._session.flush()
        self._session.execute(delete(AliasRow).where(AliasRow.old == AliasRow.new))
        standing.find_changed(self._session, sorted({*pairs, *pairs.values()}))

    def resolve(self, id_: str) -> str:
        """Return the present id for an id, which may be an earlier one."""
        query = select(AliasRow.new).where(AliasRow.old == id_)
        return self._session.execute(query).scalar_one_or_none() or id_

    def of(self, id_: str) -> list[str]:
        """Return the earlier ids of an incident, oldest first."""
        query = select(AliasRow.old).where(AliasRow.new == id_).order_by(AliasRow.at, AliasRow.old)
        return list(self._session.execute(query).scalars())

    def all(self) -> dict[str, str]:
        """Return the present id of every earlier id."""
        return {row.old: row.new for row in self._session.execute(select(AliasRow)).scalars()}


@dataclass(frozen=True, slots=True)
class IncidentAnnouncement:
    """The announcement of an incident at a time, and whether the incident was raised then."""

    incident: str
    at: int
    raised: bool


class IncidentAnnouncements:
    """Announcements within one transaction. They are never deleted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, incidents: Iterable[str], *, at: int, raised: bool = True) -> list[str]:
        """Record that incidents were announced; return those that were not announced before under any of their ids."""
        revision = revisions.next_revision(self._session)
        wanted = list(dict.fromkeys(incidents))
        known: set[str] = set()
        for piece in pieces(wanted):
            query = select(AnnouncementRow.incident).where(AnnouncementRow.incident.in_(piece))
            known.update(self._session.execute(query).scalars())
            before = select(AliasRow.new).join(AnnouncementRow, AnnouncementRow.incident == AliasRow.old)
            known.update(self._session.execute(before.where(AliasRow.new.in_(piece))).scalars())
        new = [id_ for id_ in wanted if id_ not in known]
        self._session.add_all([AnnouncementRow(incident=id_, at=at, raised=raised) for id_ in new])
        self._session.flush()
        revisions.stamp(self._session, standing.settle(self._session, new), revision)
        self._session.expire_all()
        return new

    def all(self) -> dict[str, IncidentAnnouncement]:
        """Return every announcement, by the id that the incident had then."""
        rows = self._session.execute(select(AnnouncementRow)).scalars()
        return {row.incident: IncidentAnnouncement(row.incident, row.at, row.raised) for row in rows}

    def since(self, at: int) -> list[IncidentAnnouncement]:
        """Return the announcements at or after a time, oldest first."""
        query = select(AnnouncementRow).where(AnnouncementRow.at >= at)
        rows = self._session.execute(query.order_by(AnnouncementRow.at, AnnouncementRow.incident)).scalars()
        return [IncidentAnnouncement(row.incident, row.at, row.raised) for row in rows]
