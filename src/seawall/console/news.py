"""Send news to every open stream: one database query serves all listeners.

It runs when the running watch reports a change, and twice a second anyway, because another program may be the watch.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from seawall.console.data.incident_values import SeverityName
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import SeawallError
from seawall_base.json_text import encode_json

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.database import Transaction

_log = logging.getLogger("seawall.console")

LOOK_SECONDS: Final = 0.5
SUMMARY_SECONDS: Final = 1.0
MOST_AT_ONCE: Final = 100
"""Incidents sent one by one; if more change at once, the summary's revision tells clients to reload."""

QUEUE: Final = 256
_REMEMBERED: Final = 20_000
_encoder: Final = msgspec.json.Encoder()


class IncidentNews(msgspec.Struct, frozen=True):
    """A new or changed incident. `new`: it was announced just now."""

    revision: int
    id: str
    tenant: str
    account: str
    severity: SeverityName
    title: str
    new: bool


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One encoded event of a stream."""

    event: str
    data: bytes
    id: int | None = None

    def lines(self) -> bytes:
        """Return the event in the text/event-stream format. Its JSON contains no line breaks."""
        head = f"event: {self.event}\n" + ("" if self.id is None else f"id: {self.id}\n")
        return head.encode("ascii") + b"data: " + self.data + b"\n\n"


@dataclass(eq=False)
class StreamListener:
    """One open stream. If its queue is full it is `behind` and ends; the browser reconnects and asks for the rest."""

    queue: asyncio.Queue[StreamEvent | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))

    def put(self, item: StreamEvent | None) -> None:
        """Queue an event, or None to end the stream."""
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


@dataclass(frozen=True, slots=True)
class NewsSnapshot:
    """The result of one query."""

    revision: int
    incidents: tuple[IncidentNews, ...]
    summary: Any


class NewsFeed:
    """All streams of the application."""

    def __init__(self, context: ConsoleContext, summarise: Callable[[ConsoleContext], Any] | None) -> None:
        self._context = context
        self._summarise = summarise
        self._listeners: set[StreamListener] = set()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._since = context.clock()
        self._revision: int | None = None
        self._summary_key = b""
        self._summary_at = 0.0
        self._health_key = b""
        self._last_summary: StreamEvent | None = None
        self._wake = asyncio.Event()
        self._is_closed = False

    def listen(self) -> StreamListener:
        """Register a new stream."""
        listener = StreamListener()
        if self._is_closed:
            listener.put(None)
        if self._last_summary is not None:
            listener.put(self._last_summary)
        self._listeners.add(listener)
        self._wake.set()
        return listener

    def leave(self, listener: StreamListener) -> None:
        """Unregister a stream."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream."""
        self._is_closed = True
        for listener in list(self._listeners):
            listener.put(None)

    def __len__(self) -> int:
        return len(self._listeners)

    def find_missed(self, after: int) -> list[StreamEvent]:
        """Return the events after a revision that a browser knows; waits for the database.

        If there are many, only the summary is returned.
        """
        with self._context.database.reading() as work:
            revision = work.incidents.revision()
            if not 0 <= after < revision:
                return []
            found = self._incidents(work, after)
        return [_item(news) for news in found]

    async def run(self) -> None:
        """Query repeatedly, for as long as the application runs."""
        loop = asyncio.get_running_loop()
        service = self._context.service
        leave = (
            service.subscribe(lambda _: loop.call_soon_threadsafe(self._wake.set))
            if service is not None
            else None
        )
        try:
            while not self._is_closed:
                await self._wait_for_news()
                if not self._listeners:
                    self._revision = None
                    continue
                await self._look_once(loop)
        finally:
            if leave is not None:
                leave()

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()
        await asyncio.sleep(0.05)  # several steps of one change are sent as one event

    async def _look_once(self, loop: asyncio.AbstractEventLoop) -> None:
        wants_summary = loop.time() - self._summary_at >= SUMMARY_SECONDS
        try:
            look = await asyncio.to_thread(self._look, wants_summary)
            self._tell(look, loop.time())
        except SeawallError:
            pass  # the database is unreachable: the next query may succeed
        except Exception as error:  # noqa: BLE001 - it must not end
            log_unexpected_error(_log, "stream", error)

    def _look(self, wants_summary: bool) -> NewsSnapshot:
        with self._context.database.reading() as work:
            revision = work.incidents.revision()
            before = self._revision
            changed = before is not None and revision > before
            incidents = tuple(self._incidents(work, before or 0)) if changed else ()
        summary = self._summarise(self._context) if wants_summary and self._summarise is not None else None
        return NewsSnapshot(revision, incidents, summary)

    def _incidents(self, work: Transaction, after: int) -> list[IncidentNews]:
        """Return the changed incidents that were announced; candidates below the budget are left out."""
        found = []
        for revision, id_ in work.incidents.changed_after(after, limit=MOST_AT_ONCE):
            row = work.incidents.row(id_)
            if row is None or not (row.raised or row.announced_at is not None):
                continue
            is_new = (
                row.announced_at is not None and row.announced_at >= self._since and id_ not in self._told
            )
            if is_new:
                self._told[id_] = None
                while len(self._told) > _REMEMBERED:
                    self._told.popitem(last=False)
            found.append(
                IncidentNews(
                    revision,
                    id_,
                    row.tenant,
                    row.account,
                    cast("SeverityName", row.severity),
                    row.title,
                    is_new,
                )
            )
        return found

    def _tell(self, look: NewsSnapshot, now: float) -> None:
        for news in look.incidents:
            self._put(_item(news))
        self._revision = look.revision
        if look.summary is None:
            return
        self._summary_at = now
        document = msgspec.to_builtins(look.summary)
        key = encode_json({name: value for name, value in document.items() if name != "now"})
        if key != self._summary_key:
            self._summary_key = key
            self._last_summary = StreamEvent("summary", encode_json(look.summary), look.revision)
            self._put(self._last_summary)
        health = _encoder.encode({"silent_sources": document.get("silent_sources", 0)})
        if health != self._health_key:
            if self._health_key:
                self._put(StreamEvent("health", health))
            self._health_key = health

    def _put(self, item: StreamEvent) -> None:
        for listener in list(self._listeners):
            listener.put(item)


def _item(news: IncidentNews) -> StreamEvent:
    return StreamEvent("incident", encode_json(news), news.revision)
