"""Incidents and their reasons: put by detection, listed and counted for people."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from seawall.schema.findings import Reason
from seawall.schema.incidents import Incident
from seawall.store.database.bulk import insert_columns
from seawall.store.database.columns import key
from seawall.store.database.models import CounterRow, FeedbackRow, IncidentRow, ReasonRow

REVISION = "incidents"
_MANY = 500
"""Ids in one statement."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list, worst first: that of the incident after which to go on."""

    score: float
    id: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which incidents; None is any. Times are microseconds; `answered` is whether an answer stands."""

    tenant: str | None = None
    account: str | None = None
    raised: bool | None = None
    severities: tuple[str, ...] = ()
    answered: bool | None = None
    active_from: int | None = None
    active_until: int | None = None


class Incidents:
    """The incidents in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, incidents: Iterable[Incident]) -> int:
        """Keep incidents, in place of earlier ones with their ids; return how many were new or changed.

        Those that changed get one new revision, by which followers find them (`changed_after`).
        """
        wanted = {incident.id: incident for incident in incidents}
        contents = {id_: _content(incident) for id_, incident in wanted.items()}
        known = self._known(list(wanted))
        fresh = {id_: incident for id_, incident in wanted.items() if known.get(id_) != contents[id_]}
        if not fresh:
            return 0
        revision = self._next_revision()
        known = self._known(list(fresh))  # again: from here on nobody else puts any
        fresh = {id_: incident for id_, incident in fresh.items() if known.get(id_) != contents[id_]}
        rows = {id_: _row(incident, contents[id_], revision) for id_, incident in fresh.items()}
        new = [row for id_, row in rows.items() if id_ not in known]
        if new:
            insert_columns(self._session, IncidentRow, {name: [row[name] for row in new] for name in new[0]})
        for ids in _pieces([id_ for id_ in fresh if id_ in known]):
            self._session.execute(update(IncidentRow), [rows[id_] for id_ in ids])
            self._session.execute(delete(ReasonRow).where(ReasonRow.incident.in_(ids)))
        self._insert_reasons(fresh.values())
        self._session.expire_all()
        return len(fresh)

    def get(self, id_: str) -> Incident | None:
        """Return one incident, None where there is none of this id."""
        return next(iter(self._whole(select(IncidentRow).where(IncidentRow.id == id_))), None)

    def page(
        self, choice: Choice = Choice(), *, after: Place | None = None, limit: int = 100
    ) -> list[Incident]:
        """Return up to `limit` incidents, worst first, of equal ones by id; `after` is the place of the last one had."""
        query = _chosen(select(IncidentRow), choice)
        if after is not None:
            same = and_(IncidentRow.score == after.score, IncidentRow.id > after.id)
            query = query.where(or_(IncidentRow.score < after.score, same))
        return self._whole(query.order_by(IncidentRow.score.desc(), IncidentRow.id).limit(limit))

    def count(self, choice: Choice = Choice()) -> int:
        """Return how many there are."""
        query = _chosen(select(func.count()).select_from(IncidentRow), choice)
        return int(self._session.execute(query).scalar_one())

    def revision(self) -> int:
        """Return the revision of the last change, 0 before the first."""
        query = select(CounterRow.value).where(CounterRow.name == REVISION)
        return self._session.execute(query).scalar_one_or_none() or 0

    def changed_after(self, revision: int, limit: int = 1000) -> list[tuple[int, str]]:
        """Return (revision, id) of incidents new or changed since a revision, in that order."""
        query = select(IncidentRow.revision, IncidentRow.id).where(IncidentRow.revision > revision)
        found = self._session.execute(query.order_by(IncidentRow.revision, IncidentRow.id).limit(limit))
        return [(int(at), id_) for at, id_ in found]

    def prune(self, before: int) -> int:
        """Forget incidents whose last event lies before a time; answers to them are kept. Return how many."""
        gone = delete(IncidentRow).where(IncidentRow.last_event < before).returning(IncidentRow.id)
        return len(self._session.execute(gone).all())

    def _known(self, ids: Sequence[str]) -> dict[str, str]:
        known: dict[str, str] = {}
        for piece in _pieces(ids):
            query = select(IncidentRow.id, IncidentRow.content).where(IncidentRow.id.in_(piece))
            known.update((id_, content) for id_, content in self._session.execute(query))
        return known

    def _next_revision(self) -> int:
        """One more than the last; the row stays locked until the end, so that revisions appear in their order."""
        is_postgresql = self._session.connection().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(CounterRow).values(name=REVISION, value=1)
        grown = insert.on_conflict_do_update(
            index_elements=[CounterRow.name], set_={"value": CounterRow.value + 1}
        ).returning(CounterRow.value)
        return int(self._session.execute(grown).scalar_one())

    def _insert_reasons(self, incidents: Iterable[Incident]) -> None:
        rows = [(i.id, place, reason) for i in incidents for place, reason in enumerate(i.reasons)]
        columns: dict[str, list[Any]] = {
            "incident": [row[0] for row in rows],
            "position": [row[1] for row in rows],
            **{name: [getattr(row[2], name) for row in rows] for name in _REASON},
        }
        insert_columns(self._session, ReasonRow, columns)

    def _whole(self, query: Select[IncidentRow]) -> list[Incident]:
        rows = self._session.execute(query).scalars().all()
        reasons: dict[str, list[Reason]] = defaultdict(list)
        for ids in _pieces([row.id for row in rows]):
            found = select(ReasonRow).where(ReasonRow.incident.in_(ids))
            for row in self._session.execute(
                found.order_by(ReasonRow.incident, ReasonRow.position)
            ).scalars():
                reasons[row.incident].append(_reason(row))
        return [_incident(row, reasons[row.id]) for row in rows]


