"""Look into a value over the stored events: who showed it, when, beside what, in which incidents; and its records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.api_error import ApiError, invalid
from seawall.console.data.incident_values import Page
from seawall.console.data.lake_pages import cache_by_state, parse_span, require_lake
from seawall.console.data.look_up_values import DayCount, LookUpValue, SeenBeside, SeenBesideField
from seawall.console.data.presentation import listed_row, time_or_none, time_text
from seawall.console.data.queue_filter import Cursor, Limit, Name
from seawall.console.data.reading_audit import audit_readings
from seawall.console.data.record_rows import record_rows
from seawall.console.data.record_values import Record
from seawall.console.data.records import Moment
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.response.look_up import LookUpSubject, SeenField, parse_subject
from seawall.response.look_up.links import Links, link_incidents, records_of_rule
from seawall.response.look_up.stored import (
    MOST_INCIDENTS,
    LookUpSpan,
    iterate_days,
    look_up_in_lake,
    make_query,
    narrow_span,
)
from seawall.response.look_up.subject import LONGEST, LookUpKind
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.layout import EPOCH, start_of
from seawall_base.errors import UsageError

SECONDS: Final = 20.0
"""Time for reading days; then the answer says from when on it looked."""

MOST_SHOWN: Final = 50
_DAY: Final = 86_400_000_000
_KINDS: Final[dict[str, LookUpKind]] = {
    "accounts": "account",
    "addresses": "ip",
    "networks": "network",
    "countries": "country",
    "apps": "app",
    "clients": "client",
    "sessions": "session",
    "operations": "operation",
}


class LookUpQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to look up, as `ip:203.0.113.7`, in one organisation or in all, from one day or time to before another."""

    subject: Annotated[str, Meta(min_length=1, max_length=LONGEST + 20)]
    tenant: Name | None = None
    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)


class LookUpRecordsQuery(LookUpQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of the records that show it: newest days first, of a day by organisation, of each the newest first."""

    limit: Limit = 50
    cursor: Cursor | None = None


def show_look_up(call: ApiCall) -> LookUpValue:
    """Return what the stored events show of a value."""
    asked: LookUpQuery = call.query
    lake, subject, span = require_lake(call.context), _subject(asked), _span(asked)
    incidents, links = _list_known(call)
    found = look_up_in_lake(
        lake, subject, span, links=links, records=records_of_rule(subject, incidents), most=MOST_SHOWN
    )
    with call.context.database.reading() as work:
        rows = [work.incidents.row(one.id) for one in found.incidents[:MOST_SHOWN]]
    return LookUpValue(
        kind=subject.kind,
        value=subject.value,
        subject=str(subject),
        records=found.records,
        first=time_or_none(found.first),
        last=time_or_none(found.last),
        by_day=[DayCount((EPOCH + timedelta(days=day)).isoformat(), count) for day, count in found.by_day],
        seen=[_field(name, field) for name, field in found.fields.items()],
        incidents=[listed_row(row) for row in rows if row is not None],
        searched=found.searched,
        looked_from=time_text(found.start) if found.is_cut else None,
        is_cut=found.is_cut,
    )


def list_look_up_records(call: ApiCall) -> Page[Record]:
    """List the records that show a value. A page may hold fewer than asked for, or none, where reading took long."""
    asked: LookUpRecordsQuery = call.query
    lake, subject, span = require_lake(call.context), _subject(asked), _span(asked)
    start, end = narrow_span(span, subject)
    incidents, links = _list_known(call)
    chosen = records_of_rule(subject, incidents)
    purpose = f"look\n{subject}\n{asked.tenant}\n{asked.start} {asked.end}"
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
        query = make_query(subject, max(first, start), min(first + _DAY, end), chosen)
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
        audit_readings(call, sorted(readers), look_up=str(subject)[:200])
    return Page(items, None if following is None else call.context.cursors.write(purpose, following))


def _is_listed(record: Record, links: Links) -> bool:
    return any(link.account == record.account for link in links.get(record.id, ()))


def _subject(asked: LookUpQuery) -> LookUpSubject:
    """Parse what is asked for. Raises `ApiError` (422)."""
    try:
        return parse_subject(asked.subject)
    except UsageError as error:
        raise _refuse(error) from None


def _refuse(error: UsageError) -> ApiError:
    return invalid(error.message, field="subject", fix=error.fix)


def _span(asked: LookUpQuery) -> LookUpSpan:
    start, end = parse_span(asked.start, asked.end)
    return LookUpSpan(asked.tenant, start, end, may_continue=_within(SECONDS))


def _within(seconds: float) -> Callable[[], bool]:
    ends = monotonic() + seconds
    return lambda: monotonic() < ends


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
        summary="The records that show a value, newest days first",
        group="look-ups",
        query=LookUpRecordsQuery,
        answer=Page[Record],
        seconds=60.0,
        is_heavy=True,
    ),
)
