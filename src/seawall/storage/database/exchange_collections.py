"""Objects of the console's TAXII collections, in the order in which they were added. Each is a setting of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import pieces
from seawall.storage.database.live_models import SettingRow

MOST_OBJECTS: Final = 10_000
"""Objects of one collection."""

MOST_EACH: Final = 2_000
"""Objects of one contributor in a collection, so that nobody fills it."""

_PREFIX: Final = "exchange object "


@dataclass(frozen=True, slots=True)
class CollectionObject:
    """One version of an object: its id, the version's time as text and in microseconds, and its JSON.

    `end` is when its validity ends (None: never), `by` who added it. `added` is when, in microseconds; no two objects of a
    collection have the same. It is 0 until the object is added.
    """

    id: str
    version: str
    version_time: int
    text: str
    by: str
    end: int | None = None
    added: int = 0


RefusalReason = Literal["ended", "foreign", "full"]
"""Why an object was not added: its validity has ended, its id is another contributor's, or there is no room."""


@dataclass(frozen=True, slots=True)
class CollectionAddition:
    """How many objects were added, how many were there already, and which were refused, with the reason."""

    added: int
    known: int
    refused: tuple[tuple[CollectionObject, RefusalReason], ...]


class CollectionObjects:
    """The objects of all collections within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def stamp(self, collection: str) -> tuple[int, str]:
        """Return what changes with every change of a collection: the number of objects, and the last one's name."""
        query = select(func.count(), func.max(SettingRow.name)).where(self._within(collection))
        count, last = self._session.execute(query).one()
        return int(count), str(last or "")

    def all(self, collection: str) -> list[CollectionObject]:
        """Return the objects of a collection, the first added first."""
        query = select(SettingRow).where(self._within(collection)).order_by(SettingRow.name)
        return [CollectionObject(**row.document) for row in self._session.execute(query).scalars()]

    def add(self, collection: str, objects: Iterable[CollectionObject], now: int) -> CollectionAddition:
        """Add objects at `now` (microseconds). A version that is there already stays as it is; ended ones make room.

        An id belongs to the contributor who added it first: nobody else changes or takes back the object.
        """
        everything = self.all(collection)
        held = [one for one in everything if not _is_ended(one, now)]
        self._remove(collection, [one for one in everything if _is_ended(one, now)])
        known = {(one.id, one.version) for one in held}
        owners = {one.id: one.by for one in reversed(held)}
        each = Counter(one.by for one in held)
        room = MOST_OBJECTS - len(held)
        moment = max([now, *(one.added + 1 for one in everything)])
        added = duplicates = 0
        refused: list[tuple[CollectionObject, RefusalReason]] = []
        for one in objects:
            if _is_ended(one, now):
                refused.append((one, "ended"))
            elif owners.setdefault(one.id, one.by) != one.by:
                refused.append((one, "foreign"))
            elif (one.id, one.version) in known:
                duplicates += 1
            elif added >= room or each[one.by] >= MOST_EACH:
                refused.append((one, "full"))
            else:
                known.add((one.id, one.version))
                each[one.by] += 1
                self._session.add(_row(self._name(collection, moment + added), one, moment + added))
                added += 1
        self._session.flush()
        return CollectionAddition(added, duplicates, tuple(refused))

    def _remove(self, collection: str, objects: Iterable[CollectionObject]) -> None:
        for piece in pieces([self._name(collection, one.added) for one in objects]):
            self._session.execute(delete(SettingRow).where(SettingRow.name.in_(piece)))

    @staticmethod
    def _within(collection: str) -> Any:
        return SettingRow.name.startswith(f"{_PREFIX}{collection} ", autoescape=True)

    @staticmethod
    def _name(collection: str, added: int) -> str:
        return f"{_PREFIX}{collection} {added:020d}"


def _is_ended(one: CollectionObject, now: int) -> bool:
    return one.end is not None and one.end <= now


def _row(name: str, one: CollectionObject, added: int) -> SettingRow:
    document = {field: getattr(one, field) for field in CollectionObject.__dataclass_fields__}
    return SettingRow(name=name, document={**document, "added": added})
