"""Convert a request for incidents to the database's query. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, cast

import msgspec
from msgspec import Meta

from seawall.console.api_error import invalid
from seawall.console.data.incident_values import IncidentOrder, QueueName, SeverityName
from seawall.console.data.search_syntax import LONGEST, SearchCondition, parse_search
from seawall.storage.database import Order, QueueQuery
from seawall.storage.database import SearchTerm as Wanted
from seawall.storage.database.incident_queue import Field, Relation

Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=1024)]
Name = Annotated[str, Meta(max_length=2000)]
Search = Annotated[str, Meta(max_length=LONGEST)]

ORDERS: Final[dict[str, Order]] = {"score": "score", "-time": "time", "account": "account"}
_OPPOSITE: Final[dict[str, Relation]] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


class QueueFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter and order of incidents. `severity` may be given several times."""

    queue: QueueName = "open"
    q: Search = ""
    tenant: Name | None = None
    severity: Annotated[list[SeverityName], Meta(max_length=4)] = []
    sort: IncidentOrder = "score"


class QueuePage(QueueFilter, frozen=True, forbid_unknown_fields=True):
    """A page of the filtered incidents."""

    limit: Limit = 50
    cursor: Cursor | None = None


def queue_choice(asked: QueueFilter) -> QueueQuery:
    """Convert a filter to the database's query. Raises `ApiError` (422) for an invalid search."""
    choice = QueueQuery(tenant=asked.tenant, severities=tuple(asked.severity), queue=asked.queue)
    for term in parse_search(asked.q):
        choice = _narrow(choice, term)
    return choice


def cursor_purpose(asked: QueueFilter) -> str:
    """Return the purpose that binds a cursor to its list and filter."""
    return "\n".join(
        ["incidents", asked.queue, asked.sort, asked.tenant or "", *sorted(asked.severity), asked.q]
    )


def _narrow(choice: QueueQuery, term: SearchCondition) -> QueueQuery:
    if term.field == "score":
        relation = cast("Relation", term.relation)
        sign = _OPPOSITE[relation] if term.negated else relation
        return replace(choice, scores=(*choice.scores, (sign, term.number or 0.0)))
    if term.field in ("after", "before"):
        return _in_time(choice, term)
    if term.field == "severity" and not term.negated:
        return replace(choice, severities=(*choice.severities, term.value))
    if term.field == "answer" and term.value == "none":
        return replace(choice, answered=term.negated)
    wanted = Wanted(term.value, cast("Field", term.field), is_not=term.negated)
    return replace(choice, terms=(*choice.terms, wanted))


def _in_time(choice: QueueQuery, term: SearchCondition) -> QueueQuery:
    if term.negated:
        raise invalid(f"-{term.field} has no effect", field="q", fix="use after: or before:")
    time = int(term.number or 0)
    if term.field == "after":
        known = choice.active_from
        return replace(choice, active_from=time if known is None else max(known, time))
    known = choice.active_until
    return replace(choice, active_until=time if known is None else min(known, time))