_REASON = tuple(field.name for field in dataclasses.fields(Reason))
_COLUMNS = (
    "id",
    "tenant",
    "account",
    "kind",
    "severity",
    "score",
    "raised",
    "detected_at",
    "first_event",
    "last_event",
)
_REST = tuple(
    field.name for field in dataclasses.fields(Incident) if field.name not in {*_COLUMNS, "reasons"}
)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=lambda number: number.item())


def _content(incident: Incident) -> str:
    return hashlib.sha256(json.dumps(_plain(incident), sort_keys=True).encode("ascii")).hexdigest()


def _row(incident: Incident, content: str, revision: int) -> dict[str, Any]:
    plain = _plain(incident)
    return {
        **{name: plain[name] for name in _COLUMNS},
        "tenant_key": key(incident.tenant),
        "account_key": key(incident.tenant, incident.account),
        "revision": revision,
        "content": content,
        "document": {name: plain[name] for name in _REST},
    }


def _reason(row: ReasonRow) -> Reason:
    return msgspec.convert({name: getattr(row, name) for name in _REASON}, Reason)


def _incident(row: IncidentRow, reasons: list[Reason]) -> Incident:
    plain = {**{name: getattr(row, name) for name in _COLUMNS}, **row.document, "reasons": ()}
    return dataclasses.replace(msgspec.convert(plain, Incident), reasons=tuple(reasons))


def _chosen(query: Select[Any], choice: Choice) -> Select[Any]:
    wanted = []
    if choice.account is not None and choice.tenant is not None:
        wanted.append(IncidentRow.account_key == key(choice.tenant, choice.account))
    elif choice.account is not None:
        wanted.append(IncidentRow.account == choice.account)
    elif choice.tenant is not None:
        wanted.append(IncidentRow.tenant_key == key(choice.tenant))
    if choice.raised is not None:
        wanted.append(IncidentRow.raised == choice.raised)
    if choice.severities:
        wanted.append(IncidentRow.severity.in_(choice.severities))
    if choice.active_from is not None:
        wanted.append(IncidentRow.last_event >= choice.active_from)
    if choice.active_until is not None:
        wanted.append(IncidentRow.first_event < choice.active_until)
    if choice.answered is not None:
        standing = exists().where(FeedbackRow.incident == IncidentRow.id, FeedbackRow.withdrawn_at.is_(None))
        wanted.append(standing if choice.answered else ~standing)
    return query.where(*wanted)


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _MANY] for start in range(0, len(ids), _MANY))
