"""Fetch sign-ins and directory audits of Microsoft Entra ID from Microsoft Graph.

Both are filed by event time and arrive minutes or hours late, so each span is queried again at several ages. Source:
learn.microsoft.com, "List signIns", "List directoryAudits", "Log latency in Microsoft Entra ID", throttling limits.
Pitfalls, and how they are handled:

- Filters on times are inclusive at both ends: spans overlap by a moment, and duplicates are recognised by id.
- v1.0 has interactive sign-ins alone, with fewer fields. The beta API is queried instead, once for each type of sign-in.
- `@odata.nextLink` is a URL from the answer: a token is sent to it only on the configured host.
- Graph allows few requests for these logs in ten seconds: requests are spaced, and `Retry-After` is obeyed.
- Graph keeps 30 days (7 without a premium licence) and returns nothing for older times. Events older than 7 days at the first
  query are therefore not proved complete.
- A sign-in whose outcome changes after it was fetched is a new record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.collection.source import Knows, PageTrail, read_page
from seawall.collection.windows import DAY, HOUR, QuerySchedule, spans_to_query
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    digest_parts,
    parse_vendor_time,
)
from seawall_base.http_client import HttpResponse, with_query
from seawall_base.rfc3339 import format_time

SIGN_INS: Final = ("interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity")
FEEDS: Final = (*(f"signIns/{name}" for name in SIGN_INS), "directoryAudits")
RHYTHM: Final = QuerySchedule(slot=6 * HOUR, keeps=30 * DAY - HOUR)
SETTLE: Final = DAY
CERTAIN: Final = 7 * DAY
"""Time for which Graph keeps these logs under any licence."""

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


class EntraSource:
    """Sign-ins and audits of one tenant. `base` is the URL of Graph's host, `days` the reach of the first pass."""

    def __init__(self, client: VendorClient, base: str, feeds: Sequence[str], days: float = 30) -> None:
        self._client, self._base, self._feeds, self._days = client, base, tuple(feeds), days

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return the feeds to collect."""
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
        """Return the spans to query, by event time."""
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
    return read_page(answer, page.value, _identify, page.next_link)


def _identify(line: bytes) -> tuple[bytes, int]:
    """Return a record's identity and its event time, 0 if unreadable."""
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
