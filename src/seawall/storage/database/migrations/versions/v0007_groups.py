"""Version 7: groups of workers. What detection keeps belongs to a slot; a watch that is alone has slot 0."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEYS = {"days": "day", "dirty": "day", "totals": "name", "first_imports": "tenant_key"}


def upgrade() -> None:
    """Add slots to rows of detection, and the tables of groups."""
    for table, key in _KEYS.items():
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(f"pk_{table}", type_="primary")
            batch.add_column(_slot())
            batch.create_primary_key(f"pk_{table}", [key, "slot"])
    with op.batch_alter_table("candidates") as batch:
        batch.alter_column(
            "position", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=False
        )
    op.add_column("queue", _slot())
    op.add_column("outbox", _slot())
    op.add_column("outbox", sa.Column("once_key", sa.String(length=32), nullable=True))
    op.create_index("ix_outbox_once_key", "outbox", ["once_key"], unique=True)
    op.create_table(
        "slot_leases",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("holder", LogText(), nullable=False),
        sa.Column("worker", LogText(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("report", DocumentColumn(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_slot_leases")),
    )
    op.create_table(
        "slot_homes",
        sa.Column("tenant_key", sa.String(length=32), nullable=False),
        sa.Column("tenant", LogText(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_key", name=op.f("pk_slot_homes")),
    )
    op.create_index("ix_slot_homes_slot", "slot_homes", ["slot"])
    op.create_table(
        "handed_events",
        sa.Column("name", LogText(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_handed_events")),
    )
    op.create_index("ix_handed_events_slot", "handed_events", ["slot", "name"])


def _slot() -> sa.Column[int]:
    return sa.Column("slot", sa.Integer(), server_default="0", nullable=False)


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError
