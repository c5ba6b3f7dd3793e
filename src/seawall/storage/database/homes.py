"""The slot of each organisation, and events that lay in the partition of another slot."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import pieces
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.group_models import HandedRow, SlotHomeRow


class SlotHomes:
    """The slots of organisations within one transaction. An organisation keeps its slot for good."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, slot: int, tenants: Iterable[str]) -> dict[str, int]:
        """Give the organisations that have no slot yet to a slot; return the slot of each organisation."""
        wanted = sorted(set(tenants))
        keys = {make_index_key(tenant): tenant for tenant in wanted}
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(SlotHomeRow).on_conflict_do_nothing()
        for key, tenant in sorted(
            keys.items()
        ):  # in one order, so that two workers cannot wait for each other
            self._session.execute(insert.values(tenant_key=key, tenant=tenant, slot=slot))
        found: dict[str, int] = {}
        for piece in pieces(sorted(keys)):
            query = select(SlotHomeRow.tenant_key, SlotHomeRow.slot).where(SlotHomeRow.tenant_key.in_(piece))
            found.update((keys[key], int(home)) for key, home in self._session.execute(query))
        return found

    def of(self, slot: int) -> frozenset[str]:
        """Return the organisations of a slot."""
        query = select(SlotHomeRow.tenant).where(SlotHomeRow.slot == slot)
        return frozenset(self._session.execute(query).scalars())

    def counts(self) -> dict[int, int]:
        """Return the number of organisations of each slot."""
        found: dict[int, int] = {}
        for slot in self._session.execute(select(SlotHomeRow.slot)).scalars():
            found[slot] = found.get(slot, 0) + 1
        return found


class HandedEvents:
    """Events handed from one slot to another, within one transaction: bytes by a name that a repetition does not change."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, name: str, slot: int, content: bytes) -> None:
        """Store events for a slot. Events of a known name are not stored again."""
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(HandedRow).on_conflict_do_nothing()
        self._session.execute(insert.values(name=name, slot=slot, content=content))

    def of(self, slot: int, limit: int = 20) -> list[tuple[str, bytes]]:
        """Return the names and contents of up to `limit` entries for a slot, by name."""
        query = select(HandedRow.name, HandedRow.content).where(HandedRow.slot == slot)
        return [
            (name, content)
            for name, content in self._session.execute(query.order_by(HandedRow.name).limit(limit))
        ]

    def forget(self, name: str) -> None:
        """Delete an entry that its slot has taken."""
        self._session.execute(delete(HandedRow).where(HandedRow.name == name))
