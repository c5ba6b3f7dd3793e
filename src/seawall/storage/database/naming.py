"""Which incident is meant, and who was told of it: ids that incidents had before, announcements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from seawall.storage.database import revisions, standing
from seawall.storage.database.bulk import pieces
from seawall.storage.database.live_models import AliasRow, AnnouncementRow


class Aliases:
    """The ids that incidents had before, in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, renamed: Mapping[str, str], *, at: int) -> None:
        """Keep that incidents have a new id each, by the old one; what was said of the old then holds for the new.

        Old ids of old ids lead to the new one too, and an id that comes back leads nowhere else any more.
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
        """Return the id that an incident has now."""
        query = select(AliasRow.new).where(AliasRow.old == id_)
        return self._session.execute(query).scalar_one_or_none() or id_

    def of(self, id_: str) -> list[str]:
        """Return the ids that an incident had before, oldest first."""
        query = select(AliasRow.old).where(AliasRow.new == id_).order_by(AliasRow.at, AliasRow.old)
        return list(self._session.execute(query).scalars())

    def all(self) -> dict[str, str]:
        """Return every id that an incident had before, and the one that it has now."""
        return {row.old: row.new for row in self._session.execute(select(AliasRow)).scalars()}


@dataclass(frozen=True, slots=True)
class Announcement:
    """That people were told of an incident at a time, and whether it was raised then."""

    incident: str
    at: int
    raised: bool


class Announcements:
    """The announcements in one transaction. They stay: who was told may still ask."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, incidents: Iterable[str], *, at: int, raised: bool = True) -> list[str]:
        """Keep that incidents were announced; return those that had not been, by this id or one before."""
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

    def all(self) -> dict[str, Announcement]:
        """Return every announcement, by the id that the incident had then."""
        rows = self._session.execute(select(AnnouncementRow)).scalars()
        return {row.incident: Announcement(row.incident, row.at, row.raised) for row in rows}

    def since(self, at: int) -> list[Announcement]:
        """Return the announcements from a time on, in their order."""
        query = select(AnnouncementRow).where(AnnouncementRow.at >= at)
        rows = self._session.execute(query.order_by(AnnouncementRow.at, AnnouncementRow.incident)).scalars()
        return [Announcement(row.incident, row.at, row.raised) for row in rows]
