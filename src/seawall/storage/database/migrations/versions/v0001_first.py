"""Version 1: all tables, and triggers against changes of the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText, Number

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE = """
CREATE TRIGGER audit_no_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
_POSTGRESQL = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""


def upgrade() -> None:
    """Create the tables and the triggers."""
    _tables()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL)
    else:
        for what in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(what=what))


def downgrade() -> None:
    """Refuse: there is no earlier version."""
    raise NotImplementedError


def _tables() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", LogText(), nullable=False),
        sa.Column("action", LogText(), nullable=False),
        sa.Column("subject", LogText(), nullable=False),
        sa.Column("details", DocumentColumn(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("source_key", sa.String(length=32), nullable=False),
        sa.Column("source", LogText(), nullable=False),
        sa.Column("position", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("source_key", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "counters",
        sa.Column("name", LogText(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("account_key", sa.String(length=32), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("account", LogText(), nullable=False),
        sa.Column("answer", LogText(), nullable=False),
        sa.Column("scope", DocumentColumn(), nullable=False),
        sa.Column("note", LogText(), nullable=False),
        sa.Column("given_by", LogText(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_by", LogText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_account_key", "feedback", ["account_key"], unique=False)
    op.create_index("ix_feedback_incident", "feedback", ["incident"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", LogText(), nullable=False),
        sa.Column("tenant_key", sa.String(length=32), nullable=False),
        sa.Column("account_key", sa.String(length=32), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("account", LogText(), nullable=False),
        sa.Column("kind", LogText(), nullable=False),
        sa.Column("severity", LogText(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=False),
        sa.Column("last_event", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_account_key", "incidents", ["account_key"], unique=False)
    op.create_index("ix_incidents_last_event", "incidents", ["last_event"], unique=False)
    op.create_index("ix_incidents_revision", "incidents", ["revision"], unique=False)
    op.create_index("ix_incidents_score", "incidents", ["score", "id"], unique=False)
    op.create_index("ix_incidents_tenant_key_score", "incidents", ["tenant_key", "score", "id"], unique=False)
    op.create_table(
        "problems",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source_file", LogText(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("code", LogText(), nullable=False),
        sa.Column("reason", LogText(), nullable=False),
        sa.Column("field", LogText(), nullable=False),
        sa.Column("excerpt", LogText(), nullable=False),
        sa.Column("counts_as_record", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problems")),
    )
    op.create_index("ix_problems_code", "problems", ["code", "id"], unique=False)
    op.create_table(
        "states",
        sa.Column("name", LogText(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "position", name=op.f("pk_states")),
    )
    op.create_table(
        "users",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("name_key", sa.String(length=32), nullable=False),
        sa.Column("name", LogText(), nullable=False),
        sa.Column("role", LogText(), nullable=False),
        sa.Column("password_hash", LogText(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
    )
    op.create_table(
        "reasons",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("layer", LogText(), nullable=False),
        sa.Column("aspect", LogText(), nullable=False),
        sa.Column("text", LogText(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("value", LogText(), nullable=False),
        sa.Column("counts", DocumentColumn(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_reasons_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident", "position", name=op.f("pk_reasons")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_digest", LogText(), nullable=False),
        sa.Column("user", Number, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("address", LogText(), nullable=False),
        sa.Column("user_agent", LogText(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_user", "sessions", ["user"], unique=False)
