"""Merge and split incidents: an analyst's statement beside the incidents, which detection neither reads nor writes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database import merge_links, overlay, standing
from seawall.storage.database.handling_models import MergeRow
from seawall.storage.database.models import IncidentModel
from seawall_base.errors import UsageError

MOST_MEMBERS = 200
LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class IncidentMerge:
    """One standing merge, by the present ids: `member` is part of `lead`. `at` is in microseconds."""

    id: int
    lead: str
    member: str
    note: str
    given_by: str
    given_at: int


class IncidentMerges:
    """Merges within one transaction. Members stay incidents of their own, and leave the queue while merged."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def merge(self, lead: str, member: str, *, by: str, at: int, note: str = "") -> IncidentMerge:
        """Make an incident part of another one.

        Raises `UsageError` if one is missing, they are one or of two organisations, the lead is a member itself, or the
        member is part of or leads another incident.
        """
        overlay.begin_change(self._session, lead)
        overlay.begin_change(self._session, member)
        self._check(lead, member)
        note = overlay.check_text(note, "the reason of a merge", LONGEST_NOTE, is_required=False)
        row = MergeRow(lead=lead, member=member, note=note, given_by=by, given_at=at)
        self._session.add(row)
        self._session.flush()
        self._settle(lead, member)
        return IncidentMerge(row.id, lead, member, note, by, at)

    def split(self, lead: str, member: str, *, by: str, at: int) -> IncidentMerge | None:
        """Undo a merge; return what it was, None if the incident is not part of the other."""
        overlay.begin_change(self._session, lead)
        wanted = [one for one in self.of_lead(lead) if one.member == member]
        for one in wanted:
            row = self._session.get_one(MergeRow, one.id)
            row.ended_at, row.ended_by = at, by
        self._session.flush()
        self._settle(lead, member)
        return wanted[0] if wanted else None

    def of_lead(self, lead: str) -> list[IncidentMerge]:
        """Return the standing merges into an incident, in their order."""
        names = merge_links.name_ids(self._session, [lead])
        query = select(MergeRow).where(MergeRow.lead.in_(list(names)), MergeRow.ended_at.is_(None))
        rows = list(self._session.execute(query.order_by(MergeRow.id)).scalars())
        now = merge_links.resolve_ids(self._session, sorted({row.member for row in rows}))
        return [
            IncidentMerge(row.id, lead, now[row.member], row.note, row.given_by, row.given_at)
            for row in rows
            if now[row.member] != lead
        ]

    def members(self, lead: str) -> list[str]:
        """Return the present ids of the members of an incident, in the order of merging."""
        return merge_links.find_members(self._session, [lead]).get(lead, [])

    def lead(self, member: str) -> str | None:
        """Return the present id of the incident that this one is part of, None if it is part of none."""
        return merge_links.find_leads(self._session, [member]).get(member)

    def _check(self, lead: str, member: str) -> None:
        if lead == member:
            raise UsageError("an incident cannot be merged into itself", fix="choose another incident")
        found = {id_: self._session.get_one(IncidentModel, id_) for id_ in (lead, member)}
        if found[lead].tenant != found[member].tenant:
            raise UsageError(
                "the two incidents are of different organisations",
                fix="merge incidents of one organisation; compare others with the similar incidents",
            )
        above = self.lead(lead)
        if above is not None:
            raise UsageError(f"incident {lead} is part of {above} itself", fix=f"merge into {above} instead")
        other = self.lead(member)
        if other is not None:
            raise UsageError(f"incident {member} is part of {other} already", fix="split it from that first")
        if self.members(member):
            raise UsageError(
                f"incident {member} has members of its own", fix="split them first, or merge the other way"
            )
        if len(self.members(lead)) >= MOST_MEMBERS:
            raise UsageError(f"an incident has at most {MOST_MEMBERS} members")

    def _settle(self, *ids: str) -> None:
        standing.find_changed(self._session, sorted(set(ids)))
        overlay.stamp(self._session, *ids)
