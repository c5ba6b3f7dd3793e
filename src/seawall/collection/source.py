"""What a vendor's API is to a collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from seawall.collection.collected_spans import Span
from seawall.collection.coverage import Painted
from seawall.collection.ledger import LedgerFeed, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.vendor_api.client import VendorUnavailable
from seawall.vendor_api.responses import digest_parts

ENDLESS = 1 << 60
"""The end of a question that has none."""

Knows = Callable[[str], bool]
"""Whether a blob is kept already, by its id."""


class PageTrail:
    """The places that the answer to one question has led to. None of them may come twice: that would have no end."""

    def __init__(self) -> None:
        self._met: set[bytes] = set()

    def follow(self, cursor: str) -> str:
        """Return the cursor. Raises Unavailable for one that was followed before."""
        digest = digest_parts(cursor.encode("utf-8", "replace"))
        if digest in self._met:
            raise VendorUnavailable("endless")
        self._met.add(digest)
        return cursor


class LogSource(Protocol):
    """One API. All three raise Unavailable, Refused, ForeignHost, Stopped and CollectRefused, and keep nothing by themselves."""

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        """Return what is collected, and of each whether the vendor began to keep it only now."""
        ...

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        """Return the spans of a feed to ask for now, the oldest first. An endless one is asked once and goes on for ever."""
        ...

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        """Yield what answers a question, from where its cursor says, so that keeping the pieces in turn loses nothing."""
        ...
