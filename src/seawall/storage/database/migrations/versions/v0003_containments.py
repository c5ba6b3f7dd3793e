"""Version 3: containments, so that an attacker's return is raised regardless of the alert budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText, Number

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "containments",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("plan", LogText(), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("given_by", LogText(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", LogText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_containments")),
    )
    op.create_index(op.f("ix_containments_plan"), "containments", ["plan"], unique=False)


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError
