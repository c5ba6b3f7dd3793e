"""Fetch the System Log of Okta by polling requests: an endless query that continues where its last answer ended.

Source: developer.okta.com, "System Log query" and "Rate limit best practices". Pitfalls, and how they are handled:

- Bounded requests may miss late events. Polling requests (no `until`, ascending) are filed by the time at which Okta received
  an event, so that none is missed. The link `next` is always present; an answer without events means that all has come.
- Clients must follow links and not page by time. A link is a URL from the answer: a token is sent to it only on the configured
  host.
- Okta may forget a link in the middle of a long answer. An event is stored at or after its publication. Once an event has
  come, all that Okta had by its publication time has come as well, and a new query starts there.
- `X-Rate-Limit-Remaining` and `-Reset` say when to pause; status 429 comes without `Retry-After`.
- Okta keeps 90 days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import LateArrivalRule, Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.collection.source import ENDLESS, Knows, PageTrail, read_page
from seawall.collection.windows import DAY, HOUR
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    digest_parts,
    parse_vendor_time,
)
from seawall_base.clock import Clock
from seawall_base.http_client import HttpResponse, with_query
from seawall_base.rfc3339 import format_time

FEED: Final = "system-log"
KEEPS: Final = 90 * DAY
SETTLE: Final = HOUR
OVERLAP: Final = HOUR
"""Time by which a new query reaches back after Okta forgot a link."""

RECALL: Final = LateArrivalRule(0, KEEPS, 1, OVERLAP, 30 * DAY)
"""Okta receives most events at once; a repetition 30 days after the event is not known to occur."""

PAGE: Final = 1000
NEXT_LINK: Final = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?(?=\s*(?:[,;]|$))')


class _Record(msgspec.Struct):
    uuid: Any = None
    published: Any = None


class OktaSource:
    """The log of one organisation. `base` is its URL, `days` the reach of the first pass."""

    def __init__(self, client: VendorClient, base: str, clock: Clock, days: float = 30) -> None:
        self._client, self._base, self._clock, self._days = client, base, clock, days

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return the feeds to collect."""
        begin = now - min(int(self._days * DAY), KEEPS - HOUR)
        return [(LedgerFeed(FEED, "okta", begin, begin, SETTLE, SETTLE, RECALL), False)]

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the span of the one endless query, from the end of its last answer on."""
        newest = max((end for _, end, _ in painted), default=None)
        start = begin if newest is None else newest - OVERLAP
        return [(max(start, now - KEEPS + HOUR), ENDLESS)]

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield pages until one has no events."""
        del feed, knows
        first = {"since": format_time(ask.start), "sortOrder": "ASCENDING", "limit": str(PAGE)}
        trail = PageTrail()
        newest = 0
        url = ask.cursor or with_query(f"{self._base}/api/v1/logs", first)
        while True:
            asked_at = self._clock.now()
            piece = self._client.get(url, _piece)
            if piece.cursor is not None:
                self._client.check(piece.cursor)
            if not piece.lines:
                # An empty page needs no entry in the ledger, but its link may be newer.
                yield FetchedPage(state="marker", cursor=piece.cursor or url, covered=asked_at)
                return
            url = trail.follow(piece.cursor or url)
            newest = max(newest, *piece.times)
            piece.covered = min(newest, asked_at)
            yield piece


def _piece(answer: HttpResponse) -> FetchedPage:
    records = decode_body(answer.body, list[msgspec.Raw])
    link = NEXT_LINK.search(answer.headers.get("link", ""))
    if records and link is None:
        # Okta documents that the link is always present; without it, collection could not continue.
        raise MalformedResponse
    return read_page(answer, records, _identify, link[1] if link else None)


def _identify(line: bytes) -> tuple[bytes, int]:
    """Return an event's identity and its publication time, 0 if unreadable."""
    try:
        record: _Record = decode_body(line, _Record)
    except MalformedResponse:
        return digest_parts(line), 0
    time = parse_vendor_time(record.published if isinstance(record.published, str) else None)
    if not isinstance(record.uuid, str) or not record.uuid:
        return digest_parts(line), time
    return digest_parts(record.uuid.encode()), time
