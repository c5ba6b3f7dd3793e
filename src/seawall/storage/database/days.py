"""Results of detection by day (days since 1970, UTC): candidates, counts, and days that wait for scoring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.storage.database.bulk import forget, insert_columns
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.live_models import CandidateRow, DayRow, DirtyRow

SHARE = 1 << 24
"""Distance between the first positions of two shares of a day."""

SHARES = 1 << 8
"""Most shares of a slot; the shares of slot 1 follow those of slot 0."""


class Candidates:
    """Candidates within one transaction: serialised, in the order of detection."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session = session
        self._first_share = (slot or 0) * SHARES
        after = (self._first_share + SHARES) * SHARE
        self._mine: tuple[ColumnElement[bool], ...] = ()
        if slot is not None:
            self._mine = (CandidateRow.position >= self._first_share * SHARE, CandidateRow.position < after)

    def put_day(
        self, day: int, contents: Sequence[bytes], *, tenants: Sequence[str] = (), share: int = 0
    ) -> None:
        """Replace all candidates of one share of a day; `tenants` are their organisations, if known.

        A share is the part of a day's candidates that one shard of detection writes.
        """
        first, after = self._bounds(share)
        gone = delete(CandidateRow).where(CandidateRow.day == day, CandidateRow.position >= first)
        self._session.execute(gone.where(CandidateRow.position < after))
        keys = (
            [make_index_key(tenant) for tenant in tenants]
            if tenants
            else [make_index_key("")] * len(contents)
        )
        columns: dict[str, Sequence[Any]] = {
            "day": [day] * len(contents),
            "position": range(first, first + len(contents)),
            "tenant_key": keys,
            "content": list(contents),
        }
        insert_columns(self._session, CandidateRow, columns)

    def since(self, day: int, until: int | None = None) -> dict[int, list[bytes]]:
        """Return the candidates by day from `day` to before `until`; days without candidates are missing."""
        query = select(CandidateRow.day, CandidateRow.content).where(CandidateRow.day >= day, *self._mine)
        if until is not None:
            query = query.where(CandidateRow.day < until)
        found: dict[int, list[bytes]] = defaultdict(list)
        for at, content in self._session.execute(query.order_by(CandidateRow.day, CandidateRow.position)):
            found[at].append(content)
        return dict(found)

    def shares_since(self, day: int, until: int | None = None) -> dict[int, dict[int, list[bytes]]]:
        """Return the candidates from `day` to before `until`, by day and then by share."""
        query = select(CandidateRow.day, CandidateRow.position, CandidateRow.content).where(
            CandidateRow.day >= day, *self._mine
        )
        if until is not None:
            query = query.where(CandidateRow.day < until)
        found: dict[int, dict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))
        for at, position, content in self._session.execute(
            query.order_by(CandidateRow.day, CandidateRow.position)
        ):
            found[at][position // SHARE - self._first_share].append(content)
        return found

    def of_tenant(self, tenant: str) -> list[bytes]:
        """Return all candidates of an organisation, by day and in the order of detection."""
        query = select(CandidateRow.content).where(
            CandidateRow.tenant_key == make_index_key(tenant), *self._mine
        )
        return list(self._session.execute(query.order_by(CandidateRow.day, CandidateRow.position)).scalars())

    def by_tenant(self, day: int, share: int) -> dict[str, list[bytes]]:
        """Return the candidates of a share of a day by the key of their organisation (`columns.make_index_key`)."""
        first, after = self._bounds(share)
        columns = (CandidateRow.tenant_key, CandidateRow.content)
        query = select(*columns).where(CandidateRow.day == day, CandidateRow.position >= first)
        query = query.where(CandidateRow.position < after).order_by(CandidateRow.position)
        found: dict[str, list[bytes]] = defaultdict(list)
        for tenant_key, content in self._session.execute(query):
            found[tenant_key].append(content)
        return dict(found)

    def counts(self) -> dict[int, int]:
        """Return the number of candidates of each day."""
        query = select(CandidateRow.day, func.count()).where(*self._mine)
        query = query.group_by(CandidateRow.day).order_by(CandidateRow.day)
        return {day: int(count) for day, count in self._session.execute(query)}

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete the candidates of the days before a day; return their number."""
        old = and_(CandidateRow.day < before, *self._mine)
        return forget(self._session, CandidateRow, old, is_rehearsal=is_rehearsal)

    def _bounds(self, share: int) -> tuple[int, int]:
        """Return the first position of a share, and the first one after it."""
        first = (self._first_share + share) * SHARE
        return first, first + SHARE


class DayCounts:
    """Counts of each day within one transaction, as JSON objects."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (DayRow.slot == slot,)

    def put(self, days: Mapping[int, Mapping[str, Any]]) -> None:
        """Store the counts of days, replacing earlier ones."""
        for day, document in days.items():
            self._session.merge(DayRow(day=day, slot=self._slot, document=dict(document)))
        self._session.flush()

    def get(self, day: int) -> dict[str, Any] | None:
        """Return the counts of a day, None if there are none."""
        return self.since(day, day + 1).get(day)

    def since(self, day: int, until: int | None = None) -> dict[int, dict[str, Any]]:
        """Return the counts by day from `day` to before `until`, ascending."""
        query = select(DayRow).where(DayRow.day >= day, *self._mine)
        if until is not None:
            query = query.where(DayRow.day < until)
        found: dict[int, dict[str, Any]] = {}
        query = query.order_by(DayRow.day, DayRow.slot).execution_options(populate_existing=True)
        for row in self._session.execute(query).scalars():
            known = found.get(row.day)
            found[row.day] = row.document if known is None else _join_counts(known, row.document, row.slot)
        return found

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete the counts of the days before a day; return their number."""
        old = and_(DayRow.day < before, *self._mine)
        return forget(self._session, DayRow, old, is_rehearsal=is_rehearsal)


class UnscoredDays:
    """The days that wait for scoring, within one transaction."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (DirtyRow.slot == slot,)

    def add(self, days: Iterable[int]) -> None:
        """Mark days as waiting for scoring."""
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(DirtyRow).on_conflict_do_nothing()
        for day in sorted(set(days)):
            self._session.execute(insert.values(day=day, slot=self._slot))

    def all(self) -> frozenset[int]:
        """Return the waiting days."""
        return frozenset(self._session.execute(select(DirtyRow.day).where(*self._mine)).scalars())

    def clear(self, days: Iterable[int]) -> None:
        """Mark days as scored."""
        for day in sorted(set(days)):
            self._session.execute(delete(DirtyRow).where(DirtyRow.day == day, *self._mine))


def _join_counts(one: Mapping[str, Any], other: Mapping[str, Any], slot: int) -> dict[str, Any]:
    """Return the counts of a day in several slots; `slot` is that of the other, and distinguishes its shares."""
    joined = dict(one) | {name: value for name, value in other.items() if name not in one}
    for name, value in other.items():
        known = one.get(name)
        if isinstance(known, int) and isinstance(value, int):
            joined[name] = known + value
        elif isinstance(known, list) and isinstance(value, list) and len(known) == len(value):
            joined[name] = [a + b for a, b in zip(known, value, strict=True)]
        elif isinstance(known, dict) and isinstance(value, dict):
            is_share = name == "shares"
            joined[name] = known | {
                (str(slot * SHARES + int(key)) if is_share else key): each for key, each in value.items()
            }
    return joined
