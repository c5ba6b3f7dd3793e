"""Read the event lake for the API: tenants, the intruder's record ids, and pages of records."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from seawall.console.api_error import invalid, unavailable
from seawall.console.data.incident_values import Page
from seawall.console.data.record_rows import record_rows
from seawall.console.data.record_values import Record
from seawall.console.data.search_syntax import parse_search_time
from seawall.console.endpoint import ApiCall
from seawall.detection.incident import Incident
from seawall.response.search_window import EARLIEST, LATEST
from seawall.storage.database import QueueQuery
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.database import Transaction

T = TypeVar("T")

MOST_INCIDENTS: Final = 50
"""The most incidents of one account whose record ids are collected."""

_REMEMBERED: Final = 64


def require_lake(context: ConsoleContext) -> Lake:
    """Return the lake. Raises `ApiError` (503) if there is none."""
    if context.lake is None:
        raise unavailable("no events are stored here", fix="start with a store: seawall serve --store DIR")
    return context.lake


def cache_by_state(
    context: ConsoleContext, name: str, key: Hashable, state: Hashable, make: Callable[[], T]
) -> T:
    """Return `make()`, cached by key for as long as `state` is equal. The cache is bounded."""
    known: OrderedDict[Hashable, tuple[Hashable, T]] = context.notes.setdefault(name, OrderedDict())
    found = known.get(key)
    if found is not None and found[0] == state:
        return found[1]
    made = make()
    known[key] = (state, made)
    while len(known) > _REMEMBERED:
        with suppress(KeyError):  # another thread removed it first
            known.popitem(last=False)
    return made


def attacker_record_ids(call: ApiCall, work: Transaction, tenant: str, account: str) -> frozenset[str]:
    """Return the ids of an account's records that incidents list."""

    def find_ids() -> frozenset[str]:
        incidents = work.incidents.page(QueueQuery(tenant=tenant, account=account), limit=MOST_INCIDENTS)
        return frozenset(id_ for incident in incidents for id_ in incident.events)

    return cache_by_state(call.context, "intruders", (tenant, account), work.incidents.revision(), find_ids)


def record_page(
    call: ApiCall,
    tenant: str,
    wanted: EventQuery,
    intruders: Collection[str],
    *,
    cursor: str | None,
    limit: int,
    newest_first: bool,
    name: str = "",
) -> Page[Record]:
    """Return a page of records. Events without an organisation are stored separately and searched if there are none.

    `name` distinguishes lists with the same tenant, account and span.
    """
    lake = require_lake(call.context)
    purpose = "\n".join(
        ["records", name, tenant, wanted.account or "", f"{wanted.start} {wanted.end} {newest_first}"]
    )
    where, after = tenant, None
    if cursor is not None:
        where, after = call.context.cursors.read(purpose, cursor, tuple[str, str])
    found = lake.page(where, wanted, cursor=after, limit=limit, newest_first=newest_first)
    if not found.events.num_rows and after is None:
        where = UNKNOWN
        found = lake.page(where, wanted, limit=limit, newest_first=newest_first)
    following = None if found.cursor is None else call.context.cursors.write(purpose, (where, found.cursor))
    return Page(record_rows(found.events, intruders), following)


def incident_query(incident: Incident) -> EventQuery:
    """Return the query for the intruder's events of an incident.

    With several sources, one id may stand for a record of each.
    """
    end = max(min(incident.last_event + 1, LATEST), incident.first_event + 1)
    return EventQuery(incident.first_event, end, account=incident.account, records=frozenset(incident.events))


def parse_span(start: str | None, end: str | None) -> tuple[int, int]:
    """Parse a query's span to microseconds. Raises `ApiError` (422)."""
    first = max(EARLIEST if start is None else parse_search_time(start, "from"), EARLIEST)
    last = min(LATEST if end is None else parse_search_time(end, "to"), LATEST)
    if first >= last:
        raise invalid("from does not lie before to", field="from")
    return first, last
