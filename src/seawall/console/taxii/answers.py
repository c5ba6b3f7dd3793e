"""Answers of the TAXII server: its media type, its shape of errors, and the times of addition in headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from seawall.console.api_error import ApiError
from seawall.storage.database.exchange_collections import CollectionObject
from seawall_base.json_text import encode_json
from seawall_base.rfc3339 import format_time

MEDIA: Final = "application/taxii+json;version=2.1"
KIND: Final = "application/taxii+json"
CHALLENGE: Final = {"www-authenticate": 'Basic realm="Seawall TAXII", charset="UTF-8"'}


class TaxiiRefused(Exception):
    """A refused request. The title is shown to the client, and has nothing that the client sent."""

    def __init__(self, status: int, title: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = dict(headers or {})


def answer_document(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as an answer."""
    return Response(encode_json(document), status, {**(headers or {}), "content-type": MEDIA})


def answer_refusal(refusal: TaxiiRefused | ApiError) -> Response:
    """Return an error message of TAXII 2.1."""
    title = refusal.title if isinstance(refusal, TaxiiRefused) else refusal.fault.message
    return answer_document(
        {"title": title, "http_status": str(refusal.status)}, refusal.status, refusal.headers
    )


def added_text(added: int) -> str:
    """Return a time of addition, to the microsecond, so that no two objects share one."""
    return format_time(added, digits=6)


def added_headers(objects: Sequence[CollectionObject]) -> dict[str, str]:
    """Return the headers that name the first and last time of addition of a page."""
    if not objects:
        return {}
    return {
        "x-taxii-date-added-first": added_text(objects[0].added),
        "x-taxii-date-added-last": added_text(objects[-1].added),
    }
