"""Tables of what analysts add to incidents: an overlay that detection never writes. Times are microseconds since 1970, UTC.

A row names the incident by the id that it had then. Earlier ids count too, and no row ends with its incident.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from seawall.storage.database.columns import DocumentColumn, Number
from seawall.storage.database.models import Model

_KEY = String(32)


class HandlingRow(Model):
    """Owner, status and due time of an incident."""

    __tablename__ = "handling"

    incident: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str | None]
    status: Mapped[str]
    due_at: Mapped[int | None]
    version: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[int]
    changed_by: Mapped[str]


class TagRow(Model):
    """A tag of an incident, until it is removed."""

    __tablename__ = "tags"
    __table_args__ = (Index("ix_tags_incident", "incident"), Index("ix_tags_tag", "tag"))

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    incident: Mapped[str]
    tag: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[int]
    removed_at: Mapped[int | None]
    removed_by: Mapped[str | None]


class CommentRow(Model):
    """A comment on an incident."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_incident", "incident"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    incident: Mapped[str]
    text: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[int]
    version: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[int | None]
    removed_at: Mapped[int | None]
    removed_by: Mapped[str | None]


class TaskRow(Model):
    """A task of an incident, until it is done or removed."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_incident", "incident"), Index("ix_tasks_due_at", "due_at", "id"))

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    incident: Mapped[str]
    title: Mapped[str]
    assignee: Mapped[str | None]
    due_at: Mapped[int | None]
    given_by: Mapped[str]
    given_at: Mapped[int]
    version: Mapped[int] = mapped_column(Integer)
    done_at: Mapped[int | None]
    done_by: Mapped[str | None]
    removed_at: Mapped[int | None]
    removed_by: Mapped[str | None]


class StarRow(Model):
    """A log record that an analyst starred, as it was then: retention may remove the record itself."""

    __tablename__ = "stars"
    __table_args__ = (Index("ix_stars_incident", "incident"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    incident: Mapped[str]
    record: Mapped[str]
    record_at: Mapped[int]
    remark: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)
    given_by: Mapped[str]
    given_at: Mapped[int]
    version: Mapped[int] = mapped_column(Integer)
    removed_at: Mapped[int | None]
    removed_by: Mapped[str | None]


class MergeRow(Model):
    """An analyst's statement that one incident is part of another, until somebody splits them."""

    __tablename__ = "merges"
    __table_args__ = (Index("ix_merges_lead", "lead"), Index("ix_merges_member", "member"))

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    lead: Mapped[str]
    member: Mapped[str]
    note: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[int]
    ended_at: Mapped[int | None]
    ended_by: Mapped[str | None]


class TraitRow(Model):
    """Something by which an incident can resemble others. Derived from the incident, unlike the tables above."""

    __tablename__ = "traits"
    __table_args__ = (Index("ix_traits_value_key", "value_key"),)

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    value_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]
