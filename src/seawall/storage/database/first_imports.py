"""How far the first import of each organisation reaches, and what of its past is not judged yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database.columns import key
from seawall.storage.database.live_models import FirstImportRow


@dataclass(frozen=True, slots=True)
class FirstImport:
    """The first import of one organisation. Days count from the epoch, `began_at` is in microseconds.

    While it `is_open`, everything that comes belongs to it. `first_day` and `last_day` are the days that it is judged over;
    `last_day` is None while it is open, and where it fits into the live window, so that all of it is judged there.
    `waiting_from` is the first day outside the live window whose candidates are not judged yet, None where all are. `notes` are
    the coverage notes of its span, as plain data.
    """

    tenant: str
    began_at: int
    is_open: bool
    first_day: int
    last_day: int | None = None
    waiting_from: int | None = None
    notes: tuple[Mapping[str, Any], ...] = ()


class FirstImports:
    """The first imports in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, imports: Iterable[FirstImport]) -> None:
        """Keep first imports, in place of what was kept of the same organisations."""
        for one in imports:
            row = FirstImportRow(
                tenant_key=key(one.tenant),
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
        """Return all of them, by organisation."""
        query = select(FirstImportRow).order_by(FirstImportRow.tenant)
        return [_first_import(row) for row in self._session.execute(query).scalars()]

    def waiting(self) -> list[tuple[str, int]]:
        """Return the organisations of which something is not judged yet, each with its first such day."""
        columns = (FirstImportRow.tenant, FirstImportRow.waiting_from)
        query = select(*columns).where(FirstImportRow.waiting_from.is_not(None))
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
