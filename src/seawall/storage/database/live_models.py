"""Tables of continuous detection and of the incident queue. Times are microseconds since 1970, days are days since 1970."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, false
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from seawall.storage.database.columns import DocumentColumn, Number
from seawall.storage.database.models import Model

_KEY = String(32)


def slot_column() -> MappedColumn[int]:
    """Return the part of a key that names the slot whose rows these are, 0 for a watch that is alone."""
    return mapped_column(Integer, primary_key=True, autoincrement=False, server_default="0")


class QueueRow(Model):
    """Columns by which the queue sorts, filters and searches an incident.

    The rows are small and separate from incidents, so that a search need not read long documents. Texts are folded
    (`fold_text`).
    """

    __tablename__ = "queue"
    __table_args__ = (
        Index("ix_queue_score", "score", "incident"),
        Index("ix_queue_last_event", "last_event", "incident"),
        Index("ix_queue_account_order", "account_order", "incident"),
        Index("ix_queue_state_score", "state", "score", "incident"),
        Index("ix_queue_state_severity", "state", "severity"),
        Index("ix_queue_state_last_event", "state", "last_event", "incident"),
        Index("ix_queue_tenant_key_score", "tenant_key", "score", "incident"),
        Index("ix_queue_account_key", "account_key"),
        Index("ix_queue_announced_at", "announced_at"),
    )

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    tenant_key: Mapped[str] = mapped_column(_KEY)
    account_key: Mapped[str] = mapped_column(_KEY)
    account_order: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    score: Mapped[float]
    raised: Mapped[bool]
    detected_at: Mapped[int | None]
    first_event: Mapped[int]
    last_event: Mapped[int]
    announced_at: Mapped[int | None]
    answer: Mapped[str | None]
    state: Mapped[str]
    account: Mapped[str]
    mailbox: Mapped[str]
    tenant: Mapped[str]
    network: Mapped[str]
    country: Mapped[str]
    app: Mapped[str]
    client: Mapped[str]
    title: Mapped[str]
    is_history: Mapped[bool] = mapped_column(server_default=false())
    slot: Mapped[int] = mapped_column(Integer, server_default="0")


class ShownRow(Model):
    """The part of a list entry that is only shown; read for the rows of a page alone."""

    __tablename__ = "queue_shown"

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class AliasRow(Model):
    """An earlier id of an incident, before more events changed it, and the present id."""

    __tablename__ = "aliases"
    __table_args__ = (Index("ix_aliases_new", "new"),)

    old: Mapped[str] = mapped_column(primary_key=True)
    new: Mapped[str]
    at: Mapped[int]


class AnnouncementRow(Model):
    """The announcement of an incident: users were alerted to it."""

    __tablename__ = "announcements"

    incident: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[int]
    raised: Mapped[bool]


class CandidateRow(Model):
    """One candidate of a day, as detection serialised it."""

    __tablename__ = "candidates"

    day: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tenant_key: Mapped[str] = mapped_column(_KEY)
    content: Mapped[bytes]


class DayRow(Model):
    """The counts of detection for a day."""

    __tablename__ = "days"

    day: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    slot: Mapped[int] = slot_column()
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class DirtyRow(Model):
    """A day with events that wait for scoring."""

    __tablename__ = "dirty"

    day: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    slot: Mapped[int] = slot_column()


class OutboxRow(Model):
    """A message to another program, kept until it is delivered or given up."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_next_at", "next_at", "id"),
        Index("ix_outbox_once_key", "once_key", unique=True),
    )

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    kind: Mapped[str]
    target: Mapped[str]
    incident: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)
    created_at: Mapped[int]
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[int | None]
    delivered_at: Mapped[int | None]
    failed_at: Mapped[int | None]
    last_error: Mapped[str]
    slot: Mapped[int] = mapped_column(Integer, server_default="0")
    once_key: Mapped[str | None] = mapped_column(_KEY)


class SourceRow(Model):
    """Counts and times of what arrived from a source."""

    __tablename__ = "sources"

    source_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    tenant: Mapped[str]
    records: Mapped[int]
    problems: Mapped[int]
    first_at: Mapped[int | None]
    last_at: Mapped[int | None]
    last_event: Mapped[int | None]
    typical_gap: Mapped[int | None]
    silent_since: Mapped[int | None]


class TotalRow(Model):
    """A sum over everything that was ever ingested."""

    __tablename__ = "totals"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = slot_column()
    value: Mapped[int]


class SettingRow(Model):
    """A setting that users change while the program runs."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class ContainmentRow(Model):
    """A containment; matching incidents are raised until a time, or until a user ends it."""

    __tablename__ = "containments"

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    plan: Mapped[str] = mapped_column(index=True)
    tenant: Mapped[str]
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)
    until: Mapped[int] = mapped_column(BigInteger)
    given_by: Mapped[str]
    given_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[str | None]


class FirstImportRow(Model):
    """The first import of an organisation, and whether candidates before the live window still wait."""

    __tablename__ = "first_imports"

    tenant_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    slot: Mapped[int] = slot_column()
    tenant: Mapped[str]
    began_at: Mapped[int]
    is_open: Mapped[bool]
    first_day: Mapped[int]
    last_day: Mapped[int | None]
    waiting_from: Mapped[int | None]
    notes: Mapped[list[dict[str, Any]]] = mapped_column(DocumentColumn)
