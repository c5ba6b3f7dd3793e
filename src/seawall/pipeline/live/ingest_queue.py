"""Accept request bodies: parse their records, wait until they are stored, and recognise repeated requests by key."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from seawall.events.event_table import empty_events
from seawall.events.failures import file_failure
from seawall.events.formats.empty_tables import is_foreign_header
from seawall.events.formats.growing_text import ReadPosition, first_place, read_piece
from seawall.events.formats.json_records import HEAD
from seawall.events.formats.limits import BODY
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import ProblemCode
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.live.errors import KeyReused, WatchBusy
from seawall.pipeline.live.watcher import LONGEST_WAIT, IngestReceipt
from seawall.pipeline.tail import DeliveryQueue, IntakeClosed, TailDelivery, stream_deliveries

MOST_KEYS = 50_000
"""Requests that are remembered by their idempotency key."""

KEPT_AS = "request/"
"""Prefix of stored receipts among the checkpoints."""

READERS = 2
"""Bodies that are parsed at the same time in this process; further ones wait."""

_PIECE = 4 << 20
"""Bytes of a body that are parsed at a time; other threads run in between."""

_ROOM_SECONDS = 5.0


Parse = Callable[[bytes, str], list[EventBatch]]
"""A function that returns the records of a body as batches, given a source name."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored request. `digest` is that of its body, None if it was stored by a version without digests."""

    receipt: IngestReceipt
    digest: str | None


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A request in progress; `ended` is set once it is stored or has failed."""

    ended: threading.Event
    digest: str | None


class IngestQueue:
    """Request bodies in progress. Threads may call `ingest` concurrently."""

    def __init__(self, intake: DeliveryQueue, parse: Parse | None = None, wait: float = LONGEST_WAIT) -> None:
        self._intake, self._wait = intake, wait
        self._parse: Parse = parse or _one_of(READERS)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Known] = OrderedDict()
        self._awaited: dict[str, _Awaited] = {}
        self._forgotten: dict[str, None] = {}
        self._is_closed = False

    def restore(self, checkpoint: Mapping[str, Mapping[str, Any]]) -> None:
        """Load the stored receipts."""
        found = [
            (value.get("at", 0), name.removeprefix(KEPT_AS), value)
            for name, value in checkpoint.items()
            if name.startswith(KEPT_AS)
        ]
        with self._lock:
            for _, name, value in sorted(found, key=lambda one: one[0]):
                receipt = IngestReceipt(name, int(value["records"]), int(value["problems"]), True)
                self._kept[name] = _Known(receipt, value.get("body"))

    def ingest(self, body: bytes, *, source: str, key: str | None, at: int) -> IngestReceipt:
        """Store the records of a body; see `Watcher.ingest`. `at` is the arrival time of the request, in microseconds."""
        name = uuid4().hex if key is None else _digest(key.encode("utf-8", "replace"))
        digest = None if key is None else _digest(body)
        known = self._begin(name, digest)
        if known is not None:
            return known
        has_room, delivery = False, None
        try:
            receipt, delivery, kept = self._read(body, source, name, at, digest)
            has_room = self._intake.put(delivery, _ROOM_SECONDS)
        except IntakeClosed:
            raise _stopping() from None
        finally:
            if not has_room:
                self._end(name, None, None)
                self._not_forgotten(delivery)
        if not has_room:
            raise WatchBusy("the queue of records is full", fix="send them again, a little later")
        if not self._wait_until(kept):
            # The request is still in progress: a repetition with its key waits for the same records.
            raise WatchBusy(
                f"the records were not stored within {self._wait:.0f} s",
                fix="send them again with the same key; they count once",
            )
        return receipt

    def close(self) -> None:
        """Stop all waiting; requests that are not stored by now fail."""
        self._is_closed = True

    def _wait_until(self, event: threading.Event) -> bool:
        """Wait for an event. Raises `WatchBusy` after the time limit, or when the queue is closed."""
        left = self._wait
        while left > 0 and not self._is_closed:
            if event.wait(min(left, 0.25)):
                return True
            left -= 0.25
        if self._is_closed and not event.is_set():
            raise _stopping()
        return event.is_set()

    def _begin(self, name: str, digest: str | None) -> IngestReceipt | None:
        """Return the receipt of a stored request, or None for a new one, which is now in progress.

        Raises `KeyReused` if the key came with another body: its records would be mistaken for those of the first.
        """
        with self._lock:
            known = self._kept.get(name)
            awaited = self._awaited.get(name)
            if known is None and awaited is None:
                self._awaited[name] = _Awaited(threading.Event(), digest)
                return None
        if known is not None:
            return _same(known, digest)
        if awaited is not None and awaited.digest != digest:
            raise _reuse()
        if awaited is not None and self._wait_until(awaited.ended):
            with self._lock:
                known = self._kept.get(name)
            if known is not None:
                return _same(known, digest)
        raise WatchBusy("the same request is still being stored", fix="send it again, a little later")

    def _end(self, name: str, receipt: IngestReceipt | None, digest: str | None) -> None:
        """End a request: remember its receipt, or forget it if it was not stored."""
        with self._lock:
            awaited = self._awaited.pop(name, None)
            if receipt is not None:
                self._kept[name] = _Known(receipt, digest)
                while len(self._kept) > MOST_KEYS:
                    self._forgotten[self._kept.popitem(last=False)[0]] = None
        if awaited is not None:
            awaited.ended.set()

    def _not_forgotten(self, delivery: TailDelivery | None) -> None:
        """Schedule the deletion of receipts again, because the delivery that should delete them is not stored."""
        changes = {} if delivery is None else delivery.changes
        names = [name.removeprefix(KEPT_AS) for name, value in changes.items() if value is None]
        with self._lock:
            self._forgotten |= dict.fromkeys(
                name for name in names if name not in self._kept and name not in self._awaited
            )

    def _read(
        self, body: bytes, source: str, name: str, at: int, digest: str | None
    ) -> tuple[IngestReceipt, TailDelivery, threading.Event]:
        batches = self._parse(body, source)
        records = sum(batch.records for batch in batches)
        problems = sum(problem.counts_as_record for batch in batches for problem in batch.problems)
        receipt, kept = IngestReceipt(name, records, problems), threading.Event()

        def done() -> None:
            again = IngestReceipt(name, records, problems, is_repeat=True)
            self._end(name, None if digest is None else again, digest)
            kept.set()

        changes: dict[str, Any] = {}
        if digest is not None:
            changes[KEPT_AS + name] = {"records": records, "problems": problems, "at": at, "body": digest}
            with self._lock:
                # the receipt was forgotten only in memory, and its request comes again
                self._forgotten.pop(name, None)
                changes |= dict.fromkeys((KEPT_AS + old for old in self._forgotten), None)
                self._forgotten = {}
        return receipt, TailDelivery(tuple(batches), changes, (done,)), kept


def _one_of(readers: int) -> Parse:
    """Return a parser for the calling threads, limited to so many at a time."""
    reading = threading.Semaphore(readers)

    def parse(body: bytes, source: str) -> list[EventBatch]:
        with reading:
            return batches_of(body, source, BODY)

    return parse


def batches_of(body: bytes, source: str, limits: Limits) -> list[EventBatch]:
    """Return every record of a body as batches, column by column if possible; a failure becomes a problem of the body."""
    try:
        return _batches_of(body, source, limits)
    except Exception as error:  # noqa: BLE001 - last resort
        return [EventBatch(empty_events(), (file_failure(source, error),), 0, 0)]


def _batches_of(body: bytes, source: str, limits: Limits) -> list[EventBatch]:
    if not body or body.isspace():
        return []
    place = first_place(body[:HEAD], limits, is_settled=True)
    if is_foreign_header(body):
        return [_refuse(source, "not-a-log", "a table without a row")]
    found: list[EventBatch] = []
    records = 0
    for batch in _read(body, place, source, limits):
        records += batch.records
        if records > limits.body_records:
            return [
                _refuse(
                    source,
                    "bomb",
                    f"more than {limits.body_records:,} records in one body: none of it was read",
                )
            ]
        found.append(batch)
    return found


def _read(body: bytes, place: ReadPosition | None, source: str, limits: Limits) -> Iterator[EventBatch]:
    """Yield the batches of a body, in pieces if its shape allows."""
    if place is None or place.shape == "whole":
        for delivery in stream_deliveries(io.BytesIO(body), source, limits):
            yield from delivery.batches
        return
    start, size, is_end = place.offset, _PIECE, False
    while not is_end:
        is_end = start + size >= len(body)
        batches, after = read_piece(body[start : start + size], place, source, limits, is_end=is_end)
        yield from batches
        size = _PIECE if after.offset > place.offset else 2 * size
        start, place = after.offset, after


def _refuse(source: str, code: ProblemCode, reason: str) -> EventBatch:
    return EventBatch(empty_events(), (file_problem(source, code, reason),), 0, 0)


def is_lines(body: bytes, limits: Limits) -> bool:
    """Return whether a body is JSON lines from its first byte, so that it can be parsed together with others."""
    place = first_place(body[:HEAD], limits, is_settled=True) if body and not body.isspace() else None
    return place is not None and place.shape == "lines" and place.offset == 0


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _same(known: _Known, digest: str | None) -> IngestReceipt:
    """Return the receipt of a stored request. Raises `KeyReused` if its body was another one."""
    if known.digest is not None and known.digest != digest:
        raise _reuse()
    return known.receipt


def _reuse() -> KeyReused:
    return KeyReused(
        "this Idempotency-Key was used with another body: nothing was stored",
        fix="use a new key for each body, and repeat a key only to repeat its body",
    )


def _stopping() -> WatchBusy:
    return WatchBusy("the watch is stopping", fix="send the records again once it runs")
