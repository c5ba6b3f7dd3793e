"""Tables of incidents, users, the audit trail and progress. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from seawall.storage.database.columns import DocumentColumn, LogText, Number


class Model(DeclarativeBase):
    """Base of all tables; constraints have names, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy
        str: LogText(),
        int: BigInteger(),
        float: Double(),
        bool: Boolean(),
        bytes: LargeBinary(),
    }


_KEY = String(32)
_DIGEST = String(64)


class IncidentModel(Model):
    """An incident, mostly as a document; `QueueRow` has the columns that lists sort and filter by."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ix_incidents_last_event", "last_event"),
        Index("ix_incidents_revision", "revision"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_key: Mapped[str] = mapped_column(_KEY)
    account_key: Mapped[str] = mapped_column(_KEY)
    tenant: Mapped[str]
    account: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    score: Mapped[float]
    raised: Mapped[bool]
    detected_at: Mapped[int | None]
    first_event: Mapped[int]
    last_event: Mapped[int]
    revision: Mapped[int]
    content: Mapped[str] = mapped_column(_DIGEST)
    document: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class ReasonRow(Model):
    """One reason of an incident; `position` is its index in the incident."""

    __tablename__ = "reasons"

    incident: Mapped[str] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    layer: Mapped[str]
    aspect: Mapped[str]
    text: Mapped[str]
    weight: Mapped[float]
    value: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class FeedbackRow(Model):
    """An analyst's answer. It outlives its incident."""

    __tablename__ = "feedback"
    __table_args__ = (
        Index("ix_feedback_incident", "incident"),
        Index("ix_feedback_account_key", "account_key"),
    )

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    incident: Mapped[str]
    account_key: Mapped[str] = mapped_column(_KEY)
    tenant: Mapped[str]
    account: Mapped[str]
    answer: Mapped[str]
    scope: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)
    note: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[int]
    expires_at: Mapped[int | None]
    withdrawn_at: Mapped[int | None]
    withdrawn_by: Mapped[str | None]
    ended_at: Mapped[int | None]


class UserModel(Model):
    """A user who may sign in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    name_key: Mapped[str] = mapped_column(_KEY, unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[int]
    disabled_at: Mapped[int | None]
    organisations: Mapped[list[str] | None] = mapped_column(DocumentColumn)


class SessionRow(Model):
    """A signed-in session, with the SHA-256 of its token: the table's content signs nobody in."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user", "user"), Index("ix_sessions_expires_at", "expires_at"))

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    seen_at: Mapped[int]
    expires_at: Mapped[int]
    revoked_at: Mapped[int | None]
    address: Mapped[str]
    user_agent: Mapped[str]


class AuditRow(Model):
    """One entry of the audit trail: never changed or deleted, and linked to the entry before by its digest."""

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)
    previous: Mapped[str] = mapped_column(_DIGEST)
    digest: Mapped[str] = mapped_column(_DIGEST)


class CheckpointRow(Model):
    """The position up to which a source was read."""

    __tablename__ = "checkpoints"

    source_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    source: Mapped[str]
    position: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class StateRow(Model):
    """A piece of a detector's state; only changed pieces of a large state are written."""

    __tablename__ = "states"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    pieces: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(_DIGEST)
    content: Mapped[bytes]


class ProblemRow(Model):
    """A record or file that could not be read, and the reason."""

    __tablename__ = "problems"
    __table_args__ = (Index("ix_problems_code", "code", "id"),)

    id: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    at: Mapped[int]
    source_file: Mapped[str]
    line: Mapped[int]
    code: Mapped[str]
    reason: Mapped[str]
    field: Mapped[str]
    excerpt: Mapped[str]
    counts_as_record: Mapped[bool]


class CounterRow(Model):
    """A counter that only grows: the revision of incidents, the generation of the writer."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
