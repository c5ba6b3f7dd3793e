"""Store, list and count incidents and their reasons."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.orm import Session

from seawall.detection.incident import Incident
from seawall.detection.incidents.incident_choice import IncidentHead
from seawall.detection.reason import Reason
from seawall.storage.database import incident_queue, revisions, standing, traits
from seawall.storage.database.bulk import forget, insert_columns, pieces
from seawall.storage.database.columns import make_index_key
from seawall.storage.database.handling_models import TraitRow
from seawall.storage.database.incident_queue import EVERY, Order, QueueCursor, QueueEntry, QueueQuery
from seawall.storage.database.live_models import QueueRow, ShownRow
from seawall.storage.database.models import IncidentModel, Model, ReasonRow
from seawall.storage.database.narrowing import held_by
from seawall_base.msgspec_types import prepare


class Incidents:
    """Incidents within one transaction. With a slot, lists are those of the slot's incidents."""

    def __init__(self, session: Session, slot: int | None = None) -> None:
        self._session, self._slot = session, slot or 0
        self._mine = () if slot is None else (QueueRow.slot == slot,)

    def put(self, incidents: Iterable[Incident]) -> int:
        """Store incidents, replacing those with the same ids; return how many are new or changed.

        All changed incidents get the same new revision, by which followers find them (`changed_after`). Announcements and
        answers are kept, also those given under an earlier id.
        """
        wanted = {incident.id: incident for incident in incidents}
        contents = {id_: _content(incident) for id_, incident in wanted.items()}
        known = self._find_known(list(wanted))
        if all(known.get(id_) == content for id_, content in contents.items()):
            return 0
        revision = revisions.next_revision(self._session)
        # again: from here on the lock on the revision keeps other writers out
        known = self._find_known(list(wanted))
        fresh = [id_ for id_, content in contents.items() if known.get(id_) != content]
        new, old = [i for i in fresh if i not in known], [i for i in fresh if i in known]
        plains = {id_: _plain(wanted[id_]) for id_ in fresh}
        rows = {id_: _row(wanted[id_], plains[id_], contents[id_], revision) for id_ in fresh}
        self._insert(IncidentModel, [rows[id_] for id_ in new])
        self._insert_queue([wanted[id_] for id_ in new], plains)
        for ids in pieces(old):
            self._session.execute(update(IncidentModel), [rows[id_] for id_ in ids])
            queued = [incident_queue.row(wanted[id_], plains[id_]) for id_ in ids]
            self._session.execute(update(QueueRow), queued)
            shown = [_show(wanted[id_], plains[id_]) for id_ in ids]
            self._session.execute(update(ShownRow), shown)
            self._session.execute(delete(ReasonRow).where(ReasonRow.incident.in_(ids)))
        self._insert_reasons(wanted[id_] for id_ in fresh)
        traits.replace_traits(self._session, [wanted[id_] for id_ in fresh])
        settled = [*fresh, *standing.list_successors(self._session, new)]
        others = set(standing.settle(self._session, settled)) - set(fresh)
        revisions.stamp(self._session, sorted(others), revision)
        self._session.expire_all()
        return len(fresh)

    def mark_history(self, ids: Iterable[str]) -> int:
        """Mark incidents as history; return how many were not marked before."""
        fresh: list[str] = []
        for piece in pieces(sorted(set(ids))):
            query = select(QueueRow.incident).where(QueueRow.incident.in_(piece), ~QueueRow.is_history)
            fresh += self._session.execute(query).scalars()
        if fresh:
            revision = revisions.next_revision(self._session)
            for piece in pieces(fresh):
                changed = update(QueueRow).where(QueueRow.incident.in_(piece)).values(is_history=True)
                self._session.execute(changed, execution_options={"synchronize_session": False})
            revisions.stamp(self._session, fresh, revision)
            self._session.expire_all()
        return len(fresh)

    def untold(self, before: int) -> list[Incident]:
        """Return raised incidents that ended before a time, are not history, and were never announced."""
        wanted = (QueueRow.raised, ~QueueRow.is_history, QueueRow.announced_at.is_(None))
        query = select(QueueRow.incident).where(QueueRow.last_event < before, *wanted, *self._mine)
        return self.load(list(self._session.execute(query.order_by(QueueRow.incident)).scalars()))

    def history(self) -> set[str]:
        """Return the ids of the incidents that are history."""
        return set(
            self._session.execute(select(QueueRow.incident).where(QueueRow.is_history, *self._mine)).scalars()
        )

    def remove(self, ids: Iterable[str]) -> int:
        """Delete incidents that detection no longer finds, but keep their answers and announcements; return their number."""
        count, wanted = 0, sorted(set(ids))
        members = standing.list_members(self._session, wanted)
        members += standing.list_successors(self._session, wanted)
        for piece in pieces(wanted):
            gone = delete(IncidentModel).where(IncidentModel.id.in_(piece)).returning(IncidentModel.id)
            count += len(self._session.execute(gone).all())
        standing.release(self._session, members)
        self._session.expire_all()
        return count

    def ids(self) -> set[str]:
        """Return the ids of all incidents."""
        return set(self._session.execute(select(QueueRow.incident)).scalars())

    def list_raised(self) -> list[tuple[str, str, str, str, str, float]]:
        """Return id, organisation, account, kind, severity and score of all raised incidents, by id."""
        columns = (
            QueueRow.incident, IncidentModel.tenant, IncidentModel.account, QueueRow.kind, QueueRow.severity,
            QueueRow.score,
        )  # fmt: skip
        query = select(*columns).join(IncidentModel, IncidentModel.id == QueueRow.incident)
        query = query.where(QueueRow.raised, *self._mine).order_by(QueueRow.incident)
        return [
            (id_, tenant, account, kind, severity, score)
            for id_, tenant, account, kind, severity, score in self._session.execute(query)
        ]

    def in_order(self) -> list[str]:
        """Return the ids of all incidents in reading order."""
        return [one.id for one in self.heads()]

    def heads(self) -> tuple[IncidentHead, ...]:
        """Return all incidents in reading order (`order_incidents`), with what a person may call them by."""
        return incident_queue.list_heads(self._session)

    def get(self, id_: str) -> Incident | None:
        """Return an incident, None if it does not exist. For an earlier id, ask `Aliases.resolve` first."""
        return next(iter(self.load([id_])), None)

    def row(self, id_: str) -> QueueEntry | None:
        """Return the list entry of an incident, with its answer and announcement, None if it does not exist."""
        query = _LISTED.where(QueueRow.incident == id_)
        return next((incident_queue.list_entries(*found) for found in self._session.execute(query)), None)

    def rows(
        self,
        choice: QueueQuery = EVERY,
        *,
        order: Order = "score",
        after: QueueCursor | None = None,
        limit: int = 100,
    ) -> list[QueueEntry]:
        """Return the list entries of up to `limit` incidents; `after` is `entry.place(order)` of the last entry of the page
        before.
        """
        query = incident_queue.order_query(self._choose(_LISTED, choice), order, after, limit)
        return [incident_queue.list_entries(*found) for found in self._session.execute(query)]

    def page(
        self,
        choice: QueueQuery = EVERY,
        *,
        order: Order = "score",
        after: QueueCursor | None = None,
        limit: int = 100,
    ) -> list[Incident]:
        """Return whole incidents, in the order of `rows`."""
        query = self._choose(select(QueueRow.incident), choice)
        found = self._session.execute(incident_queue.order_query(query, order, after, limit))
        return self.load(list(found.scalars()))

    def count(self, choice: QueueQuery = EVERY) -> int:
        """Return the number of incidents that match."""
        query = self._choose(select(func.count()).select_from(QueueRow), choice)
        return int(self._session.execute(query).scalar_one())

    def severities(self, choice: QueueQuery = EVERY) -> dict[str, int]:
        """Return the number of incidents that match, by severity."""
        counted: Select[Any] = cast("Select[Any]", select(QueueRow.severity, func.count()))
        query = self._choose(counted, choice).group_by(QueueRow.severity)
        return {str(severity): int(count) for severity, count in self._session.execute(query).all()}

    def open_by_tenant(self) -> dict[str, tuple[dict[str, int], int]]:
        """Return by organisation the number of open incidents by severity, and the last event of any (microseconds)."""
        columns = (IncidentModel.tenant, QueueRow.severity, func.count(), func.max(QueueRow.last_event))
        query = select(*columns).join(QueueRow, QueueRow.incident == IncidentModel.id)
        query = query.where(QueueRow.state == "open").group_by(IncidentModel.tenant, QueueRow.severity)
        found: dict[str, tuple[dict[str, int], int]] = {}
        for tenant, severity, count, last in self._session.execute(query):
            counts, latest = found.get(tenant, ({}, 0))
            found[tenant] = {**counts, severity: int(count)}, max(latest, int(last))
        return found

    def announced_since(self, at: int) -> dict[str, int]:
        """Return the number of incidents by organisation that were announced at or after a time."""
        query = select(IncidentModel.tenant, func.count()).join(
            QueueRow, QueueRow.incident == IncidentModel.id
        )
        query = query.where(QueueRow.announced_at >= at).group_by(IncidentModel.tenant)
        return {tenant: int(count) for tenant, count in self._session.execute(query)}

    def raised_since(self, at: int) -> dict[str, int]:
        """Return the number of raised incidents by organisation with an event at or after a time."""
        query = select(IncidentModel.tenant, func.count()).join(
            QueueRow, QueueRow.incident == IncidentModel.id
        )
        query = query.where(QueueRow.raised.is_(True), QueueRow.last_event >= at).group_by(
            IncidentModel.tenant
        )
        return {tenant: int(count) for tenant, count in self._session.execute(query)}

    def worst(self, accounts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, float]]:
        """Return (number of incidents, highest score) of accounts given as (organisation, account); those without are
        missing.
        """
        keys = {make_index_key(*account): account for account in accounts}
        found: dict[tuple[str, str], tuple[int, float]] = {}
        for piece in pieces(sorted(keys)):
            columns = (QueueRow.account_key, func.count(), func.max(QueueRow.score))
            query = select(*columns).where(QueueRow.account_key.in_(piece)).group_by(QueueRow.account_key)
            found.update((keys[k], (int(n), float(score))) for k, n, score in self._session.execute(query))
        return found

    def worst_of_all(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Return the same for every account that has incidents."""
        columns = (IncidentModel.tenant, IncidentModel.account, func.count(), func.max(QueueRow.score))
        query = select(*columns).join(QueueRow, QueueRow.incident == IncidentModel.id)
        found = self._session.execute(query.group_by(IncidentModel.tenant, IncidentModel.account))
        return {(tenant, account): (int(count), float(score)) for tenant, account, count, score in found}

    def revision(self) -> int:
        """Return the revision of the last change, 0 before the first; of the incidents that a narrowed transaction sees."""
        if held_by(self._session) is None:
            return revisions.last(self._session)
        return int(
            self._session.execute(select(func.coalesce(func.max(IncidentModel.revision), 0))).scalar_one()
        )

    def changed_after(self, revision: int, limit: int = 1000) -> list[tuple[int, str]]:
        """Return (revision, id) of up to `limit` incidents that changed after a revision, ascending.

        An answer or an announcement is a change too.
        """
        query = select(IncidentModel.revision, IncidentModel.id).where(IncidentModel.revision > revision)
        found = self._session.execute(query.order_by(IncidentModel.revision, IncidentModel.id).limit(limit))
        return [(int(at), id_) for at, id_ in found]

    def prune(self, before: int, *, is_rehearsal: bool = False) -> int:
        """Delete incidents whose last event is before a time, but keep their answers; return the number of incidents."""
        old = IncidentModel.last_event < before
        if self._mine:
            old = and_(old, IncidentModel.id.in_(select(QueueRow.incident).where(*self._mine)))
        members: list[str] = []
        if not is_rehearsal:
            ids = list(self._session.execute(select(IncidentModel.id).where(old)).scalars())
            members = standing.list_members(self._session, ids)
        count = forget(self._session, IncidentModel, old, is_rehearsal=is_rehearsal)
        standing.release(self._session, members)
        return count

    def refill(self) -> int:
        """Make missing rows of the queue, as after a migration; return their number."""
        query = select(IncidentModel.id).where(IncidentModel.id.not_in(select(QueueRow.incident)))
        count = 0
        for ids in pieces(list(self._session.execute(query).scalars())):
            whole = self.load(ids)
            self._insert_queue(whole, {one.id: _plain(one) for one in whole})
            standing.settle(self._session, ids)
            self._session.expire_all()
            count += len(whole)
        self._refill_traits()
        return count

    def _refill_traits(self) -> None:
        query = select(IncidentModel.id).where(IncidentModel.id.not_in(select(TraitRow.incident)))
        for ids in pieces(list(self._session.execute(query).scalars())):
            traits.replace_traits(self._session, self.load(ids))

    def _choose(self, query: Select[Any], choice: QueueQuery) -> Select[Any]:
        return incident_queue.apply_query(
            query.where(*self._mine), choice, self._session.connection().dialect
        )

    def _find_known(self, ids: Sequence[str]) -> dict[str, str]:
        known: dict[str, str] = {}
        for piece in pieces(ids):
            query = select(IncidentModel.id, IncidentModel.content).where(IncidentModel.id.in_(piece))
            known.update((id_, content) for id_, content in self._session.execute(query))
        return known

    def _insert(self, model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            insert_columns(self._session, model, {name: [row[name] for row in rows] for name in rows[0]})

    def _insert_queue(self, incidents: Sequence[Incident], plains: Mapping[str, dict[str, Any]]) -> None:
        rows = [incident_queue.row(one, plains[one.id]) for one in incidents]
        self._insert(
            QueueRow, [{**row, "state": "", "is_history": False, "slot": self._slot} for row in rows]
        )
        self._insert(ShownRow, [_show(one, plains[one.id]) for one in incidents])

    def _insert_reasons(self, incidents: Iterable[Incident]) -> None:
        rows = [(i.id, place, reason) for i in incidents for place, reason in enumerate(i.reasons)]
        columns: dict[str, list[Any]] = {
            "incident": [row[0] for row in rows],
            "position": [row[1] for row in rows],
            **{name: [getattr(row[2], name) for row in rows] for name in _REASON},
        }
        insert_columns(self._session, ReasonRow, columns)

    def load(self, ids: Sequence[str]) -> list[Incident]:
        """Return the incidents with these ids, in their order; those that do not exist are left out."""
        rows: dict[str, IncidentModel] = {}
        reasons: dict[str, list[Reason]] = defaultdict(list)
        for piece in pieces(ids):
            query = select(IncidentModel).where(IncidentModel.id.in_(piece))
            rows.update((row.id, row) for row in self._session.execute(query).scalars())
            found = select(ReasonRow).where(ReasonRow.incident.in_(piece))
            for row in self._session.execute(
                found.order_by(ReasonRow.incident, ReasonRow.position)
            ).scalars():
                reasons[row.incident].append(_reason(row))
        return [_incident(rows[id_], reasons[id_]) for id_ in ids if id_ in rows]


_LISTED = cast(
    "Select[Any]", select(QueueRow, ShownRow.document).join(ShownRow, ShownRow.incident == QueueRow.incident)
)
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


def _plain(incident: Incident) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(incident, enc_hook=lambda number: number.item())
    return plain


def _content(incident: Incident) -> str:
    """Return a digest of the whole incident: detection stores all incidents of its days again, and few have changed."""
    try:
        written = msgspec.msgpack.encode(incident, enc_hook=lambda number: number.item())
    except UnicodeEncodeError:  # msgpack refuses a lone surrogate
        written = json.dumps(_plain(incident)).encode("ascii")
    return hashlib.sha256(written).hexdigest()


def _show(incident: Incident, plain: dict[str, Any]) -> dict[str, Any]:
    return {"incident": incident.id, "document": incident_queue.show_entry(incident, plain)}


def _row(incident: Incident, plain: dict[str, Any], content: str, revision: int) -> dict[str, Any]:
    return {
        **{name: plain[name] for name in _COLUMNS},
        "tenant_key": make_index_key(incident.tenant),
        "account_key": make_index_key(incident.tenant, incident.account),
        "revision": revision,
        "content": content,
        "document": {name: plain[name] for name in _REST},
    }


def _reason(row: ReasonRow) -> Reason:
    return msgspec.convert({name: getattr(row, name) for name in _REASON}, Reason)


def _incident(row: IncidentModel, reasons: list[Reason]) -> Incident:
    plain = {**{name: getattr(row, name) for name in _COLUMNS}, **row.document, "reasons": ()}
    return dataclasses.replace(msgspec.convert(plain, Incident), reasons=tuple(reasons))


prepare(Reason, Incident)
