"""The incident queue: query, order and page incidents for lists."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import msgspec
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    Text,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from seawall.detection.incident import Incident, Severity
from seawall.detection.incidents.incident_choice import IncidentHead
from seawall.detection.incidents.reading_order import order_incidents
from seawall.detection.reason import Reason
from seawall.storage.database.columns import LogText, fold, make_index_key
from seawall.storage.database.handled_incidents import find_handled
from seawall.storage.database.live_models import QueueRow, ShownRow
from seawall_base.errors import UsageError
from seawall_base.msgspec_types import prepare

Queue = Literal["open", "announced", "answered", "candidates", "all"]
Order = Literal["score", "time", "account"]
Relation = Literal[">", ">=", "<", "<="]
Field = Literal[
    "", "account", "mailbox", "tenant", "network", "country", "app", "client", "kind", "title", "severity",
    "answer", "is", "owner", "status", "tag",
]  # fmt: skip
FIELDS: tuple[Field, ...] = get_args(Field)
STATES = ("raised", "announced", "answered", "open", "history", "merged")

SHOWN_REASONS = 6
LONGEST_TEXT = 20_000
"""Characters of a field that can be searched: an application's incident may name thousands of mailboxes."""

_ORDERED = 100
"""Characters of an account that lists are sorted by: index entries of PostgreSQL are limited."""


@dataclass(frozen=True, slots=True)
class QueueCursor:
    """A position in a list: sort value and id of the incident after which the next page begins."""

    value: float | str
    id: str


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A text to search for in a field, or in any field (`""`), ignoring case; `is_not` excludes matches instead.

    `kind`, `severity`, `answer`, `is` (raised, announced, answered, open, history, merged), `owner`, `status` and `tag` must
    match completely.
    """

    text: str
    field: Field = ""
    is_not: bool = False


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """A filter of incidents; None does not filter. Times are microseconds since 1970.

    `answered` tells whether an answer is in force. All comparisons in `scores` must hold. The queue `open` has the
    incidents that are raised or announced, and not answered; `candidates` has the other unanswered ones.
    """

    tenant: str | None = None
    account: str | None = None
    raised: bool | None = None
    severities: tuple[str, ...] = ()
    answered: bool | None = None
    active_from: int | None = None
    active_until: int | None = None
    queue: Queue = "all"
    score_above: float | None = None
    scores: tuple[tuple[Relation, float], ...] = ()
    terms: tuple[SearchTerm, ...] = ()
    ids: frozenset[str] | None = None
    """Only incidents with one of these ids, at most a few thousand."""


EVERY = QueueQuery()


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """An incident as a list shows it. `reasons` are those of greatest weight that report an observation."""

    id: str
    tenant: str
    account: str
    kind: str
    severity: str
    score: float
    raised: bool
    announced_at: int | None
    detected_at: int | None
    first_event: int
    last_event: int
    title: str
    summary: str
    answer: str | None
    family: str
    related: int
    mailboxes: int
    messages_proved: int
    messages_possible: int
    reasons: tuple[Reason, ...]
    attack: str = ""
    """The attack that it belongs to, "" if it stands alone or was stored before attacks were known."""

    is_history: bool = False
    """Whether the incident was older than the live window when found, so that it was never announced by itself."""

    records: int = 0
    """Number of the intruder's records, including those that the incident does not list."""

    def place(self, order: Order = "score") -> QueueCursor:
        """Return the entry's position in a list."""
        values: dict[Order, float | str] = {
            "score": self.score,
            "time": self.last_event,
            "account": _order(self.account),
        }
        return QueueCursor(values[order], self.id)


