"""The lake behind the API: which organisation's events, whose records are the intruder's, and pages of them."""

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
"""Incidents of one account whose records are told apart."""

_REMEMBERED: Final = 64


def require_lake(context: ConsoleContext) -> Lake:
    """The lake. Raises `ApiError` (503) where there is none."""
    if context.lake is None:
        raise unavailable("no events are stored here", fix="start with a store: seawall serve --store DIR")
    return context.lake


def cache_by_state(
    context: ConsoleContext, name: str, key: Hashable, state: Hashable, make: Callable[[], T]
) -> T:
    """What `make` gives, made once for each state of what it is made from; of the last keys that were asked for."""
    known: OrderedDict[Hashable, tuple[Hashable, T]] = context.notes.setdefault(name, OrderedDict())
    found = known.get(key)
    if found is not None and found[0] == state:
        return found[1]
    made = make()
    known[key] = (state, made)
    while len(known) > _REMEMBERED:
        with suppress(KeyError):  # another thread was quicker
            known.popitem(last=False)
    return made


def attacker_record_ids(call: ApiCall, work: Transaction, tenant: str, account: str) -> frozenset[str]:
    """The ids of an account's records that incidents list."""

    def made() -> frozenset[str]:
        incidents = work.incidents.page(QueueQuery(tenant=tenant, account=account), limit=MOST_INCIDENTS)
        return frozenset(id_ for incident in incidents for id_ in incident.events)

    return cache_by_state(call.context, "intruders", (tenant, account), work.incidents.revision(), made)


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
    """A page of records. Events that state no organisation lie apart, and are looked for where there are none.

    `name` is that of the list, where the tenant, the account and the span do not name it.
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
    """The intruder's events of an incident. An incident of several sources may list a record of each by one id."""
    end = max(min(incident.last_event + 1, LATEST), incident.first_event + 1)
    return EventQuery(incident.first_event, end, account=incident.account, records=frozenset(incident.events))


def parse_span(start: str | None, end: str | None) -> tuple[int, int]:
    """A span of time of a query, in microseconds. Raises `ApiError` (422)."""
    first = max(EARLIEST if start is None else parse_search_time(start, "from"), EARLIEST)
    last = min(LATEST if end is None else parse_search_time(end, "to"), LATEST)
    if first >= last:
        raise invalid("from does not lie before to", field="from")
    return first, last
