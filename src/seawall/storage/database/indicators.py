"""Indicators that analysts saved: values that are the intruder's, from a time on. Each is a setting of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import SettingRow
from seawall.storage.database.narrowing import SAVED_INDICATOR, is_held
from seawall_base.errors import UsageError

MOST_INDICATORS = 1_000
LONGEST_NOTE = 2_000
_PREFIX = SAVED_INDICATOR


@dataclass(frozen=True, slots=True)
class SavedIndicator:
    """A value that is the intruder's from `since` on, in one organisation (empty: in all).

    `subject` is the value as look-ups write it (`ip:203.0.113.7`). `by` saved it at `at`; times are microseconds.
    """

    subject: str
    tenant: str
    since: int
    note: str
    by: str
    at: int

    @property
    def key(self) -> str:
        """Return the key: one value is saved once for an organisation."""
        return make_index_key(self.subject, self.tenant)


class SavedIndicators:
    """Saved indicators within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, one: SavedIndicator) -> None:
        """Save an indicator, replacing an earlier one of this value. Raises `UsageError` if there are too many."""
        if len(one.note) > LONGEST_NOTE:
            raise UsageError(f"a note holds at most {LONGEST_NOTE:,} characters", fix="shorten it")
        if not is_held(self._session, one.tenant):
            raise UsageError(
                "you may not save an indicator for this organisation", fix="choose one of your organisations"
            )
        if self.get(one.key) is None and len(self.all()) >= MOST_INDICATORS:
            raise UsageError(f"there are {MOST_INDICATORS:,} indicators already", fix="remove one first")
        document = {name: getattr(one, name) for name in SavedIndicator.__dataclass_fields__}
        self._session.merge(SettingRow(name=_PREFIX + one.key, document=document))
        self._session.flush()

    def get(self, key: str) -> SavedIndicator | None:
        """Return an indicator by its key, None if there is none."""
        row = self._session.get(SettingRow, _PREFIX + key, populate_existing=True)
        one = None if row is None else _read(row.document)
        return one if one is not None and is_held(self._session, one.tenant) else None

    def all(self) -> list[SavedIndicator]:
        """Return the indicators, the last saved first."""
        query = select(SettingRow).where(SettingRow.name.startswith(_PREFIX, autoescape=True))
        found = [_read(row.document) for row in self._session.execute(query).scalars()]
        found = [one for one in found if is_held(self._session, one.tenant)]
        return sorted(found, key=lambda one: (-one.at, one.subject, one.tenant))

    def remove(self, key: str) -> bool:
        """Delete an indicator; return False if there is none."""
        if self.get(key) is None:
            return False
        gone = delete(SettingRow).where(SettingRow.name == _PREFIX + key).returning(SettingRow.name)
        return bool(self._session.execute(gone).all())


def _read(document: dict[str, Any]) -> SavedIndicator:
    return SavedIndicator(**document)
