"""Log records that analysts starred, with a remark: the material of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from seawall.storage.database import overlay
from seawall.storage.database.handling_models import StarRow
from seawall_base.errors import UsageError

LONGEST_REMARK = 1000
MOST_STARS = 200
LONGEST_DOCUMENT = 64 * 1024
"""Characters of a record that is kept with its star; longer ones keep their facts, without the remaining fields."""


@dataclass(frozen=True, slots=True)
class RecordStar:
    """One starred record: its id, time (microseconds) and facts as they were when it was starred."""

    id: int
    incident: str
    record: str
    record_at: int
    remark: str
    document: Mapping[str, Any]
    given_by: str
    given_at: int
    version: int


class RecordStars:
    """Starred records within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, incident: str) -> list[RecordStar]:
        """Return the starred records of an incident and of its earlier ids, in order of the records' time."""
        names = overlay.list_names(self._session, incident)
        query = select(StarRow).where(StarRow.incident.in_(names), StarRow.removed_at.is_(None))
        rows = self._session.execute(query.order_by(StarRow.record_at, StarRow.id)).scalars()
        return [_star(row) for row in rows]

    def add(
        self,
        incident: str,
        record: str,
        document: Mapping[str, Any],
        *,
        record_at: int,
        remark: str,
        by: str,
        at: int,
    ) -> RecordStar:
        """Star a record; one that is starred already gets the remark. Raises `UsageError`."""
        remark = overlay.check_text(remark, "the remark", LONGEST_REMARK, is_required=False)
        overlay.begin_change(self._session, incident)
        known = self.of(incident)
        for star in known:
            if star.record == record:
                return self.change(star.id, remark, expected=star.version)[1]
        if len(known) >= MOST_STARS:
            raise UsageError(
                f"an incident has at most {MOST_STARS} starred records", fix="remove a star first"
            )
        row = StarRow(
            incident=incident, record=record, record_at=record_at, remark=remark, document=_shorten(document),
            given_by=by, given_at=at, version=1,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        made = _star(row)
        overlay.stamp(self._session, incident)
        return made

    def change(self, id_: int, remark: str, *, expected: int) -> tuple[RecordStar, RecordStar]:
        """Store another remark; return the star before and after. Raises `ChangedMeanwhile` and `UsageError`."""
        remark = overlay.check_text(remark, "the remark", LONGEST_REMARK, is_required=False)
        row = overlay.begin_row_change(self._session, StarRow, id_, "starred record")
        overlay.check_version(row.version, expected)
        before = _star(row)
        row.remark, row.version = remark, expected + 1
        self._session.flush()
        after = _star(row)
        overlay.stamp_resolved(self._session, after.incident)
        return before, after

    def remove(self, id_: int, *, by: str, at: int) -> RecordStar:
        """Remove a star, and return what it was. Raises `UsageError`."""
        row = overlay.begin_row_change(self._session, StarRow, id_, "starred record")
        gone = _star(row)
        row.removed_at, row.removed_by = at, by
        self._session.flush()
        overlay.stamp_resolved(self._session, gone.incident)
        return gone


def _shorten(document: Mapping[str, Any]) -> dict[str, Any]:
    if len(json.dumps(document)) <= LONGEST_DOCUMENT:
        return dict(document)
    kept = {name: value for name, value in document.items() if not isinstance(value, dict | list)}
    return {name: value[:1000] if isinstance(value, str) else value for name, value in kept.items()}


def _star(row: StarRow) -> RecordStar:
    return RecordStar(
        row.id, row.incident, row.record, row.record_at, row.remark, row.document, row.given_by, row.given_at,
        row.version,
    )  # fmt: skip
