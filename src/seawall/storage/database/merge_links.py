"""Find which incidents analysts have merged into which, by their present ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import pieces
from seawall.storage.database.handling_models import MergeRow
from seawall.storage.database.live_models import AliasRow
from seawall.storage.database.models import IncidentModel

_IS_EARLIER = AliasRow.old.not_in(select(IncidentModel.id))


def name_ids(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Return the present id by each present or earlier id of these incidents.

    An earlier id that is an incident's again stands for that incident alone.
    """
    found = {id_: id_ for id_ in ids}
    for piece in pieces(ids):
        query = select(AliasRow.old, AliasRow.new).where(AliasRow.new.in_(piece), _IS_EARLIER)
        found.update((old, new) for old, new in session.execute(query))
    return found


def resolve_ids(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Return the present id of each id, which may be an earlier one."""
    found = {id_: id_ for id_ in ids}
    for piece in pieces(ids):
        query = select(AliasRow.old, AliasRow.new).where(AliasRow.old.in_(piece), _IS_EARLIER)
        found.update((old, new) for old, new in session.execute(query))
    return found


def find_leads(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the lead by the id of each of these incidents that is merged into another one, the first merge first."""
    named = name_ids(session, sorted(set(ids)))
    rows: list[tuple[int, str, str]] = []
    for piece in pieces(list(named)):
        query = select(MergeRow.id, MergeRow.lead, MergeRow.member)
        query = query.where(MergeRow.member.in_(piece), MergeRow.ended_at.is_(None))
        rows += [(number, lead, member) for number, lead, member in session.execute(query)]
    leads = resolve_ids(session, sorted({lead for _, lead, _ in rows}))
    found: dict[str, str] = {}
    for _, lead, member in sorted(rows):
        if leads[lead] != named[member]:  # detection may have joined the two since
            found.setdefault(named[member], leads[lead])
    return found


def find_members(session: Session, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the members by the id of each of these incidents that leads others, in the order of merging."""
    named = name_ids(session, sorted(set(ids)))
    rows: list[tuple[int, str, str]] = []
    for piece in pieces(list(named)):
        query = select(MergeRow.id, MergeRow.lead, MergeRow.member)
        query = query.where(MergeRow.lead.in_(piece), MergeRow.ended_at.is_(None))
        rows += [(number, lead, member) for number, lead, member in session.execute(query)]
    members = resolve_ids(session, sorted({member for _, _, member in rows}))
    found: dict[str, list[str]] = {}
    for _, lead, member in sorted(rows):
        listed = found.setdefault(named[lead], [])
        if members[member] != named[lead] and members[member] not in listed:
            listed.append(members[member])
    return {lead: listed for lead, listed in found.items() if listed}


def find_merged(session: Session, ids: Iterable[str]) -> set[str]:
    """Return those of these incidents that another one stands for in the queue.

    The other one exists, and is itself no member: whatever ids detection gives later, no incident leaves the queue unless
    one that is in it names it.
    """
    leads = find_leads(session, ids)
    wanted = sorted(set(leads.values()))
    upper = find_leads(session, wanted)
    present: set[str] = set()
    for piece in pieces(wanted):
        present.update(session.execute(select(IncidentModel.id).where(IncidentModel.id.in_(piece))).scalars())
    return {id_ for id_, lead in leads.items() if lead in present and lead not in upper}
