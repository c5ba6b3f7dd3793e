"""Derive the announcement, the answer and the queue of incidents from announcements and feedback."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from seawall.storage.database import merge_links, revisions
from seawall.storage.database.bulk import pieces
from seawall.storage.database.live_models import AliasRow, AnnouncementRow, QueueRow
from seawall.storage.database.models import FeedbackRow


def find_changed(session: Session, ids: Sequence[str]) -> None:
    """Update incidents after an announcement or answer under any of their ids, and stamp those that changed.

    Call `revisions.next_revision` before the announcement or answer is written: the stamp is that revision.
    """
    query = select(AliasRow.new).where(AliasRow.old.in_(ids))
    current = {*ids, *session.execute(query).scalars()}
    revisions.stamp(session, settle(session, sorted(current)), revisions.last(session))
    session.expire_all()


def settle(session: Session, ids: Sequence[str]) -> list[str]:
    """Update announcement, answer and state of incidents; return those that changed.

    Announcements and answers of an earlier id count too. Members of incidents among `ids` are updated as well: they leave
    the queue while another one stands for them.
    """
    changed: list[str] = []
    members = merge_links.find_members(session, ids)
    ids = sorted({*ids, *(member for listed in members.values() for member in listed)})
    for piece in pieces(ids):
        named = _names(session, piece)
        merged = merge_links.find_merged(session, piece)
        announced, answers = _find_announced(session, named), _answers(session, named)
        columns = (QueueRow.raised, QueueRow.announced_at, QueueRow.answer, QueueRow.state)
        query = select(QueueRow.incident, *columns).where(QueueRow.incident.in_(piece))
        news = []
        for id_, raised, *known in session.execute(query):
            at, answer = announced.get(id_), answers.get(id_)
            queued = "open" if raised or at is not None else "candidate"
            unanswered = "merged" if id_ in merged else queued
            now = [at, answer, "answered" if answer is not None else unanswered]
            if now != known:
                news.append(
                    dict(zip(("incident", "announced_at", "answer", "state"), (id_, *now), strict=True))
                )
        if news:
            session.execute(update(QueueRow), news)
        changed += [str(new["incident"]) for new in news]
    return changed


def _names(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Return the present id by each present or earlier id."""
    query = select(AliasRow.old, AliasRow.new).where(AliasRow.new.in_(ids))
    before = dict(session.execute(query).all())
    return {**{id_: id_ for id_ in ids}, **before}


def list_members(session: Session, ids: Sequence[str]) -> list[str]:
    """Return the members of these incidents, to be given to `release` once the incidents are gone."""
    found = merge_links.find_members(session, ids)
    return sorted({member for listed in found.values() for member in listed})


def list_successors(session: Session, ids: Sequence[str]) -> list[str]:
    """Return the present ids that these ids led to: once an id is an incident's again, or no more, merges count otherwise."""
    found: set[str] = set()
    for piece in pieces(ids):
        found.update(session.execute(select(AliasRow.new).where(AliasRow.old.in_(piece))).scalars())
    return sorted(found)


def release(session: Session, members: Sequence[str]) -> None:
    """Put members back into the queue if no incident stands for them any more, or take them from it."""
    if members:
        revision = revisions.next_revision(session)
        revisions.stamp(session, settle(session, members), revision)


def _find_announced(session: Session, named: dict[str, str]) -> dict[str, int]:
    times: dict[str, list[int]] = defaultdict(list)
    for piece in pieces(list(named)):
        query = select(AnnouncementRow.incident, AnnouncementRow.at)
        for id_, at in session.execute(query.where(AnnouncementRow.incident.in_(piece))):
            times[named[id_]].append(at)
    return {id_: min(found) for id_, found in times.items()}


def _answers(session: Session, named: dict[str, str]) -> dict[str, str]:
    found: list[tuple[int, str, str]] = []
    for piece in pieces(list(named)):
        stands = (FeedbackRow.withdrawn_at.is_(None), FeedbackRow.ended_at.is_(None))
        query = select(FeedbackRow.id, FeedbackRow.incident, FeedbackRow.answer)
        rows = session.execute(query.where(FeedbackRow.incident.in_(piece), *stands))
        found += [(id_, incident, answer) for id_, incident, answer in rows]
    return {named[incident]: answer for _, incident, answer in sorted(found)}
