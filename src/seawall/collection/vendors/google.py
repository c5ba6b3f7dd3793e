"""Fetch audit activities of Google Workspace from the Reports API of the Admin SDK.

They are filed by event time and arrive late: near real time for most applications, hours for some, rarely longer. Each span
is therefore queried again at several ages. Source: developers.google.com, "Reports API: Activities: list", "Limits and
quotas"; support.google.com/a/answer/7061566 (lag times). Pitfalls, and how they are handled:

- The documentation does not say whether the ends of a span are included: queries are a second longer on both sides, and
  duplicates are recognised.
- Too many requests give status 403 with a reason like `userRateLimitExceeded`, or 503, as well as 429.
- An expired page token gives status 400: the span is queried again.
- Google keeps 180 days.
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
from seawall.collection.windows import DAY, HOUR, SECOND, QuerySchedule, spans_to_query
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    digest_parts,
    parse_vendor_time,
)
from seawall_base.http_client import HttpResponse, with_query
from seawall_base.rfc3339 import format_time

APPLICATIONS: Final = ("login", "token", "user_accounts", "admin", "drive", "groups_enterprise", "saml")
RHYTHM: Final = QuerySchedule(slot=DAY, keeps=180 * DAY - HOUR)
SETTLE: Final = DAY
PAGE: Final = 1000
_THROTTLED: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


class _Page(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    nextPageToken: str | None = None  # noqa: N815 - Google's name


class _Record(msgspec.Struct):
    id: Any = None
    events: Any = None


def is_throttled(answer: HttpResponse, code: str) -> bool:
    """Return whether an answer reports throttling, which may have status 403."""
    return answer.status == 403 and code in _THROTTLED


class GoogleSource:
    """Activities of one customer. `base` is the URL of the API's host, `days` the reach of the first pass."""

    def __init__(
        self,
        client: VendorClient,
        base: str,
        applications: Sequence[str],
        days: float = 30,
        customer: str = "",
    ) -> None:
        self._client, self._base = client, base
        self._applications, self._days, self._customer = tuple(applications), days, customer

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return the feeds to collect."""
        begin = now - min(int(self._days * DAY), RHYTHM.keeps - HOUR)
        return [
            (LedgerFeed(name, "google_workspace", begin, begin, SETTLE, SETTLE, RHYTHM.recall(DAY)), False)
            for name in self._applications
        ]

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the spans to query, by the time of activities."""
        return spans_to_query(begin, painted, RHYTHM, now)

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield the pages of a span."""
        del knows
        values = {
            "startTime": format_time(ask.start - SECOND),
            "endTime": format_time(min(ask.end + SECOND, max(ask.end, ask.asked_at))),
            "maxResults": str(PAGE),
        }
        if self._customer:
            values["customerId"] = self._customer
        url = f"{self._base}/admin/reports/v1/activity/users/all/applications/{feed}"
        token = ask.cursor
        trail = PageTrail()
        while True:
            piece = self._client.get(
                with_query(url, {**values, **({"pageToken": token} if token else {})}), _piece
            )
            token = piece.cursor
            piece.is_last = token is None
            if token is not None:
                trail.follow(token)
            yield piece
            if token is None:
                return


def _piece(answer: HttpResponse) -> FetchedPage:
    page: _Page = decode_body(answer.body, _Page)
    return read_page(answer, page.items or (), _identify, page.nextPageToken or None)


def _identify(line: bytes) -> tuple[bytes, int]:
    """Return an activity's identity and its time, 0 if unreadable.

    Google gives a sign-in and its challenge the same qualifier and time; their events differ.
    """
    try:
        record: _Record = decode_body(line, _Record)
    except MalformedResponse:
        return digest_parts(line), 0
    names = record.id if isinstance(record.id, dict) else {}
    text = names.get("time")
    time = parse_vendor_time(text if isinstance(text, str) else None)
    parts = [names.get(name) for name in ("uniqueQualifier", "time", "applicationName", "customerId")]
    if parts[0] is None:
        return digest_parts(line), time
    events = msgspec.json.encode(record.events, order="deterministic")
    return digest_parts(*(str(part).encode() for part in parts), events), time
