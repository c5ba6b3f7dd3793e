"""Version 2: continuous detection, the incident queue, and sign-in.

`Incidents.refill` fills the queue afterwards from the existing incidents.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText, Number

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the new tables, and drop indexes that the queue's indexes replace."""
    _detection()
    _queue()
    _people()
    op.add_column("feedback", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    op.drop_index(op.f("ix_incidents_account_key"), table_name="incidents")
    op.drop_index(op.f("ix_incidents_score"), table_name="incidents")
    op.drop_index(op.f("ix_incidents_tenant_key_score"), table_name="incidents")


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError


def _detection() -> None:
    op.create_table(
        "aliases",
        sa.Column("old", LogText(), nullable=False),
        sa.Column("new", LogText(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("old", name=op.f("pk_aliases")),
    )
    op.create_index("ix_aliases_new", "aliases", ["new"], unique=False)
    op.create_table(
        "announcements",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_announcements")),
    )
    op.create_table(
        "candidates",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tenant_key", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "position", name=op.f("pk_candidates")),
    )
    op.create_table(
        "days",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_days")),
    )
    op.create_table(
        "dirty",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_dirty")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("kind", LogText(), nullable=False),
        sa.Column("target", LogText(), nullable=False),
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", LogText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_next_at", "outbox", ["next_at", "id"], unique=False)
    op.create_table(
        "settings",
        sa.Column("name", LogText(), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "sources",
        sa.Column("source_key", sa.String(length=32), nullable=False),
        sa.Column("name", LogText(), nullable=False),
        sa.Column("kind", LogText(), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("problems", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("last_event", sa.BigInteger(), nullable=True),
        sa.Column("typical_gap", sa.BigInteger(), nullable=True),
        sa.Column("silent_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source_key", name=op.f("pk_sources")),
    )
    op.create_table(
        "totals",
        sa.Column("name", LogText(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_totals")),
    )


def _queue() -> None:
    op.create_table(
        "queue",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("tenant_key", sa.String(length=32), nullable=False),
        sa.Column("account_key", sa.String(length=32), nullable=False),
        sa.Column("account_order", LogText(), nullable=False),
        sa.Column("kind", LogText(), nullable=False),
        sa.Column("severity", LogText(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=False),
        sa.Column("last_event", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", LogText(), nullable=True),
        sa.Column("state", LogText(), nullable=False),
        sa.Column("account", LogText(), nullable=False),
        sa.Column("mailbox", LogText(), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("network", LogText(), nullable=False),
        sa.Column("country", LogText(), nullable=False),
        sa.Column("app", LogText(), nullable=False),
        sa.Column("client", LogText(), nullable=False),
        sa.Column("title", LogText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_queue_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_queue")),
    )
    op.create_index("ix_queue_account_key", "queue", ["account_key"], unique=False)
    op.create_index("ix_queue_account_order", "queue", ["account_order", "incident"], unique=False)
    op.create_index("ix_queue_announced_at", "queue", ["announced_at"], unique=False)
    op.create_index("ix_queue_last_event", "queue", ["last_event", "incident"], unique=False)
    op.create_index("ix_queue_score", "queue", ["score", "incident"], unique=False)
    op.create_index("ix_queue_state_last_event", "queue", ["state", "last_event", "incident"], unique=False)
    op.create_index("ix_queue_state_score", "queue", ["state", "score", "incident"], unique=False)
    op.create_index("ix_queue_tenant_key_score", "queue", ["tenant_key", "score", "incident"], unique=False)
    op.create_index("ix_queue_state_severity", "queue", ["state", "severity"], unique=False)
    op.create_table(
        "queue_shown",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_queue_shown_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_queue_shown")),
    )


def _people() -> None:
    op.create_table(
        "invites",
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("purpose", LogText(), nullable=False),
        sa.Column("user", Number, nullable=True),
        sa.Column("created_by", LogText(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_invites_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_invites")),
    )
    op.create_index("ix_invites_user", "invites", ["user"], unique=False)
    op.create_table(
        "oidc_identities",
        sa.Column("identity_key", sa.String(length=32), nullable=False),
        sa.Column("issuer", LogText(), nullable=False),
        sa.Column("subject", LogText(), nullable=False),
        sa.Column("user", Number, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user"], ["users.id"], name=op.f("fk_oidc_identities_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("identity_key", name=op.f("pk_oidc_identities")),
    )
    op.create_index("ix_oidc_identities_user", "oidc_identities", ["user"], unique=False)
    op.create_table(
        "passkeys",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("user", Number, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", DocumentColumn(), nullable=False),
        sa.Column("label", LogText(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_passkeys_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_user", "passkeys", ["user"], unique=False)
    op.create_table(
        "totp",
        sa.Column("user", Number, autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_totp_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_totp")),
    )
    op.create_table(
        "ingest_tokens",
        sa.Column("name_key", sa.String(length=32), nullable=False),
        sa.Column("name", LogText(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_by", LogText(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_ingest_tokens")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_ingest_tokens_token_digest")),
    )
    op.create_table(
        "views",
        sa.Column("view_key", sa.String(length=32), nullable=False),
        sa.Column("owner_key", sa.String(length=32), nullable=False),
        sa.Column("owner", LogText(), nullable=False),
        sa.Column("name", LogText(), nullable=False),
        sa.Column("query", LogText(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("view_key", name=op.f("pk_views")),
    )
    op.create_index(op.f("ix_views_owner_key"), "views", ["owner_key"], unique=False)
