"""List the indicators that came from other organisations, each with the values that can be looked up."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Time
from seawall.console.data.presentation import time_text
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.response.look_up import parse_subject
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall_base.errors import UsageError

PURPOSE: Final = "received indicators"
MOST_VALUES: Final = 20
_SUBJECTS: Final = {"network": "network", "app": "app", "key": "key", "user_agent": "agent"}


class ReceivedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of the received indicators."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class ReceivedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator of others: its collection's address, the values to look up (at most 20), and validity.

    `subjects` is empty for a hash. `until` is null without end, `confidence` 0 to 100 or null, `tlp` empty without a marking.
    """

    id: str
    source: str
    subjects: list[str]
    is_hashed: bool
    since: Time
    until: Time | None
    confidence: int | None
    tlp: str
    name: str


class ReceivedPage(msgspec.Struct, frozen=True):
    """A page of received indicators, the last changed first."""

    items: list[ReceivedRow]
    next_cursor: str | None
    total: int


def list_received(call: ApiCall) -> ReceivedPage:
    """Return a page of received indicators. Raises `ApiError` (400) for a foreign cursor."""
    asked: ReceivedQuery = call.query
    cursors = call.context.cursors
    first = 0 if asked.cursor is None else cursors.read(PURPOSE, asked.cursor, int)
    with call.context.database.reading() as work:
        found = work.received_indicators.all()
    end = first + asked.limit
    following = cursors.write(PURPOSE, end) if end < len(found) else None
    return ReceivedPage([_row(one) for one in found[first:end]], following, len(found))


def _row(one: ReceivedIndicator) -> ReceivedRow:
    return ReceivedRow(
        id=one.id,
        source=one.source,
        subjects=[] if one.is_hashed else _list_subjects(one),
        is_hashed=one.is_hashed,
        since=time_text(one.start),
        until=None if one.end is None else time_text(one.end),
        confidence=one.confidence,
        tlp=one.tlp,
        name=one.name,
    )


def _list_subjects(one: ReceivedIndicator) -> list[str]:
    """Return the values as look-ups write them."""
    found = []
    for kind, value in one.values[:MOST_VALUES]:
        name = ("cidr" if "/" in value else "ip") if kind == "address" else _SUBJECTS.get(kind, "")
        try:
            found.append(str(parse_subject(f"{name}:{value}")))
        except UsageError:  # a value that no look-up takes
            continue
    return found


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/indicators/received",
        handle=list_received,
        role="viewer",
        summary="Indicators that came from other organisations over TAXII, the last changed first",
        group="indicators",
        tenants="all",
        query=ReceivedQuery,
        answer=ReceivedPage,
        codes=((400, "bad-request"),),
    ),
)
"""Received indicators are no organisation's, so nobody who is limited to organisations sees them."""