def row(incident: Incident, plain: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of `QueueRow` that follow from the incident; `plain` is the incident as a dict."""
    return {
        "incident": incident.id,
        "tenant_key": make_index_key(incident.tenant),
        "account_key": make_index_key(incident.tenant, incident.account),
        "account_order": _order(incident.account),
        **{name: plain[name] for name in _COPIED},
        "account": fold_text(incident.account),
        "mailbox": fold_text(*incident.mailboxes),
        "tenant": fold_text(incident.tenant),
        **{field: fold_text(*_values(incident, aspects)) for field, aspects in _ASPECTS.items()},
        "title": fold_text(incident.title, incident.kind, incident.summary),
    }


def fold_text(*texts: str) -> str:
    """Return the texts, one a line, folded for search."""
    return fold("\n".join(dict.fromkeys(texts))[:LONGEST_TEXT])


def _order(account: str) -> str:
    return fold_text(account[:_ORDERED])[:_ORDERED]


_COPIED = ("kind", "severity", "score", "raised", "detected_at", "first_event", "last_event")
_ASPECTS = {
    "network": ("network", "prefix"),
    "country": ("country",),
    "app": ("app",),
    "client": ("client", "device"),
}


def _values(incident: Incident, aspects: tuple[str, ...]) -> Iterable[str]:
    yield from (reason.value for reason in incident.reasons if reason.aspect in aspects and reason.value)
    yield from (fact.now for fact in incident.usual if fact.aspect in aspects)


def show_entry(incident: Incident, plain: dict[str, Any]) -> dict[str, Any]:
    """Return the document of `ShownRow` for an incident."""
    telling = [i for i, reason in enumerate(incident.reasons) if not reason.silent]
    heaviest = sorted(telling, key=lambda i: -incident.reasons[i].weight)[:SHOWN_REASONS]
    names = (
        "tenant",
        "account",
        "title",
        "summary",
        "family",
        "attack",
        "messages_proved",
        "messages_possible",
    )
    return {
        **{name: plain[name] for name in names},
        "related": len(incident.related),
        "mailboxes": len(incident.mailboxes),
        "records": len(incident.events) + _more_events(incident),
        "reasons": [plain["reasons"][i] for i in heaviest],
    }


def _more_events(incident: Incident) -> int:
    more = incident.details.get("events_not_listed", 0)
    return more if isinstance(more, int) else 0


def list_entries(found: QueueRow, document: dict[str, Any]) -> QueueEntry:
    """Return the entry of a row and its document."""
    rest = dict(document)
    reasons = tuple(msgspec.convert(reason, Reason) for reason in rest.pop("reasons"))
    return QueueEntry(
        id=found.incident, announced_at=found.announced_at, answer=found.answer, reasons=reasons,
        is_history=found.is_history,
        **{name: getattr(found, name) for name in _COPIED}, **rest,
    )  # fmt: skip


class _ShownHead(msgspec.Struct):
    """The part of the document of `ShownRow` that heads need."""

    account: str
    attack: str = ""


_SHOWN_HEAD = msgspec.json.Decoder(_ShownHead)


def list_heads(session: Session) -> tuple[IncidentHead, ...]:
    """Return all incidents in reading order; of their documents, two fields alone are decoded."""
    columns = (QueueRow.incident, QueueRow.raised, QueueRow.severity, type_coerce(ShownRow.document, Text()))
    query = select(*columns).join(ShownRow, ShownRow.incident == QueueRow.incident)
    found = session.execute(query.order_by(QueueRow.score.desc(), QueueRow.incident))
    heads = ((id_, raised, severity, _SHOWN_HEAD.decode(text)) for id_, raised, severity, text in found)
    return order_incidents(
        IncidentHead(id_, shown.account, raised, cast("Severity", severity), shown.attack)
        for id_, raised, severity, shown in heads
    )


def apply_query(query: Select[Any], choice: QueueQuery, dialect: Dialect) -> Select[Any]:
    """Add the conditions of a filter to a query over `QueueRow`. Raises `UsageError` for an unknown field or value."""
    wanted: list[ColumnElement[bool]] = []
    if choice.account is not None and choice.tenant is not None:
        wanted.append(QueueRow.account_key == make_index_key(choice.tenant, choice.account))
    elif choice.account is not None:
        wanted.append(QueueRow.account == fold_text(choice.account))
    elif choice.tenant is not None:
        wanted.append(QueueRow.tenant_key == make_index_key(choice.tenant))
    if choice.ids is not None:
        wanted.append(QueueRow.incident.in_(sorted(choice.ids)))
    if choice.raised is not None:
        wanted.append(QueueRow.raised == choice.raised)
    if choice.severities:
        wanted.append(QueueRow.severity.in_(choice.severities))
    if choice.active_from is not None:
        wanted.append(QueueRow.last_event >= choice.active_from)
    if choice.active_until is not None:
        wanted.append(QueueRow.first_event < choice.active_until)
    if choice.answered is not None:
        wanted.append(QueueRow.answer.is_not(None) if choice.answered else QueueRow.answer.is_(None))
    if choice.score_above is not None:
        wanted.append(QueueRow.score > choice.score_above)
    wanted += [_COMPARED[relation](QueueRow.score, score) for relation, score in choice.scores]
    wanted += [_of_queue(choice.queue), *(_meets(term, dialect) for term in choice.terms)]
    return query.where(*wanted)


_COMPARED: dict[Relation, Callable[[Any, float], ColumnElement[bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def _of_queue(queue: str) -> ColumnElement[bool]:
    conditions = {
        "open": QueueRow.state == "open",
        "announced": QueueRow.announced_at.is_not(None),
        "answered": QueueRow.state == "answered",
        "merged": QueueRow.state == "merged",
        "candidates": QueueRow.state == "candidate",
        "all": true(),
    }
    if queue not in conditions:
        raise UsageError(f"there is no queue {queue!r}", fix=f"one of {', '.join(conditions)}")
    return conditions[queue]


def _meets(term: SearchTerm, dialect: Dialect) -> ColumnElement[bool]:
    text = fold_text(term.text)
    if term.field == "":
        found = or_(*(_holds(column, text, dialect) for column in _SEARCHED.values()))
    elif term.field in _SEARCHED:
        found = _holds(_SEARCHED[term.field], text, dialect)
    elif term.field == "is":
        found = _is(text)
    elif term.field in ("owner", "status", "tag"):
        found = QueueRow.incident.in_(find_handled(term.field, term.text))
    elif term.field == "answer":
        found = and_(QueueRow.answer.is_not(None), QueueRow.answer == text)
    elif term.field in ("kind", "severity"):
        found = getattr(QueueRow, term.field) == text
    else:
        raise UsageError(f"there is no field {term.field!r}", fix=f"one of {', '.join(FIELDS[1:])}")
    return ~func.coalesce(found, false()) if term.is_not else found


_SEARCHED: dict[str, InstrumentedAttribute[str]] = {
    "account": QueueRow.account, "mailbox": QueueRow.mailbox, "tenant": QueueRow.tenant,
    "network": QueueRow.network, "country": QueueRow.country, "app": QueueRow.app, "client": QueueRow.client,
    "title": QueueRow.title,
}  # fmt: skip


def _holds(column: InstrumentedAttribute[str], text: str, dialect: Dialect) -> ColumnElement[bool]:
    """Return the condition that a column contains a text. It is no LIKE pattern, so nothing needs escaping."""
    name = "strpos" if dialect.name == "postgresql" else "instr"
    return cast("ColumnElement[bool]", getattr(func, name)(column, literal(text, LogText())) > 0)


def _is(state: str) -> ColumnElement[bool]:
    if state == "raised":
        return QueueRow.raised == true()
    if state == "history":
        return QueueRow.is_history == true()
    if state not in STATES:
        raise UsageError(f"no incident is {state!r}", fix=f"one of {', '.join(STATES)}")
    return _of_queue(state)


def order_query(query: Select[Any], order: Order, after: QueueCursor | None, limit: int) -> Select[Any]:
    """Sort a query (highest score, latest event, or account first), start after a position, and limit it."""
    column: InstrumentedAttribute[Any] = _ORDERS[order]
    if after is not None:
        # The first condition is implied by the second, but an index can answer it.
        reached, beyond = (column >= after.value, column > after.value)
        if order != "account":
            reached, beyond = (column <= after.value, column < after.value)
        query = query.where(reached, or_(beyond, QueueRow.incident > after.id))
    direction = column.asc() if order == "account" else column.desc()
    return query.order_by(direction, QueueRow.incident).limit(limit)


_ORDERS: dict[Order, InstrumentedAttribute[Any]] = {
    "score": QueueRow.score, "time": QueueRow.last_event, "account": QueueRow.account_order,
}  # fmt: skip


prepare(Reason)
