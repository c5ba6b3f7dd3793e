"""List the incident queue, show one incident, and export the queue as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

import msgspec
from starlette.responses import Response

from seawall.console.api_error import not_found
from seawall.console.data.answer_values import answer_value
from seawall.console.data.file_responses import file_response, new_file
from seawall.console.data.incident_values import AnswerName, IncidentRow, IncidentValue, Page
from seawall.console.data.lake_pages import cache_by_state
from seawall.console.data.presentation import incident_value, listed_row
from seawall.console.data.queue_filter import ORDERS, QueueFilter, QueuePage, cursor_purpose, queue_choice
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incident import Incident
from seawall.storage.database import QueueCursor, QueueEntry, QueueQuery, Transaction
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.safe_text import visible

CSV: Final = "text/csv; charset=utf-8"
CSV_ROWS: Final = 100_000
_CSV_PAGE: Final = 500


def get_incident(work: Transaction, id_: str) -> tuple[Incident, QueueEntry]:
    """Return an incident by its present or any former id. Raises `ApiError` (404)."""
    if len(id_) <= 200:
        now = work.aliases.resolve(id_)
        incident, listed = work.incidents.get(now), work.incidents.row(now)
        if incident is not None and listed is not None:
            return incident, listed
    raise not_found("such incident")


def incident_detail(work: Transaction, incident: Incident, listed: QueueEntry, now: int) -> IncidentValue:
    """Return an incident with its answers and former ids."""
    answers = [answer_value(answer, now) for answer in work.answers.of_incident(incident.id)]
    return incident_value(
        incident,
        answer=cast("AnswerName | None", listed.answer),
        announced_at=listed.announced_at,
        is_history=listed.is_history,
        answers=answers,
        aliases=work.aliases.of(incident.id),
    )


def list_incidents(call: ApiCall) -> Page[IncidentRow]:
    """Return a page of the queue."""
    asked: QueuePage = call.query
    choice, purpose, order = queue_choice(asked), cursor_purpose(asked), ORDERS[asked.sort]
    after = None
    if asked.cursor is not None:
        after = QueueCursor(*call.context.cursors.read(purpose, asked.cursor, tuple[float | int | str, str]))
    with call.context.database.reading() as work:
        rows = work.incidents.rows(choice, order=order, after=after, limit=asked.limit + 1)
        total = (
            len(rows) if after is None and len(rows) <= asked.limit else _total(call, work, choice, purpose)
        )
    cursor = None
    if len(rows) > asked.limit:
        place = rows[asked.limit - 1].place(order)
        cursor = call.context.cursors.write(purpose, (place.value, place.id))
    return Page([listed_row(row) for row in rows[: asked.limit]], cursor, total)


def _total(call: ApiCall, work: Transaction, choice: QueueQuery, purpose: str) -> int:
    """Return how many incidents match.

    Counting reads the whole queue, so it is cached for each state of the queue.
    """
    revision = work.incidents.revision()
    return cache_by_state(call.context, "counts", purpose, revision, lambda: work.incidents.count(choice))


def show_incident(call: ApiCall) -> IncidentValue:
    """Return one incident."""
    with call.context.database.reading() as work:
        return incident_detail(work, *get_incident(work, call.path["id"]), call.now)


def export_incidents(call: ApiCall) -> Response:
    """Return the queue as CSV, at most `CSV_ROWS`, and record the export in the audit trail."""
    asked: QueueFilter = call.query
    choice = queue_choice(asked)
    with call.context.database.writing() as work:
        call.note(work, "incidents-exported", asked.queue, query=asked.q or "")
    header = [name for name in IncidentRow.__struct_fields__ if name not in ("chips", "messages")]
    header += ["messages_proved", "messages_possible", "reasons"]
    target = new_file()
    try:
        target.write(b"\xef\xbb\xbf")
        for line in csv_lines(header, (_cells(row) for row in _all(call, choice, asked))):
            target.write(line.encode("utf-8", "replace"))
    except BaseException:
        target.close()
        raise
    return file_response(target, "seawall-incidents.csv", CSV)


def _all(call: ApiCall, choice: QueueQuery, asked: QueueFilter) -> Iterator[IncidentRow]:
    order, after, count = ORDERS[asked.sort], None, 0
    while count < CSV_ROWS:
        # one short transaction for each page
        with call.context.database.reading() as work:
            rows = work.incidents.rows(choice, order=order, after=after, limit=_CSV_PAGE)
        for row in rows:
            yield listed_row(row)
        count += len(rows)
        if len(rows) < _CSV_PAGE:
            return
        after = rows[-1].place(order)


def _cells(row: IncidentRow) -> Sequence[Cell]:
    plain = msgspec.structs.asdict(row)
    chips, messages = plain.pop("chips"), plain.pop("messages")
    reasons = "; ".join(visible(chip.text, 300) for chip in chips)
    return [*plain.values(), messages.proved, messages.possible, reasons]


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents",
        handle=list_incidents,
        role="viewer",
        tenants="own",
        summary="The incident queue",
        group="incidents",
        query=QueuePage,
        answer=Page[IncidentRow],
    ),
    Endpoint(
        method="GET",
        path="/api/incidents.csv",
        handle=export_incidents,
        role="viewer",
        tenants="own",
        summary="The incident queue as CSV that holds no formulas",
        group="incidents",
        query=QueueFilter,
        media="text/csv",
        seconds=120.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}",
        handle=show_incident,
        role="viewer",
        tenants="own",
        summary="One incident with everything that explains it; an id that it had before answers with the new one",
        group="incidents",
        answer=IncidentValue,
    ),
)
