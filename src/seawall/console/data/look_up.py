"""Look into a value over the stored events: who showed it, when, beside what, in which incidents; and its records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from seawall.console.data.incident_values import Page
from seawall.console.data.indicator_values import find_indicator, is_owners_too
from seawall.console.data.lake_pages import cache_by_state, require_lake
from seawall.console.data.look_up_query import (
    LookUpQuery,
    LookUpRecordsQuery,
    LookUpRequest,
    read_request,
    read_span,
)
from seawall.console.data.look_up_values import (
    DayCount,
    LookUpTerm,
    LookUpValue,
    SeenBeside,
    SeenBesideField,
    SeenRule,
)
from seawall.console.data.presentation import listed_row, time_or_none, time_text
from seawall.console.data.queue_filter import QueueFilter, queue_choice
from seawall.console.data.reading_audit import audit_readings
from seawall.console.data.record_rows import record_rows
from seawall.console.data.record_values import Record
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.response.look_up import SeenField
from seawall.response.look_up.links import Links, count_rules, link_incidents, records_of_rule
from seawall.response.look_up.stored import (
    MOST_INCIDENTS,
    iterate_days,
    look_up_in_lake,
    make_query,
    narrow_span,
)
from seawall.response.look_up.subject import LookUpKind
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.layout import EPOCH, start_of

MOST_SHOWN: Final = 50
_DAY: Final = 86_400_000_000
_KINDS: Final[dict[str, LookUpKind]] = {
    "accounts": "account",
    "mailboxes": "mailbox",
    "addresses": "ip",
    "networks": "network",
    "countries": "country",
    "apps": "app",
    "clients": "client",
    "sessions": "session",
    "operations": "operation",
}


def show_look_up(call: ApiCall) -> LookUpValue:
    """Return what the stored events show of a value."""
    asked: LookUpQuery = call.query
    choice, lake, request = (
        queue_choice(QueueFilter(queue="all", q=asked.q)),
        require_lake(call.context),
        read_request(asked),
    )
    incidents, links = _list_known(call)
    subject, span = request.subject, read_span(asked, request, incidents)
    found = look_up_in_lake(
        lake, subject, span, links=links, records=records_of_rule(subject, incidents), most=MOST_SHOWN
    )
    listing = {one.id: one.records for one in found.incidents}
    choice = replace(choice, ids=frozenset(listing))
    with call.context.database.reading() as work:
        rows = work.incidents.rows(choice, limit=MOST_SHOWN)
        count = len(rows) if len(rows) < MOST_SHOWN else work.incidents.count(choice)
    meant = [one for one in incidents if one.id in listing]
    return LookUpValue(
        kind=request.wanted[0].kind,
        value=request.wanted[0].value,
        subject=str(request),
        subjects=[*_list_terms(request)],
        records=found.records,
        first=time_or_none(found.first),
        last=time_or_none(found.last),
        by_day=[DayCount((EPOCH + timedelta(days=day)).isoformat(), count) for day, count in found.by_day],
        seen=[_field(name, field) for name, field in found.fields.items()],
        incidents=[listed_row(row) for row in rows],
        incident_count=count,
        rules=[SeenRule(title, records) for title, records in count_rules(meant)[:MOST_SHOWN]],
        may_be_indicator=len(request.wanted) == 1
        and not request.unwanted
        and find_indicator(subject) is not None,
        is_owners_too=is_owners_too(subject),
        searched=found.searched,
        looked_from=time_text(found.start) if found.is_cut else None,
        is_cut=found.is_cut,
    )


def list_look_up_records(call: ApiCall) -> Page[Record]:
    """List the records that show a value. A page may hold fewer than asked for, or none, where reading took long."""
    asked: LookUpRecordsQuery = call.query
    lake, request = require_lake(call.context), read_request(asked)
    incidents, links = _list_known(call)
    subject, span = request.subject, read_span(asked, request, incidents)
    start, end = narrow_span(span, subject)
    chosen = records_of_rule(subject, incidents)
    purpose = f"look\n{request}\n{asked.tenant}\n{asked.start} {asked.end}"
    place, inner = None, None
    if asked.cursor is not None:
        day, tenant, inner = call.context.cursors.read(purpose, asked.cursor, tuple[str, str, str | None])
        place = (day, tenant)
    items: list[Record] = []
    readers: set[tuple[str, str]] = set()
    following: tuple[str, str, str | None] | None = None
    for number, held in enumerate(iterate_days(lake, span, subject, place)):
        here = held.day.isoformat(), held.tenant
        if len(items) >= asked.limit or (number and not span.may_continue()):
            following = (*here, None)
            break
        first = start_of(held.day)
        query = make_query(subject, max(first, start), min(first + _DAY, end), chosen, span.narrow)
        room = asked.limit - len(items)
        page = lake.page(
            held.tenant, query, cursor=inner if here == place else None, limit=room, newest_first=True
        )
        for record in record_rows(page.events, ()):
            readers.add((held.tenant, record.account or ""))
            items.append(msgspec.structs.replace(record, is_intruder=_is_listed(record, links)))
        if page.cursor is not None:
            following = (*here, page.cursor)
            break
    if readers:
        audit_readings(call, sorted(readers), look_up=str(request)[:200])
    return Page(items, None if following is None else call.context.cursors.write(purpose, following))


def _list_terms(request: LookUpRequest) -> Iterator[LookUpTerm]:
    for is_not, subjects in ((False, request.wanted), (True, request.unwanted)):
        for one in subjects:
            yield LookUpTerm(kind=one.kind, value=one.value, subject=str(one), is_not=is_not)


def _is_listed(record: Record, links: Links) -> bool:
    return any(link.account == record.account for link in links.get(record.id, ()))


def _list_known(call: ApiCall) -> tuple[list[Incident], Links]:
    """Return the worst incidents, and which of them list which records; kept until incidents change."""
    with call.context.database.reading() as work:

        def load() -> tuple[list[Incident], Links]:
            incidents = list(work.incidents.page(limit=MOST_INCIDENTS))
            return incidents, link_incidents(incidents)

        return cache_by_state(call.context, "look-ups", "incidents", work.incidents.revision(), load)


def _field(name: str, field: SeenField) -> SeenBesideField:
    values = [
        SeenBeside(
            value=one.value,
            name=one.name,
            tenant=_tenant(one.tenant, one.value) if name == "accounts" else None,
            subject=f"{_KINDS[name]}:{one.value}",
            records=one.records,
            first=time_text(one.first),
            last=time_text(one.last),
        )
        for one in field.values
    ]
    return SeenBesideField(name=name, values=values, total=field.total, is_cut=field.is_cut)


def _tenant(tenant: str, account: str) -> str:
    """Return the organisation for display: events without one belong to that of the account's mail domain."""
    return (account.partition("@")[2] or tenant) if tenant == UNKNOWN else tenant


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/look",
        handle=show_look_up,
        role="viewer",
        tenants="own",
        summary="What the stored events show of an address, a session, an application or another value",
        group="look-ups",
        query=LookUpQuery,
        answer=LookUpValue,
        seconds=60.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/look/records",
        handle=list_look_up_records,
        role="viewer",
        tenants="own",
        summary="The records that show a value, newest days first",
        group="look-ups",
        query=LookUpRecordsQuery,
        answer=Page[Record],
        seconds=60.0,
        is_heavy=True,
    ),
)
