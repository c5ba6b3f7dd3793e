"""Run one pass over a vendor's API: finish open queries, make those that are due, and store answers as they arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from seawall.collection.collected_spans import folder_of
from seawall.collection.ledger import LedgerFeed, LedgerWriter, PendingQuery
from seawall.collection.piece import FetchedPage
from seawall.collection.source import LogSource
from seawall.collection.windows import DAY, SECOND
from seawall.vendor_api.client import VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.error_advice import advice
from seawall_base.clock import Clock, Stopped
from seawall_base.http_client import ForeignHost

BATCH_BYTES = 32 * 1024 * 1024
BATCH_RECORDS = 50_000
BATCH_PIECES = 2_000
BATCH_WAIT = 10 * SECOND
"""Limits of a batch, by bytes, records, pieces and age in microseconds. A batch is one file and one transaction."""

MOST_FAILED = 2
"""Consecutive failed queries after which a feed waits for the next pass."""

KEPT = 400 * DAY
"""Age up to which the ledger holds queries, answers and files individually; older ones are summed up."""

CURSOR_FORGOTTEN = frozenset({400, 404, 410})
"""HTTP statuses by which a vendor says that a cursor is no longer valid."""

MOST_ROUNDS = 3
"""Times that a pass starts again because the vendor forgot a cursor."""


class _Forgotten(Exception):
    """The vendor forgot the cursor of a query."""


@dataclass(slots=True)
class PassOutcome:
    """The result of a pass: records and pieces; feeds that are unfinished or refused, with the reason."""

    records: int = 0
    pieces: int = 0
    waiting: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether all queries were answered."""
        return not self.waiting and not self.refused


class CollectionPass:
    """Run passes over one vendor's API. `report` receives messages for the operator during a pass."""

    def __init__(
        self,
        vendor: str,
        source: LogSource,
        clients: Sequence[VendorClient],
        book: LedgerWriter,
        clock: Clock,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._vendor, self._source, self._clients = vendor, source, clients
        self._book, self._clock, self._report = book, clock, report
        for client in clients:
            client.report_wait = report

    def once(self) -> PassOutcome:
        """Run one pass. Raises `Stopped`, `CollectRefused`, `CollectionBroken` and `OutputUnwritable`; none loses records."""
        outcome = PassOutcome()
        self._book.settle()
        try:
            feeds = self._source.feeds(self._now())
        except VendorUnavailable as error:
            outcome.waiting["all"] = error.code
            return outcome
        except (VendorRefused, ForeignHost) as error:
            outcome.refused["all"] = _describe(error)
            return outcome
        # All feeds are stored before one is queried, so that an interruption moves no feed's begin.
        for feed, is_new, number, begin in [(*one, *self._book.feed(one[0])) for one in feeds]:
            self._collect_feed(feed, is_new, number, begin, outcome)
        self._book.only([feed.name for feed, _ in feeds], self._now())
        return outcome

    def _collect_feed(
        self, feed: LedgerFeed, is_new: bool, number: int, begin: int, outcome: PassOutcome
    ) -> None:
        """Query one feed. Its failures do not keep other feeds waiting."""
        painted = self._book.coverage(number)
        if is_new and painted:
            self._book.miss(number, max(end for _, end, _ in painted), self._now(), "subscription-was-off")
        try:
            self._collect_rounds(feed.name, number, begin, outcome)
        finally:
            self._book.count(number, self._counts(), self._now())
        self._book.prune(number, feed, self._now(), self._now() - KEPT)
        if why := outcome.waiting.get(feed.name) or outcome.refused.get(feed.name):
            self._report(f"{feed.name}: {why}: {advice(why)}")

    def _collect_rounds(self, feed: str, number: int, begin: int, outcome: PassOutcome) -> None:
        """Finish open queries, then make those that are due; repeat if the vendor forgot a cursor."""
        for _ in range(MOST_ROUNDS):
            if not self._collect_round(feed, number, begin, outcome):
                return
        outcome.waiting[feed] = "cursor-forgotten"

    def _collect_round(self, feed: str, number: int, begin: int, outcome: PassOutcome) -> bool:
        """Run the queries that are due; return whether a cursor was forgotten. Stop after `MOST_FAILED` consecutive
        failures.
        """
        failures = 0
        is_forgotten = False
        for ask in self._due_queries(number, begin):
            try:
                self._answer_query(feed, ask, outcome)
                failures = 0
            except _Forgotten:
                is_forgotten = True
            except VendorUnavailable as error:
                outcome.waiting[feed], failures = error.code, failures + 1
            except (VendorRefused, ForeignHost) as error:
                outcome.refused[feed], failures = _describe(error), failures + 1
            if failures >= MOST_FAILED:
                return False
        return is_forgotten

    def _due_queries(self, number: int, begin: int) -> Iterator[PendingQuery]:
        yield from self._book.open_asks(number)
        waiting = self._book.open_asks(number)
        for start, end in self._source.spans(begin, self._book.coverage(number), self._now()):
            if not any(ask.start <= start and end <= ask.end for ask in waiting):
                yield self._book.ask(number, start, end, self._now())

    def _answer_query(self, feed: str, ask: PendingQuery, outcome: PassOutcome) -> None:
        try:
            self._fetch(feed, ask, outcome)
        except _Forgotten:
            # Stored answers stay, the whole span becomes due again, and known records are skipped.
            self._book.give_up(ask, "restarted", self._now())
            raise
        except (VendorRefused, ForeignHost):
            self._book.give_up(ask, "refused", self._now())
            raise

    def _fetch(self, feed: str, ask: PendingQuery, outcome: PassOutcome) -> None:
        batch: list[FetchedPage] = []
        size = records = 0
        since = self._clock.now()
        cursor = ask.cursor
        try:
            for piece in self._source.fetch(feed, ask, lambda content: self._book.knows(ask.feed, content)):
                batch.append(piece)
                cursor = piece.cursor
                size, records = size + sum(map(len, piece.lines)), records + len(piece.lines)
                is_old = self._clock.now() - since >= BATCH_WAIT
                if size >= BATCH_BYTES or records >= BATCH_RECORDS or len(batch) >= BATCH_PIECES or is_old:
                    self._store(feed, ask, batch, outcome)
                    batch, size, records, since = [], 0, 0, self._clock.now()
                if self._clock.stop.is_set():
                    raise Stopped
        except VendorRefused as refused:
            if cursor is not None and refused.status in CURSOR_FORGOTTEN:
                raise _Forgotten from None
            raise
        finally:
            if batch:
                self._store(feed, ask, batch, outcome)

    def _store(self, feed: str, ask: PendingQuery, batch: list[FetchedPage], outcome: PassOutcome) -> None:
        prefix = folder_of(self._vendor, self._book.tenant, feed)
        outcome.records += self._book.keep(ask, batch, self._clock.now(), prefix, self._counts())
        outcome.pieces += sum(piece.state == "came" for piece in batch)

    def _counts(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for client in self._clients:
            counts.update(client.counts())
        return dict(counts)

    def _now(self) -> int:
        """Return the current time in whole seconds, the precision of vendors' filters."""
        return self._clock.now() // SECOND * SECOND


def _describe(error: VendorRefused | ForeignHost) -> str:
    return str(error) if isinstance(error, VendorRefused) else "elsewhere"
