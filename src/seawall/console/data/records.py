"""List records of an incident or account, show one by id, and export an incident's evidence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pyarrow as pa
from msgspec import Meta
from starlette.responses import Response

from seawall.console.api_error import invalid, not_found
from seawall.console.data.evidence import EvidenceExport, write_evidence
from seawall.console.data.file_responses import file_response, new_file
from seawall.console.data.incident_values import Page
from seawall.console.data.incidents import get_incident, incident_detail
from seawall.console.data.lake_pages import (
    attacker_record_ids,
    incident_query,
    parse_span,
    record_page,
    require_lake,
)
from seawall.console.data.queue_filter import Cursor, Limit, Name
from seawall.console.data.reading_audit import audit_reading
from seawall.console.data.record_rows import record_rows
from seawall.console.data.record_values import Record
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.response import plan_request
from seawall.response.stored_incidents import StoredEvents
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.layout import EPOCH
from seawall.version import __version__

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

MOST_RECORDS: Final = 20_000
"""The most records in an evidence file."""

ZIP: Final = "application/zip"
_AT_ONCE: Final = 2_000
_ZONE: Final = re.compile(r"[A-Za-z0-9+_-]+(/[A-Za-z0-9+_-]+){0,3}")
_PLAIN: Final = re.compile(r"[^0-9a-z-]")
Moment = Annotated[str, Meta(min_length=1, max_length=40)]


class RecordsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of an incident's records."""

    limit: Limit = 50
    cursor: Cursor | None = None


