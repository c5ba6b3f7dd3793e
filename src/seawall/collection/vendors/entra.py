"""Sign-ins and directory audits of Microsoft Entra ID, from Microsoft Graph.

Both are filed by the time of the event and come late, by minutes or hours; so each span is asked for again at several ages.
Source: learn.microsoft.com, "List signIns", "List directoryAudits", "Log latency in Microsoft Entra ID", throttling limits.
What is done about their traps:

- The filter knows `ge` and `le` on times: spans overlap by a moment, and what is there twice is known by its id.
- v1.0 has interactive sign-ins alone, and of them less than beta has; so beta is asked, for each type of sign-in.
- `@odata.nextLink` is a URL that the answer names: a token goes with it only to the configured host.
- Graph allows few requests for these logs in ten seconds: there is a pause between them, and `Retry-After` is heeded.
- It keeps 30 days (7 without a premium licence) and answers with nothing for older times: what is older than 7 days when it
  is first asked for proves nothing.
- A sign-in whose outcome changes after it was fetched is another record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.collection.source import Knows, PageTrail
from seawall.collection.windows import DAY, HOUR, QuerySchedule, spans_to_query
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    digest_parts,
    lines_of,
    parse_vendor_time,
    sha256,
)
from seawall_base.http_client import HttpResponse, with_query
from seawall_base.rfc3339 import format_time

SIGN_INS: Final = ("interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity")
FEEDS: Final = (*(f"signIns/{name}" for name in SIGN_INS), "directoryAudits")
RHYTHM: Final = QuerySchedule(slot=6 * HOUR, keeps=30 * DAY - HOUR)
SETTLE: Final = DAY
CERTAIN: Final = 7 * DAY
"""So long does Graph keep these logs whatever the licence."""

PACE: Final = 2.0
"""Seconds between two requests: five in ten seconds are allowed."""


class _Page(msgspec.Struct):
    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _Record(msgspec.Struct):
    id: Any = None
    createdDateTime: Any = None  # noqa: N815
    activityDateTime: Any = None  # noqa: N815
    status: Any = None


class Entra:
    """Sign-ins and audits of one tenant. `base` is the URL of Graph's host, `days` how far back the first pass reaches."""

    def __init__(self, client: VendorClient, base: str, feeds: Sequence[str], days: float = 30) -> None:
        self._client, self._base, self._feeds, self._days = client, base, tuple(feeds), days

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return what is collected."""
        begin = now - min(int(self._days * DAY), RHYTHM.keeps - HOUR)
        return [
            (
                LedgerFeed(
                    name,
                    "entra_audit" if name == "directoryAudits" else "entra_signin",
                    begin,
                    max(begin, now - CERTAIN + HOUR),
                    SETTLE,
                    SETTLE,
                    RHYTHM.recall(DAY),
                ),
                False,
            )
            for name in self._feeds
        ]

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the spans to ask for, by the time of the events."""
        return spans_to_query(begin, painted, RHYTHM, now)

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield the pages of a span."""
        del knows
        url: str | None = ask.cursor or self._first(feed, ask)
        trail = PageTrail()
        while url is not None:
            piece = self._client.get(url, _piece)
            url = piece.cursor
            if url is not None:
                self._client.check(trail.follow(url))
            piece.is_last = url is None
            yield piece

    def _first(self, feed: str, ask: PendingQuery) -> str:
        start, end = format_time(ask.start, digits=6), format_time(ask.end, digits=6)
        kind, _, sign_in = feed.partition("/")
        if kind == "directoryAudits":
            condition = f"activityDateTime ge {start} and activityDateTime le {end}"
            return with_query(f"{self._base}/v1.0/auditLogs/directoryAudits", {"$filter": condition})
        condition = f"createdDateTime ge {start} and createdDateTime le {end}"
        condition += f" and signInEventTypes/any(t: t eq '{sign_in}')"
        return with_query(f"{self._base}/beta/auditLogs/signIns", {"$filter": condition})


def _piece(answer: HttpResponse) -> FetchedPage:
    page: _Page = decode_body(answer.body, _Page)
    piece = FetchedPage(size=len(answer.body), sha256=sha256(answer.body), cursor=page.next_link)
    for line in lines_of(page.value):
        known, time = _find_known_feed(line)
        piece.lines.append(line)
        piece.identities.append(known)
        piece.times.append(time)
    return piece


def _find_known_feed(line: bytes) -> tuple[bytes, int]:
    """By what a record is known again, and when it happened."""
    try:
        record: _Record = decode_body(line, _Record)
    except MalformedResponse:
        return digest_parts(line), 0
    text = record.createdDateTime or record.activityDateTime
    time = parse_vendor_time(text if isinstance(text, str) else None)
    if not isinstance(record.id, str) or not record.id:
        return digest_parts(line), time
    code = record.status.get("errorCode") if isinstance(record.status, dict) else None
    return digest_parts(record.id.encode(), str(code).encode()), time
