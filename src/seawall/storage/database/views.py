"""Saved searches of users, and settings that change while the program runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import SettingRow
from seawall.storage.database.user_models import ViewRow
from seawall_base.errors import UsageError

LONGEST_NAME = 100
LONGEST_QUERY = 4000
MOST_VIEWS = 200


@dataclass(frozen=True, slots=True)
class View:
    """A saved search: `query` is the text that its owner typed."""

    owner: str
    name: str
    query: str
    created_at: int


class SavedSearches:
    """Saved searches within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, owner: str, name: str, query: str, *, at: int) -> View:
        """Save a search under a name, replacing an earlier one. Raises `UsageError` if it is too long or the owner has too
        many.
        """
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"the name of a view has 1 to {LONGEST_NAME} printable characters")
        if len(query) > LONGEST_QUERY:
            raise UsageError(f"a view holds at most {LONGEST_QUERY} characters")
        count = select(func.count()).select_from(ViewRow).where(ViewRow.owner_key == make_index_key(owner))
        is_new = self._session.get(ViewRow, make_index_key(owner, name)) is None
        if is_new and self._session.execute(count).scalar_one() >= MOST_VIEWS:
            raise UsageError(f"there are {MOST_VIEWS} views already", fix="delete one first")
        row = ViewRow(
            view_key=make_index_key(owner, name),
            owner_key=make_index_key(owner),
            owner=owner,
            name=name,
            query=query,
            created_at=at,
        )
        self._session.merge(row)
        self._session.flush()
        return View(owner, name, query, at)

    def of(self, owner: str) -> list[View]:
        """Return a user's saved searches by name."""
        query = select(ViewRow).where(ViewRow.owner_key == make_index_key(owner)).order_by(ViewRow.name)
        rows = self._session.execute(query).scalars()
        return [View(row.owner, row.name, row.query, row.created_at) for row in rows]

    def remove(self, owner: str, name: str) -> bool:
        """Delete a saved search; return False if there is none with this name."""
        gone = (
            delete(ViewRow).where(ViewRow.view_key == make_index_key(owner, name)).returning(ViewRow.view_key)
        )
        return bool(self._session.execute(gone).all())


class DatabaseSettings:
    """Settings within one transaction: a JSON object by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a setting, replacing an earlier one."""
        self._session.merge(SettingRow(name=name, document=dict(document)))
        self._session.flush()

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a setting, None if it was never changed."""
        row = self._session.get(SettingRow, name, populate_existing=True)
        return None if row is None else row.document

    def find_all(self, name: str, prefix: str) -> list[dict[str, Any]]:
        """Return the setting of this name, and those whose names begin with the prefix, by name."""
        wanted = (SettingRow.name == name) | SettingRow.name.startswith(prefix, autoescape=True)
        query = select(SettingRow).where(wanted).order_by(SettingRow.name)
        return [row.document for row in self._session.execute(query).scalars()]

    def all(self) -> dict[str, dict[str, Any]]:
        """Return every changed setting by name."""
        rows = self._session.execute(select(SettingRow).order_by(SettingRow.name)).scalars()
        return {row.name: row.document for row in rows}

    def forget(self, name: str) -> None:
        """Delete a setting, so that its default applies."""
        self._session.execute(delete(SettingRow).where(SettingRow.name == name))
