"""Tables of a group of workers: who holds which slot, which slot an organisation belongs to, and records handed over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from seawall.storage.database.columns import DocumentColumn
from seawall.storage.database.models import Model

_KEY = String(32)


class SlotLeaseRow(Model):
    """The right to write a slot. `generation` grows with each holder; the right ends at `held_until`, if it is not renewed."""

    __tablename__ = "slot_leases"

    slot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str]
    worker: Mapped[str]
    since: Mapped[int]
    held_until: Mapped[int]
    report: Mapped[dict[str, Any]] = mapped_column(DocumentColumn)


class SlotHomeRow(Model):
    """The slot that scores an organisation: that of the partition in which its first record lay."""

    __tablename__ = "slot_homes"
    __table_args__ = (Index("ix_slot_homes_slot", "slot"),)

    tenant_key: Mapped[str] = mapped_column(_KEY, primary_key=True)
    tenant: Mapped[str]
    slot: Mapped[int] = mapped_column(Integer)


class HandedRow(Model):
    """Events that lay in another slot's partition, kept until the slot of their organisation has taken them."""

    __tablename__ = "handed_events"
    __table_args__ = (Index("ix_handed_events_slot", "slot", "name"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)
