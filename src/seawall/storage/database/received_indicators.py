"""Indicators that came from other organisations, and up to where each collection was read. Each is a setting of its own.

They stay apart from the values that analysts saved: what others say is a lead, and no scope search starts from it by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import pieces
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import SettingRow

MOST_RECEIVED: Final = 20_000
"""Received indicators of a store. Of each source, those that were changed last are kept."""

_PREFIX: Final = "received indicator "
_FEED: Final = "received collection "
_REVISION: Final = "received revision"


@dataclass(frozen=True, slots=True)
class ReceivedIndicator:
    """An indicator that came from `source`, a collection's address, under its `id` there.

    `values` are (kind, value) pairs, any of which matches; with `is_hashed` they are hashes with the group's key. It is valid
    from `start` to before `end` (None: without end). `confidence` is 0 to 100, or None. `tlp` is "" without a marking.
    `modified` is the version's time and `at` when it came; times are microseconds.
    """

    source: str
    id: str
    values: tuple[tuple[str, str], ...]
    start: int
    modified: int
    at: int
    end: int | None = None
    is_hashed: bool = False
    confidence: int | None = None
    tlp: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Return the key: one id of one source is one indicator."""
        return make_index_key(self.source, self.id)


class ReceivedIndicators:
    """Received indicators within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __len__(self) -> int:
        """Return how many there are."""
        query = select(func.count(SettingRow.name)).where(
            SettingRow.name.startswith(_PREFIX, autoescape=True)
        )
        return self._session.execute(query).scalar_one()

    def put(self, found: Iterable[ReceivedIndicator]) -> int:
        """Keep indicators that are new, or newer than what is kept; return how many those are.

        Beyond `MOST_RECEIVED`, those of the largest sources that were changed longest ago are deleted: a source that sends too
        much, or versions of the future, displaces no other's.
        """
        newest: dict[str, ReceivedIndicator] = {}
        for one in found:
            known = newest.get(one.key)
            if known is None or known.modified < one.modified:
                newest[one.key] = one
        held = self._versions(list(newest))
        news = {key: one for key, one in newest.items() if held.get(key, -1) < one.modified}
        for key, one in news.items():
            self._session.merge(SettingRow(name=_PREFIX + key, document=_document(one)))
        if news:
            self._note_change()
        self._session.flush()
        if len(self) > MOST_RECEIVED:
            self.remove([one.key for one in _share_places(self.all())[MOST_RECEIVED:]])
        return len(news)

    def _versions(self, keys: Sequence[str]) -> dict[str, int]:
        """Return when the held version of each of these indicators was made, by key."""
        found: dict[str, int] = {}
        for piece in pieces(keys):
            query = select(SettingRow).where(SettingRow.name.in_([_PREFIX + key for key in piece]))
            for row in self._session.execute(query).scalars():
                found[row.name.removeprefix(_PREFIX)] = int(row.document["modified"])
        return found

    def all(self) -> list[ReceivedIndicator]:
        """Return the indicators, the last changed first."""
        query = select(SettingRow).where(SettingRow.name.startswith(_PREFIX, autoescape=True))
        found = [_read(row.document) for row in self._session.execute(query).scalars()]
        return sorted(found, key=lambda one: (-one.modified, one.source, one.id))

    def remove(self, keys: Sequence[str]) -> int:
        """Delete indicators by key; return how many there were."""
        count = 0
        for piece in pieces(keys):
            gone = delete(SettingRow).where(SettingRow.name.in_([_PREFIX + key for key in piece]))
            count += len(self._session.execute(gone.returning(SettingRow.name)).all())
        if count:
            self._note_change()
        return count

    @property
    def revision(self) -> int:
        """Return a number that grows with every change, 0 before the first."""
        row = self._session.get(SettingRow, _REVISION, populate_existing=True)
        return 0 if row is None else int(row.document["revision"])

    def _note_change(self) -> None:
        self._session.merge(SettingRow(name=_REVISION, document={"revision": self.revision + 1}))
        self._session.flush()

    def remove_ended(self, now: int) -> int:
        """Delete the indicators whose validity has ended; return how many there were."""
        return self.remove([one.key for one in self.all() if one.end is not None and one.end <= now])

    def read_up_to(self, source: str) -> str:
        """Return the time of addition up to which a collection was read, as its server wrote it, "" if never."""
        row = self._session.get(SettingRow, _FEED + make_index_key(source), populate_existing=True)
        return "" if row is None else str(row.document["added_after"])

    def note_read(self, source: str, added_after: str) -> None:
        """Store up to where a collection was read."""
        document = {"source": source, "added_after": added_after}
        self._session.merge(SettingRow(name=_FEED + make_index_key(source), document=document))
        self._session.flush()


def _share_places(found: Sequence[ReceivedIndicator]) -> list[ReceivedIndicator]:
    """Return indicators, the last changed first, so that each source's first comes before any source's second."""
    places: Counter[str] = Counter()
    turns = []
    for one in found:
        turns.append(places[one.source])
        places[one.source] += 1
    return [found[number] for number in sorted(range(len(found)), key=turns.__getitem__)]


def _document(one: ReceivedIndicator) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ReceivedIndicator.__dataclass_fields__}


def _read(document: dict[str, Any]) -> ReceivedIndicator:
    values = tuple((str(kind), str(value)) for kind, value in document["values"])
    return ReceivedIndicator(**{**document, "values": values})
