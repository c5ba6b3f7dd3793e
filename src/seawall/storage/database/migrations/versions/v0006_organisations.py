"""Version 6: the organisations that a user is limited to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; existing users are limited to none, and see all organisations."""
    op.add_column("users", sa.Column("organisations", DocumentColumn(), nullable=True))


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError
