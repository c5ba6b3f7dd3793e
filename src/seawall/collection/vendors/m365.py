"""Fetch from the Office 365 Management Activity API: subscriptions, lists of content, and content (blobs of audit records).

Content is filed by the time at which it became available; its events are older. Source: learn.microsoft.com, "Office 365
Management Activity API reference", its FAQ and its page on troubleshooting. Pitfalls, and how they are handled:

- A list covers at most 24 hours and starts at most seven days ago; longer spans return a part without an error.
- `NextPageUri` and `contentUri` are URLs from the answer: a token is sent to them only on the configured host.
- Throttling has the code AF429; its status, 429 or 403, is not documented. `PublisherIdentifier` is sent with every request,
  also for content and further pages, whose documented addresses lack it.
- A listed subscription is not started again, even if the list omits its status, as the documented sample does. Its content is
  up to seven days old, and starting it changes it according to the documentation; it is known to answer AF20024. Content
  that became available while a subscription was off cannot be fetched later.
- Content is listed repeatedly, and also late in spans that were queried: these are queried again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import msgspec

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.collection.source import Knows, PageTrail, read_page
from seawall.collection.windows import DAY, HOUR, MINUTE, QuerySchedule, spans_to_query
from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    digest_parts,
    parse_vendor_time,
)
from seawall_base.http_client import ForeignHost, HttpResponse, with_query
from seawall_base.rfc3339 import format_time

CONTENT_TYPES: Final = ("Audit.Exchange", "Audit.AzureActiveDirectory", "Audit.SharePoint", "Audit.General")
RHYTHM: Final = QuerySchedule(slot=6 * HOUR, keeps=7 * DAY - 10 * MINUTE)
SETTLE: Final = DAY
"""Time after which nearly everything was delivered; outages took three to five days."""

FIRST_CONTENT: Final = 12 * HOUR
"""Longest time until a new subscription has its first content."""

LATEST: Final = 30 * DAY
"""Age at which a record that is delivered again in other content counts as new."""

THREADS: Final = 8
MOST_FAILED: Final = 3
"""Consecutive contents that could not be fetched, after which the rest of a span waits for the next pass."""

LONGEST_ID: Final = 4096
FOR_NOW: Final = "for-now:"
_EXPIRED: Final = frozenset({"AF20050", "AF20051"})


class _Subscription(msgspec.Struct):
    contentType: str  # noqa: N815 - Microsoft's name
    status: str | None = None


class _Content(msgspec.Struct):
    contentId: str  # noqa: N815
    contentUri: str  # noqa: N815
    contentCreated: str | None = None  # noqa: N815


class _Record(msgspec.Struct):
    CreationTime: Any = None


def is_throttled(answer: HttpResponse, code: str) -> bool:
    """Return whether an answer reports throttling, which may have status 403."""
    del answer
    return code == "AF429"


class M365Source:
    """Audit records of one tenant. `base` is the URL of the API's host, `days` the reach of the first pass."""

    def __init__(
        self,
        client: VendorClient,
        base: str,
        tenant: str,
        content_types: Sequence[str],
        days: float = 7,
        threads: int = THREADS,
    ) -> None:
        self._client, self._tenant = client, tenant
        self._root = f"{base}/api/v1.0/{tenant}/activity/feed"
        self._content_types, self._days = tuple(content_types), days
        self._threads = threads

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Start missing subscriptions; return all feeds, each with whether its subscription started now."""
        listed = self._client.get(self._url("subscriptions/list"), _subscriptions)
        enabled = {one.contentType for one in listed if one.status in {None, "enabled"}}
        begin = now - min(int(self._days * DAY), RHYTHM.keeps - HOUR)
        found = []
        for name in self._content_types:
            is_new = name not in enabled and self._start(name)
            # Nobody states since when an older subscription exists: its content is fetched but proves nothing.
            proved_from = now + FIRST_CONTENT if is_new else now
            feed = LedgerFeed(
                name, "m365_audit", now if is_new else begin, proved_from, SETTLE, HOUR, RHYTHM.recall(LATEST)
            )
            found.append((feed, is_new))
        return found

    def _start(self, name: str) -> bool:
        try:
            self._client.send("POST", self._url("subscriptions/start", contentType=name), _nothing, body=b"")
        except VendorRefused as refused:
            if refused.code != "AF20024":
                raise
            return False
        return True

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the spans to list, by the time at which content became available."""
        return spans_to_query(begin, painted, RHYTHM, now)

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield the content of a span, page by page of its list. Content that is unavailable for now leaves the span open."""
        url = ask.cursor or self._url(
            "subscriptions/content",
            contentType=feed,
            startTime=format_time(ask.start, digits=0).removesuffix("Z"),
            endTime=format_time(ask.end, digits=0).removesuffix("Z"),
        )
        failed: VendorUnavailable | None = None
        failures = 0
        met: set[str] = set()
        trail = PageTrail()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="seawall-collect") as pool:
            while True:
                listed, following = self._client.get(url, _page)
                if following is not None:
                    self._client.check(following)
                    following = self._add_publisher(following)
                for piece in self._contents(pool, listed, met, knows):
                    if piece.reason.startswith(FOR_NOW):
                        failed, failures = VendorUnavailable(piece.reason.removeprefix(FOR_NOW)), failures + 1
                        if failures >= MOST_FAILED:
                            pool.shutdown(wait=False, cancel_futures=True)
                            raise failed
                        continue
                    failures = 0 if piece.state == "came" else failures
                    # While content is missing, the cursor stays, so that the page is listed again after an interruption.
                    piece.cursor = url if failed is None else ask.cursor
                    yield piece
                if following is None:
                    break
                url = trail.follow(following)
        if failed is not None:
            yield FetchedPage(state="marker")
            raise failed
        yield FetchedPage(state="marker", is_last=True)

    def _contents(
        self, pool: ThreadPoolExecutor, listed: list[_Content], met: set[str], knows: Knows
    ) -> Iterator[FetchedPage]:
        """Yield the content of one page of a list, in order, with several requests in parallel."""
        waiting: deque[Future[FetchedPage]] = deque()
        for entry in listed:
            if entry.contentId in met or knows(entry.contentId):
                yield FetchedPage(entry.contentId, "repeated")
                continue
            met.add(entry.contentId)
            waiting.append(pool.submit(self._content, entry))
            if len(waiting) > self._threads:
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()

    def _content(self, entry: _Content) -> FetchedPage:
        created = parse_vendor_time(entry.contentCreated)
        try:
            piece = self._client.get(self._add_publisher(entry.contentUri), _records)
        except ForeignHost:
            piece = FetchedPage(state="refused", reason="elsewhere")
        except VendorUnavailable as error:
            piece = FetchedPage(state="refused", reason=f"{FOR_NOW}{error.code}")
        except VendorRefused as refused:
            if refused.code in _EXPIRED or refused.status in {404, 410}:
                piece = FetchedPage(state="expired", reason=refused.code)
            elif refused.status in {401, 403}:
                raise
            else:
                piece = FetchedPage(state="refused", reason=refused.code or f"status-{refused.status}")
        piece.content, piece.created = entry.contentId, created
        return piece

    def _add_publisher(self, url: str) -> str:
        """Return the URL with `PublisherIdentifier`; without it, the request counts against a quota shared by all
        publishers.
        """
        if "publisheridentifier=" in url.lower():
            return url
        return with_query(url, {"PublisherIdentifier": self._tenant})

    def _url(self, operation: str, **values: str) -> str:
        return with_query(f"{self._root}/{operation}", {**values, "PublisherIdentifier": self._tenant})


def _nothing(_: HttpResponse) -> None:
    return None


def _subscriptions(answer: HttpResponse) -> list[_Subscription]:
    found: list[_Subscription] = decode_body(answer.body, list[_Subscription])
    return found


def _page(answer: HttpResponse) -> tuple[list[_Content], str | None]:
    found: list[_Content] = decode_body(answer.body, list[_Content])
    if any(len(one.contentId) > LONGEST_ID for one in found):
        raise MalformedResponse
    return found, answer.headers.get("nextpageuri") or None


def _records(answer: HttpResponse) -> FetchedPage:
    """Return the records of a blob, each identified by its bytes: a record that differs in anything is never dropped."""
    records = decode_body(answer.body, list[msgspec.Raw])
    return read_page(answer, records, lambda line: (digest_parts(line), _time(line)))


def _time(line: bytes) -> int:
    """Return the event time of a record, 0 if unreadable."""
    try:
        text = decode_body(line, _Record).CreationTime
    except MalformedResponse:
        return 0
    return parse_vendor_time(text if isinstance(text, str) else None)
