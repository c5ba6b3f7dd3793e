"""The span of each organisation's first import, and the past days whose candidates still wait for a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import FirstImportRow


@dataclass(frozen=True, slots=True)
class FirstImport:
    """The first import of one organisation: its existing logs, before events arrive as they happen.

    Days count from 1970, `began_at` is in microseconds. While `is_open`, all events of the organisation belong to the
    import. `first_day` to `last_day` is the span that is ranked together. `last_day` is None while the import is open, and
    if the span lies within the live window. `waiting_from` is the first day before the live window whose candidates are not
    ranked yet, None if all are. `notes` are coverage notes of the span, as JSON objects.
    """

    tenant: str
    began_at: int
    is_open: bool
    first_day: int
    last_day: int | None = None
    waiting_from: int | None = None
    notes: tuple[Mapping[str, Any], ...] = ()


class FirstImports:
    """First imports within one transaction."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (FirstImportRow.slot == slot,)

    def put(self, imports: Iterable[FirstImport]) -> None:
        """Store first imports, replacing those of the same organisations."""
        for one in imports:
            row = FirstImportRow(
                tenant_key=make_index_key(one.tenant),
                slot=self._slot,
                tenant=one.tenant,
                began_at=one.began_at,
                is_open=one.is_open,
                first_day=one.first_day,
                last_day=one.last_day,
                waiting_from=one.waiting_from,
                notes=[dict(note) for note in one.notes],
            )
            self._session.merge(row)
        self._session.flush()

    def all(self) -> list[FirstImport]:
        """Return all first imports by organisation."""
        query = select(FirstImportRow).where(*self._mine).order_by(FirstImportRow.tenant)
        return [_first_import(row) for row in self._session.execute(query).scalars()]

    def waiting(self) -> list[tuple[str, int]]:
        """Return (organisation, first waiting day) of each organisation with candidates that still wait."""
        columns = (FirstImportRow.tenant, FirstImportRow.waiting_from)
        query = select(*columns).where(FirstImportRow.waiting_from.is_not(None), *self._mine)
        found = self._session.execute(query.order_by(FirstImportRow.tenant))
        return [(tenant, int(day)) for tenant, day in found if day is not None]


def _first_import(row: FirstImportRow) -> FirstImport:
    return FirstImport(
        row.tenant,
        row.began_at,
        row.is_open,
        row.first_day,
        row.last_day,
        row.waiting_from,
        tuple(row.notes),
    )
