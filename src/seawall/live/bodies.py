"""Takes the bodies of requests: reads their records, waits until these are kept, and counts a repeated request once."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from seawall.errors import WatchBusy
from seawall.live.watcher import LONGEST_WAIT, Receipt
from seawall.sources import EventBatch, Limits
from seawall.sources.json_records import HEAD
from seawall.sources.pieces import first_place, read_piece
from seawall.watch import Closed, Delivery, Intake, stream_deliveries

MOST_KEYS = 50_000
"""Requests that are remembered by their key."""

KEPT_AS = "request/"
"""How the name of a kept receipt begins, among the checkpoints."""

READERS = 2
"""Bodies that are read at once; any number of others wait until theirs are kept."""

_ROOM_SECONDS = 5.0


Parse = Callable[[bytes, str], list[EventBatch]]
"""Gives every record of a body, filed under a source."""


class Bodies:
    """Bodies on their way. Any number of threads may call `ingest`."""

    def __init__(self, intake: Intake, parse: Parse | None = None, wait: float = LONGEST_WAIT) -> None:
        self._intake, self._wait = intake, wait
        self._parse: Parse = parse or (lambda body, source: batches_of(body, source, Limits()))
        self._lock = threading.Lock()
        self._reading = threading.Semaphore(READERS)
        self._kept: OrderedDict[str, Receipt] = OrderedDict()
        self._awaited: dict[str, threading.Event] = {}
        self._forgotten: list[str] = []
        self._is_closed = False

    def restore(self, checkpoint: Mapping[str, Mapping[str, Any]]) -> None:
        """Know the requests that were kept."""
        found = [
            (value.get("at", 0), name.removeprefix(KEPT_AS), value)
            for name, value in checkpoint.items()
            if name.startswith(KEPT_AS)
        ]
        with self._lock:
            for _, name, value in sorted(found, key=lambda one: one[0]):
                self._kept[name] = Receipt(name, int(value["records"]), int(value["problems"]), True)

    def ingest(self, body: bytes, *, source: str, key: str | None, at: int) -> Receipt:
        """See `Watcher.ingest`; `at` is when the request came, in microseconds."""
        name = uuid4().hex if key is None else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
        known = self._begun(name)
        if isinstance(known, Receipt):
            return known
        has_room = False
        try:
            with self._reading:
                receipt, delivery, kept = self._read(body, source, name, at, is_keyed=key is not None)
            has_room = self._intake.put(delivery, _ROOM_SECONDS)
        except Closed:
            raise _stopping() from None
        finally:
            if not has_room:
                self._end(name, None)
        if not has_room:
            raise WatchBusy(
                "there is no room for more records just now", fix="send them again, a little later"
            )
        if not self._waited(kept):
            # It is still on its way: whoever asks again with its key waits for the same records.
            raise WatchBusy(
                f"the records were not kept within {self._wait:.0f} s",
                fix="send them again with the same key; they count once",
            )
        return receipt

    def close(self) -> None:
        """Let nobody wait any longer: what is not kept by now will not be."""
        self._is_closed = True

    def _waited(self, event: threading.Event) -> bool:
        """Wait for an event, but not beyond the end. Raises `WatchBusy` then."""
        left = self._wait
        while left > 0 and not self._is_closed:
            if event.wait(min(left, 0.25)):
                return True
            left -= 0.25
        if self._is_closed and not event.is_set():
            raise _stopping()
        return event.is_set()

    def _begun(self, name: str) -> Receipt | None:
        """What is known of a request: its receipt; None when it is a new one, which counts as begun from now on."""
        with self._lock:
            if name in self._kept:
                return self._kept[name]
            event = self._awaited.get(name)
            if event is None:
                self._awaited[name] = threading.Event()
                return None
        if self._waited(event):
            with self._lock:
                if name in self._kept:
                    return self._kept[name]
        raise WatchBusy("the same request is still being kept", fix="send it again, a little later")

    def _end(self, name: str, receipt: Receipt | None) -> None:
        """A request is kept and to be remembered, or not."""
        with self._lock:
            event = self._awaited.pop(name, None)
            if receipt is not None:
                self._kept[name] = receipt
                while len(self._kept) > MOST_KEYS:
                    self._forgotten.append(self._kept.popitem(last=False)[0])
        if event is not None:
            event.set()

    def _read(
        self, body: bytes, source: str, name: str, at: int, *, is_keyed: bool
    ) -> tuple[Receipt, Delivery, threading.Event]:
        batches = self._parse(body, source)
        records = sum(batch.records for batch in batches)
        problems = sum(problem.counts_as_record for batch in batches for problem in batch.problems)
        receipt, kept = Receipt(name, records, problems), threading.Event()

        def done() -> None:
            self._end(name, Receipt(name, records, problems, is_repeat=True) if is_keyed else None)
            kept.set()

        changes: dict[str, Any] = {}
        if is_keyed:
            changes[KEPT_AS + name] = {"records": records, "problems": problems, "at": at}
            with self._lock:
                changes |= dict.fromkeys((KEPT_AS + old for old in self._forgotten), None)
                self._forgotten = []
        return receipt, Delivery(tuple(batches), changes, (done,)), kept


def batches_of(body: bytes, source: str, limits: Limits) -> list[EventBatch]:
    """Every record of a body, lines at once and column by column where that pays."""
    if not body.strip():
        return []
    place = first_place(body[:HEAD], limits, is_settled=True)
    if place is not None and place.shape != "whole":
        return read_piece(body[place.offset :], place, source, limits, is_end=True)[0]
    return [
        batch
        for delivery in stream_deliveries(io.BytesIO(body), source, limits)
        for batch in delivery.batches
    ]


def _stopping() -> WatchBusy:
    return WatchBusy("the watch is stopping", fix="send the records again once it runs")
