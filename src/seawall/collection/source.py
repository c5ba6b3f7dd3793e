"""The interface between a vendor's API and a collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.vendor_api.client import VendorUnavailable
from seawall.vendor_api.responses import digest_parts, lines_of
from seawall_base.http_client import HttpResponse

ENDLESS = 1 << 60
"""The end of a query that never ends."""

Knows = Callable[[str], bool]
"""A function that returns whether a blob id is stored already."""


class PageTrail:
    """The cursors seen in the answer to one query: a repeated cursor would mean an endless loop."""

    def __init__(self) -> None:
        self._met: set[bytes] = set()

    def follow(self, cursor: str) -> str:
        """Return the cursor. Raises `VendorUnavailable` if it was seen before."""
        digest = digest_parts(cursor.encode("utf-8", "replace"))
        if digest in self._met:
            raise VendorUnavailable("endless")
        self._met.add(digest)
        return cursor


def read_page(
    answer: HttpResponse,
    records: Sequence[msgspec.Raw],
    identify: Callable[[bytes], tuple[bytes, int]],
    cursor: str | None = None,
) -> FetchedPage:
    """Return an answer's records as a page. `identify` gives a record's identity, and when it happened (microseconds)."""
    lines = lines_of(records)
    known = [identify(line) for line in lines]
    return FetchedPage(
        size=len(answer.body),
        sha256=sha256(answer.body).digest(),
        lines=lines,
        identities=[identity for identity, _ in known],
        times=[time for _, time in known],
        cursor=cursor,
    )


class LogSource(Protocol):
    """One vendor's API. Methods store nothing.

    All of them raise `VendorUnavailable`, `VendorRefused`, `ForeignHost`, `Stopped` and `CollectRefused`.
    """

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return the feeds to collect, each with whether the vendor started to record it only now."""
        ...

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the spans of a feed to query now, oldest first. An endless span is queried once and continued for ever."""
        ...

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield the answer to a query from its cursor on. The caller may stop and resume after any piece that it stored."""
        ...
