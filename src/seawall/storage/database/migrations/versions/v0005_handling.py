"""Version 5: what analysts add to incidents, and the traits by which incidents resemble each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seawall.storage.database.columns import DocumentColumn, LogText, Number

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the traits of stored incidents are derived afterwards."""
    op.create_table(
        "handling",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("owner", LogText(), nullable=True),
        sa.Column("status", LogText(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", LogText(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_handling")),
    )
    _create("tags", sa.Column("tag", LogText(), nullable=False), *_removal(), index="tag")
    _create(
        "comments",
        sa.Column("text", LogText(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        *_removal(),
    )
    _create(
        "tasks",
        sa.Column("title", LogText(), nullable=False),
        sa.Column("assignee", LogText(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_by", LogText(), nullable=True),
        *_removal(),
    )
    op.create_index("ix_tasks_due_at", "tasks", ["due_at", "id"])
    _create(
        "stars",
        sa.Column("record", LogText(), nullable=False),
        sa.Column("record_at", sa.BigInteger(), nullable=False),
        sa.Column("remark", LogText(), nullable=False),
        sa.Column("document", DocumentColumn(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_removal(),
    )
    op.create_table(
        "merges",
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("lead", LogText(), nullable=False),
        sa.Column("member", LogText(), nullable=False),
        sa.Column("note", LogText(), nullable=False),
        sa.Column("given_by", LogText(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", LogText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    for name in ("lead", "member"):
        op.create_index(f"ix_merges_{name}", "merges", [name])
    op.create_table(
        "traits",
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("value_key", sa.String(length=32), nullable=False),
        sa.Column("kind", LogText(), nullable=False),
        sa.Column("value", LogText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_traits_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident", "value_key", name=op.f("pk_traits")),
    )
    op.create_index("ix_traits_value_key", "traits", ["value_key"])


def _create(table: str, *columns: sa.Column[object], index: str | None = None) -> None:
    op.create_table(
        table,
        sa.Column("id", Number, autoincrement=True, nullable=False),
        sa.Column("incident", LogText(), nullable=False),
        sa.Column("given_by", LogText(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_incident", table, ["incident"])
    if index is not None:
        op.create_index(f"ix_{table}_{index}", table, [index])


def _removal() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", LogText(), nullable=True),
    )


def downgrade() -> None:
    """Refuse: restore a backup instead."""
    raise NotImplementedError
