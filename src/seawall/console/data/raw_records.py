"""Show a record as it came, with its secrets masked: text, never markup."""

from __future__ import annotations

from typing import Final

import msgspec

from seawall.console.api_error import forbidden
from seawall.console.data.incident_values import Time
from seawall.console.data.lake_pages import require_lake
from seawall.console.data.presentation import time_text
from seawall.console.data.reading_audit import audit_reading
from seawall.console.data.records import RecordQuery, parse_day
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.privacy.boundary import get_boundary
from seawall.storage.lake import Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.narrowed import place_of
from seawall.storage.raw_records import KeptRecord, RawFolder


class OriginalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it came: `text` without secrets, at most 262,144 characters, null if no copy was kept.

    `is_cut` says that only its beginning was kept.
    """

    id: str
    text: str | None
    is_cut: bool = False
    time: Time | None = None
    source_file: str | None = None
    source_line: int | None = None


def show_original_record(call: ApiCall) -> OriginalRecord:
    """Return a record as it came by its id; if several sources have this id, the first one. Raises `ApiError`.

    Whoever sees pseudonyms is refused: the text spells names as the log did, with any escapes.
    """
    asked: RecordQuery = call.query
    if get_boundary(call.context.notes).hides_names(call.who):
        raise forbidden(
            "this record names persons, and you see pseudonyms",
            code="pseudonyms",
            fix="ask somebody who sees names to read it",
        )
    found = _find(require_lake(call.context), asked)
    if found is None:
        return OriginalRecord(id=asked.id, text=None)
    audit_reading(call, asked.tenant, found.origin.account or "", record=found.origin.record)
    return OriginalRecord(
        id=found.origin.record,
        text=found.text,
        is_cut=found.is_cut,
        time=time_text(found.origin.time),
        source_file=found.origin.source_file,
        source_line=found.origin.source_line,
    )


def _find(lake: Lake, asked: RecordQuery) -> KeptRecord | None:
    place = place_of(lake)
    copies = RawFolder(place.root)
    days = [None] if asked.day is None else [parse_day(asked.day)[0], None]
    for day in days:
        for tenant in dict.fromkeys((asked.tenant, UNKNOWN)):
            found = copies.find(tenant, [asked.id], day=day, most=1) if place.holds(tenant) else []
            if found:
                return found[0]
    return None


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/record/raw",
        handle=show_original_record,
        role="viewer",
        tenants="own",
        summary="A record of a raised incident as it came, with secrets masked; null without a copy",
        group="records",
        query=RecordQuery,
        answer=OriginalRecord,
    ),
)
