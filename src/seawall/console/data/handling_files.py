"""Send the report of starred records, and the one-page summary of an incident; each is noted in the audit trail."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from seawall.console.api_error import unavailable
from seawall.console.data.incidents import get_incident
from seawall.console.data.reading_audit import audit_readings
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.report.handling.document import HandlingDocument
from seawall.report.handling.render import render_document_page, render_document_pdf
from seawall.report.handling.report import write_report_document
from seawall.report.handling.summary import write_summary
from seawall.response.handling.gathering import HandledIncident, gather_incident
from seawall_base.installing import describe_install

PDF: Final = "application/pdf"
HTML: Final = "text/html; charset=utf-8"
_PLAIN: Final = re.compile(r"[^0-9a-z-]")


def send_report_page(call: ApiCall) -> Response:
    """Return the report as one HTML page."""
    case = _gather(call)
    page = render_document_page(write_report_document(case, now=call.now)).encode("utf-8", "replace")
    return _send(call, case, "report", "html", page)


def send_report_pdf(call: ApiCall) -> Response:
    """Return the report as PDF."""
    case = _gather(call)
    return _send(call, case, "report", "pdf", _render(write_report_document(case, now=call.now)))


def send_summary_pdf(call: ApiCall) -> Response:
    """Return the summary as PDF."""
    case = _gather(call)
    return _send(call, case, "summary", "pdf", _render(write_summary(case, now=call.now)))


def _gather(call: ApiCall) -> HandledIncident:
    with call.context.database.reading() as work:
        return gather_incident(work, get_incident(work, call.path["id"])[0])


def _render(document: HandlingDocument) -> bytes:
    """Return a document as PDF. Raises `ApiError` (503) where the packages for it are missing."""
    try:
        return render_document_pdf(document)
    except ModuleNotFoundError:
        fix = f"ask the administrator of Seawall to run: {describe_install('letters')}"
        raise unavailable("PDFs cannot be made in this installation", fix=fix) from None


def _send(call: ApiCall, case: HandledIncident, what: str, kind: str, content: bytes) -> Response:
    incident = case.incident
    if what == "report" and case.stars:
        accounts = {(incident.tenant, str(star.document.get("account") or "")) for star in case.stars}
        audit_readings(call, sorted(accounts), incident=incident.id)
    with call.context.database.writing() as work:
        call.note(work, f"{what}-exported", incident.id, form=kind, stars=len(case.stars))
    name = f"seawall-{what}-{_PLAIN.sub('-', incident.id)[:40]}.{kind}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=PDF if kind == "pdf" else HTML, headers=headers)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/report.html",
        handle=send_report_page,
        role="viewer",
        tenants="own",
        summary="The report of an incident as one page: story, starred records, timeline, tasks and comments",
        group="handling",
        media="text/html",
        seconds=60.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/report.pdf",
        handle=send_report_pdf,
        role="viewer",
        tenants="own",
        summary="The same report as PDF",
        group="handling",
        media=PDF,
        seconds=60.0,
        is_heavy=True,
    ),
    Endpoint(
        method="GET",
        path="/api/incidents/{id}/summary.pdf",
        handle=send_summary_pdf,
        role="viewer",
        tenants="own",
        summary="One page in plain words for whoever decides: what happened, who is affected, what is done and open",
        group="handling",
        media=PDF,
        seconds=60.0,
        is_heavy=True,
    ),
)
