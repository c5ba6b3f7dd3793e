"""A lake as somebody sees it who is limited to organisations.

It has the methods of a lake that read, and no others: whatever is not here fails. Events without an organisation are
nobody's, so it shows none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.lake.account_names import Names, no_names
from seawall.storage.lake.accounts import (
    AccountProfile,
    LakeAccount,
    LakeTimeline,
    ProfileBuilder,
    TimelineBuilder,
)
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import EventPage, LakeSize
from seawall.storage.lake.place import LakePlace
from seawall.storage.lake.query import EventQuery


class NarrowedLake(Lake):
    """The events of some organisations. It shares files, caches and connections with the whole lake."""

    def __init__(self, whole: Lake, organisations: Iterable[str]) -> None:
        # The base class is not initialised: a method that is not here finds nothing to work on.
        self._whole = whole
        self._organisations = frozenset(organisations) - {UNKNOWN}
        self.names_of = self._find_names

    @property
    def place(self) -> LakePlace:
        """Return where the lake is, with its organisations."""
        return LakePlace(self._whole.root, self._organisations)

    def close(self) -> None:
        """Leave the whole lake open: others use it."""

    def page(
        self,
        tenant: str,
        wanted: EventQuery,
        *,
        cursor: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> EventPage:
        """Return a page of events, an empty one for another organisation."""
        if not self._holds(tenant):
            return _empty_page()
        return self._whole.page(tenant, wanted, cursor=cursor, limit=limit, newest_first=newest_first)

    def record(
        self, tenant: str, uid: str, *, start: date | None = None, end: date | None = None
    ) -> EventPage:
        """Return the events with a record id, none for another organisation."""
        return self._whole.record(tenant, uid, start=start, end=end) if self._holds(tenant) else _empty_page()

    def timeline(
        self,
        tenant: str,
        account: str,
        start: int,
        end: int,
        *,
        slots: int = 200,
        most_lanes: int = 40,
        marked: Collection[str] = (),
    ) -> LakeTimeline:
        """Return an account's events over time, none for another organisation."""
        if not self._holds(tenant):
            return TimelineBuilder(start, end, slots).timeline(most_lanes)
        return self._whole.timeline(
            tenant, account, start, end, slots=slots, most_lanes=most_lanes, marked=marked
        )

    def profile(self, tenant: str, account: str, start: int, end: int, *, most: int = 50) -> AccountProfile:
        """Return the values that an account used, none for another organisation."""
        if not self._holds(tenant):
            return ProfileBuilder().profile(most)
        return self._whole.profile(tenant, account, start, end, most=most)

    def accounts(
        self, tenant: str, *, text: str = "", after: str | None = None, limit: int = 100
    ) -> list[LakeAccount]:
        """Return accounts of an organisation, none for another one."""
        return (
            self._whole.accounts(tenant, text=text, after=after, limit=limit) if self._holds(tenant) else []
        )

    def account(self, tenant: str, account: str) -> LakeAccount | None:
        """Return one account, None for another organisation."""
        return self._whole.account(tenant, account) if self._holds(tenant) else None

    def rows_of_days(
        self, tenant: str, wanted: EventQuery, columns: Sequence[str]
    ) -> Iterator[list[pa.Table]]:
        """Yield the wanted rows of each day, none for another organisation."""
        if self._holds(tenant):
            yield from self._whole.rows_of_days(tenant, wanted, columns)

    def day(self, tenant: str, day: date, *, is_named: bool = False) -> Generator[pa.Table]:
        """Yield all events of a day, none for another organisation."""
        if self._holds(tenant):
            yield from self._whole.day(tenant, day, is_named=is_named)

    def size(self) -> LakeSize:
        """Return rows and bytes of each day of the organisations. Damaged parts are not said: they may be anybody's."""
        return LakeSize(tuple(day for day in self._whole.size().days if self._holds(day.tenant)), 0, ())

    def _holds(self, tenant: str) -> bool:
        return tenant in self._organisations

    def _find_names(self, tenant: str) -> Names:
        return self._whole.names_of(tenant) if self._holds(tenant) else no_names(tenant)


def _empty_page() -> EventPage:
    return EventPage(ENRICHED_SCHEMA.empty_table(), None)


def place_of(lake: Lake) -> LakePlace:
    """Return where a lake is, and whose events of it are seen."""
    return lake.place if isinstance(lake, NarrowedLake) else LakePlace(lake.root)


def open_lake(place: LakePlace) -> Lake:
    """Open the lake of a place, narrowed to its organisations. Raises `LakeBroken`."""
    whole = Lake.open(place.root)
    return whole if place.organisations is None else NarrowedLake(whole, place.organisations)
