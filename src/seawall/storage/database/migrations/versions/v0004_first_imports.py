"""Version 4: first imports of organisations, and the mark of incidents that are history.

History incidents were older than the live window when they were found.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and add a column to the queue; existing incidents are not history."""
    op.create_table(
        "first_imports",
        sa.Column("tenant_key", sa.String(length=32), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.BigInteger(), nullable=False),
        sa.Column("last_day", sa.BigInteger(), nullable=True),
        sa.Column("waiting_from", sa.BigInteger(), nullable=True),
        sa.Column("notes", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_key", name=op.f("pk_first_imports")),
    )
    op.add_column("queue", sa.Column("is_history", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError
