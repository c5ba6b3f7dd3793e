"""Counts and times of each source, and sums over all sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import SourceRow, TotalRow


@dataclass(frozen=True, slots=True)
class StoredSource:
    """Counts and times of one source.

    Times and `typical_gap` are in microseconds; `silent_since` is None while records arrive.
    """

    name: str
    kind: str
    tenant: str = ""
    records: int = 0
    problems: int = 0
    first_at: int | None = None
    last_at: int | None = None
    last_event: int | None = None
    typical_gap: int | None = None
    silent_since: int | None = None


_FIELDS = tuple(field.name for field in dataclasses.fields(StoredSource))


class Sources:
    """Sources within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, sources: Iterable[StoredSource]) -> None:
        """Store sources, replacing those with the same names."""
        for source in sources:
            values = {name: getattr(source, name) for name in _FIELDS}
            self._session.merge(SourceRow(source_key=make_index_key(source.name), **values))
        self._session.flush()

    def get(self, name: str) -> StoredSource | None:
        """Return a source by name, None if it is unknown."""
        row = self._session.get(SourceRow, make_index_key(name), populate_existing=True)
        return None if row is None else _source(row)

    def all(self) -> list[StoredSource]:
        """Return every source by name."""
        return [
            _source(row)
            for row in self._session.execute(select(SourceRow).order_by(SourceRow.name)).scalars()
        ]

    def forget(self, name: str) -> None:
        """Delete a source that no longer exists."""
        self._session.execute(delete(SourceRow).where(SourceRow.source_key == make_index_key(name)))


class Totals:
    """Sums by name within one transaction: records, problems, batches and others."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (TotalRow.slot == slot,)

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add amounts to sums; a new sum begins at 0."""
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(TotalRow)
        for name, amount in sorted(amounts.items()):
            grown = {"value": TotalRow.value + amount}
            self._session.execute(
                insert.values(name=name, slot=self._slot, value=amount).on_conflict_do_update(
                    index_elements=[TotalRow.name, TotalRow.slot], set_=grown
                )
            )

    def put(self, values: Mapping[str, int]) -> None:
        """Set sums to values."""
        for name, value in values.items():
            self._session.merge(TotalRow(name=name, slot=self._slot, value=value))
        self._session.flush()

    def all(self) -> dict[str, int]:
        """Return every sum by name."""
        query = select(TotalRow.name, func.sum(TotalRow.value)).where(*self._mine)
        rows = self._session.execute(query.group_by(TotalRow.name).order_by(TotalRow.name))
        return {name: int(value) for name, value in rows}


def _source(row: SourceRow) -> StoredSource:
    return StoredSource(**{name: getattr(row, name) for name in _FIELDS})
