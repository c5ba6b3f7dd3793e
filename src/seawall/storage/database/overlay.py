"""Shared steps of every change that an analyst makes to an incident."""

from __future__ import annotations

import unicodedata
from typing import TypeVar

from sqlalchemy.orm import Session

from seawall.storage.database import merge_links, revisions
from seawall.storage.database.handling_models import CommentRow, StarRow, TaskRow
from seawall.storage.database.models import IncidentModel
from seawall.storage.errors import ChangedMeanwhile
from seawall_base.errors import UsageError

OverlayRow = TypeVar("OverlayRow", CommentRow, TaskRow, StarRow)
LONGEST_NAME = 100


def begin_change(session: Session, incident: str) -> None:
    """Lock the incidents against other writers until commit, and make sure that this one exists. Raises `UsageError`.

    With the lock, two changes that were based on the same version cannot both be stored.
    """
    revisions.next_revision(session)
    if session.get(IncidentModel, incident) is None:
        raise UsageError("there is no such incident", fix="the retention may have deleted it; check the id")


def stamp(session: Session, *incidents: str) -> None:
    """Mark incidents as changed, so that whoever shows them reads them again."""
    revisions.stamp(session, sorted(set(incidents)), revisions.last(session))
    session.expire_all()


def list_names(session: Session, incident: str) -> list[str]:
    """Return an incident's present id and its earlier ones."""
    return list(merge_links.name_ids(session, [incident]))


def check_version(found: int, expected: int) -> None:
    """Raise `ChangedMeanwhile` unless the change is based on the present version."""
    if found != expected:
        raise ChangedMeanwhile(
            "somebody changed this meanwhile; nothing was saved", fix="load it again, and repeat your change"
        )


def check_text(text: str, what: str, longest: int, *, is_required: bool = True) -> str:
    """Return a text of several lines without blanks around it. Raises `UsageError` if it is empty or too long."""
    plain = text.replace("\r\n", "\n").strip()
    if is_required and not plain:
        raise UsageError(f"{what} is empty", fix="write something")
    if len(plain) > longest:
        raise UsageError(f"{what} has at most {longest:,} characters", fix="shorten it")
    return plain


def check_line(text: str, what: str, longest: int) -> str:
    """Return a text of one line, its blanks single. Raises `UsageError` if it is empty, too long or has hidden characters."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain or len(plain) > longest or not plain.isprintable():
        raise UsageError(
            f"{what} has 1 to {longest} printable characters",
            fix="shorten it, and leave out hidden characters",
        )
    return plain


def check_name(name: str | None, what: str) -> str | None:
    """Return a person's name, None for nobody. Raises `UsageError`."""
    return None if name is None or not name.strip() else check_line(name, what, LONGEST_NAME)


LAST_TIME = 253_402_214_400_000_000
"""The last time that a calendar can show, in microseconds since 1970."""


def check_due(due_at: int | None) -> int | None:
    """Return a due time in microseconds, None for none. Raises `UsageError` if no calendar shows it."""
    if due_at is not None and not 0 <= due_at <= LAST_TIME:
        raise UsageError("this due time is in no calendar", fix="write it as 2026-03-01T12:00:00Z")
    return due_at


def resolve(session: Session, incident: str) -> str:
    """Return the present id of an incident."""
    return merge_links.resolve_ids(session, [incident])[incident]


def stamp_resolved(session: Session, incident: str) -> None:
    """Mark an incident as changed, given by its present or an earlier id."""
    stamp(session, resolve(session, incident))


def begin_row_change(session: Session, model: type[OverlayRow], id_: int, what: str) -> OverlayRow:
    """Lock the incidents against other writers, and return a row that was not removed. Raises `UsageError`."""
    revisions.next_revision(session)
    row = session.get(model, id_, populate_existing=True)
    if row is None or row.removed_at is not None:
        raise UsageError(
            f"there is no such {what}", fix="somebody may have removed it; load the incident again"
        )
    return row