class AccountRecordsQuery(RecordsQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of an account's records, from one day or time to before another."""

    tenant: Name
    account: Name
    start: Moment | None = msgspec.field(name="from", default=None)
    end: Moment | None = msgspec.field(name="to", default=None)
    order: Literal["newest", "oldest"] = "newest"


class RecordQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record to show."""

    tenant: Name
    id: Name
    day: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    """The UTC day to search first; if the record is not there, all days are searched."""


class EvidenceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The time zone of local times, by IANA name."""

    tz: Annotated[str, Meta(min_length=1, max_length=64)] = "UTC"


def list_incident_records(call: ApiCall) -> Page[Record]:
    """List the intruder's records of an incident, by time."""
    asked: RecordsQuery = call.query
    with call.context.database.reading() as work:
        incident, _ = get_incident(work, call.path["id"])
    page = record_page(
        call,
        incident.tenant,
        incident_query(incident),
        frozenset(incident.events),
        cursor=asked.cursor,
        limit=asked.limit,
        newest_first=False,
        name=incident.id,
    )
    if page.items:
        audit_reading(call, incident.tenant, incident.account, incident=incident.id)
    return page


def list_account_records(call: ApiCall) -> Page[Record]:
    """List the records of an account."""
    asked: AccountRecordsQuery = call.query
    start, end = parse_span(asked.start, asked.end)
    with call.context.database.reading() as work:
        intruders = attacker_record_ids(call, work, asked.tenant, asked.account)
    page = record_page(
        call,
        asked.tenant,
        EventQuery(start, end, account=asked.account),
        intruders,
        cursor=asked.cursor,
        limit=asked.limit,
        newest_first=asked.order == "newest",
    )
    if page.items:
        audit_reading(call, asked.tenant, asked.account)
    return page


def show_record(call: ApiCall) -> Record:
    """Return a record by id; if several sources have this id, the first one."""
    asked: RecordQuery = call.query
    record = find_record(call.context, asked.tenant, asked.id, asked.day)
    audit_reading(call, asked.tenant, record.account or "", record=record.id)
    if record.account is None:
        return record
    with call.context.database.reading() as work:
        intruders = attacker_record_ids(call, work, asked.tenant, record.account)
    return msgspec.structs.replace(record, is_intruder=record.id in intruders)


def find_record(
    context: ConsoleContext, tenant: str, id_: str, day: str | None, intruders: Collection[str] = ()
) -> Record:
    """Return a record by its id, searching the UTC day first; of several with this id the first. Raises `ApiError`."""
    events = _with_id(require_lake(context), tenant, id_, day)
    (record,) = record_rows(events.slice(0, 1), intruders)
    return record


def _with_id(lake: Lake, organisation: str, id_: str, day: str | None) -> pa.Table:
    """Return the events with an id, from the expected day, else from all days. Raises `ApiError`."""
    spans: list[tuple[date | None, date | None]] = [(None, None)]
    if day is not None:
        spans.insert(0, parse_day(day))
    for start, end in spans:
        for tenant in dict.fromkeys((organisation, UNKNOWN)):
            events = lake.record(tenant, id_, start=start, end=end).events
            if events.num_rows:
                return events
    raise not_found("such record")


def parse_day(text: str) -> tuple[date, date]:
    """Return a day and the next. Raises `ApiError` (422)."""
    with suppress(ValueError, OverflowError):
        day = date.fromisoformat(text)
        if day >= EPOCH:
            return day, day + timedelta(days=1)
    raise invalid("this is not a day", field="day", fix="write it as 2026-03-02")


def read_time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises `ApiError` (422)."""
    zone = None
    if _ZONE.fullmatch(name):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo(name)
    if zone is None:
        raise invalid(
            "there is no such time zone", field="tz", fix="write UTC, or a name such as Europe/Berlin"
        )
    return zone


def export_evidence(call: ApiCall) -> Response:
    """Return an incident's evidence as a ZIP file, and record the export in the audit trail."""
    zone = read_time_zone(call.query.tz)
    with call.context.database.reading() as work:
        incident, listed = get_incident(work, call.path["id"])
        value = incident_detail(work, incident, listed, call.now)
    target = new_file()
    try:
        lake = call.context.lake
        records = list(_records(lake, incident)) if lake is not None else []
        left_out = max(value.events - len(records), 0)
        export = EvidenceExport(call.now, call.who.name, __version__, zone)
        forms = forms_of(lake, incident) if lake is not None else None
        write_evidence(target, incident, value, records, export, left_out=left_out, forms=forms)
        with call.context.database.writing() as work:
            call.note(work, "evidence-exported", incident.id, records=len(records), time_zone=zone.key)
    except BaseException:
        target.close()
        raise
    name = _PLAIN.sub("-", incident.id)[:40]
    return file_response(target, f"seawall-{name}.zip", ZIP)


def _records(lake: Lake, incident: Incident) -> Iterator[Record]:
    """Yield the intruder's records, at most `MOST_RECORDS`."""
    wanted, intruders = incident_query(incident), frozenset(incident.events)
    for tenant in dict.fromkeys((incident.tenant, UNKNOWN)):
        cursor, count = None, 0
        while count < MOST_RECORDS:
            page = lake.page(tenant, wanted, cursor=cursor, limit=min(_AT_ONCE, MOST_RECORDS - count))
            count += page.events.num_rows
            yield from record_rows(page.events, intruders)
            cursor = page.cursor
            if cursor is None:
                break
        if count:
            return


def forms_of(lake: Lake, incident: Incident) -> dict[str, str]:
    """Return the incident's `seawall respond export` forms by file name, from its account's stored events."""
    return plan_request.export_incident(StoredEvents(lake, "the console"), incident, __version__)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/records",
        handle=list_incident_records,
        role="viewer",
        tenants="own",
        summary="The intruder's records of an incident, in order of time",
        group="records",
        query=RecordsQuery,
        answer=Page[Record],
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/evidence.zip",
        handle=export_evidence,
        role="viewer",
        tenants="own",
        summary="The evidence of an incident: documents, records, a page, and a manifest with SHA-256 of each",
        group="records",
        query=EvidenceQuery,
        media=ZIP,
        seconds=120.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/account/records",
        handle=list_account_records,
        role="viewer",
        tenants="own",
        summary="The records of an account",
        group="records",
        query=AccountRecordsQuery,
        answer=Page[Record],
    ),
    Endpoint(
        method="GET",
        path="/api/record",
        handle=show_record,
        role="viewer",
        tenants="own",
        summary="One record by its id",
        group="records",
        query=RecordQuery,
        answer=Record,
        codes=((404, "not-found"),),
    ),
)
